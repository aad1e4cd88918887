// What is known of one of the agent's calls. No DOM.

import { lastDigits } from "./numbers.js";

/** @typedef {import("./call.js").Call} Call */
/** @typedef {import("./commands.js").CommandResult} CommandResult */
/** @typedef {import("./notes.js").Notes} Notes */
/** @typedef {import("./types.d.ts").CallbackCustomer} CallbackCustomer */
/** @typedef {import("./types.d.ts").LookupResult} LookupResult */
/** @typedef {import("./types.d.ts").SourceAnswers} SourceAnswers */
/** @typedef {import("./types.d.ts").Match} Match */
/** @typedef {import("./types.d.ts").ReportAcknowledgement} ReportAcknowledgement */

/**
 * `number` is the customer's, as the service found it on the call.
 * @typedef {{status: "looking" | "slow"} | {status: "failed", error: unknown}
 *   | {status: "found", number: string, result: LookupResult}} LookupState
 */
/**
 * @typedef {object} VariableWrite
 * @property {string} value
 * @property {"saving" | "saved" | "truncated" | "unchanged" | "busy" | "failed"} status
 * @property {string} [kept] the part that Finesse kept
 * @property {CommandResult} [result]
 */

/** @param {Call} call */
const isConversation = ({ phase }) => phase === "talking" || phase === "held";

/** Return whether no contact source answered. @param {LookupResult} result */
export function haveAllSourcesFailed({ sources }) {
  const statuses = Object.values(sources);
  return statuses.length > 0 && !statuses.includes("ok") && !statuses.includes("pending");
}

/** Return the names of the sources with one of these statuses. @param {SourceAnswers} result
 * @param {string[]} statuses */
export const sourcesThatAre = ({ sources }, ...statuses) =>
  Object.keys(sources).filter((name) => statuses.includes(sources[name]));

/** Return the names of the sources that have not answered, so that contacts may be missing.
 * @param {SourceAnswers} result */
export const missingSources = (result) => sourcesThatAre(result, "late", "failed", "skipped");

/** What is known of one call. */
export class CallState {
  /** The service's last answer to a report of this call. @type {ReportAcknowledgement | null} */
  acknowledgement = null;
  /** @type {LookupState} */
  lookup = { status: "looking" };
  /** Whose record it is: the only match, or the one that the agent chose. @type {Match | null} */
  match = null;
  /** The entries of number lists that warn of the caller. @type {import("./types.d.ts").ListWarning[]} */
  listWarnings = [];
  /** Whether the agent said that the caller is not the contact that was found. */
  isRejected = false;
  /** What the agent chose, until the service has it. @type {{match: Match | null} | null} */
  unsentChoice = null;
  /** Ends when the choice that is on its way to the service has arrived or failed.
   * @type {Promise<void> | null} */
  sending = null;
  /** Whether the agent has begun to fill in a new contact. */
  isContactEdited = false;
  /** What the agent has filled in, by field. @type {Record<string, string>} */
  contactDraft = {};
  /** When the card said that closing discards the new contact, in milliseconds; 0 before. */
  discardAskedAt = 0;
  /** Whether a dialer offers the call, or has offered it before it ended. */
  isPreview = false;
  /** The last command that failed, until the next one. @type {CommandResult | null} */
  failure = null;
  /** The last confirmed action, if the call itself does not show it. */
  confirmedAction = "";
  /** Of a consult: the call that it is about, as far as is known. */
  customerCallId = "";
  /** Whether the call began as another agent's consult: this agent may have the customer now. */
  wasConsulted = false;
  /** Whom the agent consulted, by the last digits of the number. @type {Map<string, string>} */
  #targetNames;
  /** The queue of the earlier call that this one continues. */
  #queue = "";
  /** How many others were on the line when the agent was last on it. */
  #othersBefore = 0;
  /** The customer's address on the line; empty until they were on it. */
  #customerAddress = "";
  /** Of a consult: whom the agent transferred the customer to meanwhile. */
  customerTransferredTo = "";
  /** The callback that the call is about, with what the agent noted when they promised it.
   * @type {import("./types.d.ts").Callback | null} */
  callback = null;
  /** Whom the agent transferred the call to. */
  transferredTo = "";
  /** When the agent began to talk, in server milliseconds; NaN before. */
  talkingSince = NaN;
  /** When the call ended, in server milliseconds. */
  endedAt = NaN;
  /** Call variables that the agent wrote, by name. @type {Map<string, VariableWrite>} */
  writes = new Map();
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  lookupTimer;

  /** @param {Call} call @param {Notes} notes @param {Map<string, string>} [targetNames] */
  constructor(call, notes, targetNames = new Map()) {
    this.#targetNames = targetNames;
    this.notes = notes;
    this.call = call;
    this.isPreview = call.isPreview;
    this.#noteCustomer();
    // A call that is found when the page loads has been on for longer than its present state.
    if (isConversation(call)) this.talkingSince = call.joined;
  }

  /** Take the call as it is now. @param {Call} call */
  update(call) {
    // The error of the last command is about a state that is over.
    if (call.state !== this.call.state) this.failure = null;
    if (call.phase === "ended" && !this.hasEnded) this.endedAt = call.since;
    // The final event does not list the consulting agent: without them it looks like a customer's
    // call.
    const isEnded = call.phase === "ended";
    const consultant = call.consultant || (isEnded ? this.call.consultant : "");
    this.call = { ...call, consultant, queue: call.queue || this.#queue };
    this.#noteCustomer();
    this.isPreview = call.isPreview || (this.isPreview && !isConversation(call));
    if (Number.isNaN(this.talkingSince) && isConversation(call)) this.talkingSince = call.since;
  }

  /** Take the agent's choice: whose call it is, or nobody's of those found. @param {Match | null} match */
  decide(match) {
    this.match = match;
    this.isRejected = !match;
    this.unsentChoice = { match };
  }

  /**
   * Continue an ended call under this id: take over its notes, what was filled in of a new contact
   * and, if it was the customer's and overlapped this one, its queue and talking time. Return false
   * while that can't be taken over.
   * @param {CallState} ended
   */
  takeOver(ended) {
    const { isContactEdited, contactDraft } = ended;
    if (isContactEdited && (this.match || this.isContactEdited)) return false;
    if (!this.notes.takeOver(ended.notes)) return false;
    if (isContactEdited)
      Object.assign(this, { isContactEdited, contactDraft, lookup: { ...this.lookup } });
    const wasOnBothCalls = this.talkingSince <= ended.endedAt; // not a customer who came back later
    if (ended.isWithCustomer && wasOnBothCalls) {
      this.#queue = ended.call.queue;
      this.talkingSince = ended.talkingSince;
      this.update(this.call);
    }
    return true;
  }

  get id() {
    return this.call.id;
  }

  get hasEnded() {
    return this.call.phase === "ended";
  }

  /** Whether the agent left a conference in which others went on. */
  get hasLeftOthers() {
    return this.hasEnded && this.#othersBefore > 1 && this.call.others.length > 1;
  }

  /** Who passed the call on to this agent, by name; empty if nobody did, or it is not known. */
  get transferredBy() {
    const { isTransferred, others } = this.call;
    const left = this.notes.colleagues.filter(({ extension }) => !others.includes(extension));
    return isTransferred ? (left.at(-1)?.name ?? "") : "";
  }

  /** Whether it is no consult of this agent or with them. */
  get isWithCustomer() {
    return !this.call.isConsult && !this.call.consultant;
  }

  /** Whether a customer's case is talked about: such calls have notes and reasons to finish. */
  get isForCustomer() {
    return this.isWithCustomer && !this.isInternal;
  }

  #noteCustomer() {
    const { others, number } = this.call;
    // After a consult was merged, `number` may be an agent's; the service may use another notation.
    const customer = [this.acknowledgement?.number ?? "", number].find(
      (each) => others.includes(each) && !this.agentName(each),
    );
    if (customer && this.isWithCustomer) this.#customerAddress = customer;
    if (!this.hasEnded) this.#othersBefore = this.call.others.length;
  }

  /** Whether the customer has left, and others are still on the line. */
  get hasCustomerLeft() {
    const { phase, others } = this.call;
    const isOn = phase === "talking" || phase === "held";
    // With a colleague, the call began before the customer was joined to it.
    const customer = this.agentName(this.#customerAddress) ? "" : this.#customerAddress;
    // An agent who joined after the customer left has never had their address.
    const wasLeft = this.isWithCustomer && Boolean(this.notes.interaction?.customer_left);
    const hasLeft = customer ? !others.includes(customer) : wasLeft;
    return isOn && hasLeft && others.length > 0;
  }

  /** Whether another agent's consult ended before this agent answered it. */
  get isMissedConsult() {
    return this.hasEnded && Boolean(this.call.consultant) && Number.isNaN(this.talkingSince);
  }

  /** Whether the first answer about the caller is awaited. */
  get isLooking() {
    return this.lookup.status === "looking" || this.lookup.status === "slow";
  }

  /** Whether the service has the call, but not yet the contact that the agent chose. */
  get lacksChoice() {
    return Boolean(this.notes.interaction && this.unsentChoice);
  }

  /**
   * Whether closing the call would lose something: typed text, a chosen contact, or a wrap-up reason
   * that is still required.
   */
  get hasUnsavedWork() {
    const isUnsaved = this.notes.isUnsaved && this.notes.status !== "too-late";
    return this.isContactEdited || this.lacksChoice || isUnsaved || this.lacksReason;
  }

  /** Whether the call has been answered, or the agent has written about it, as of a mailbox. */
  get isToBeFinished() {
    const hasContent = !Number.isNaN(this.talkingSince) || this.notes.text !== "";
    return this.isForCustomer && hasContent;
  }

  /**
   * Whether the call stays in view until the agent closes it or the time for its notes is over.
   */
  get needsFinishing() {
    const { interaction, isClosed, isUnsaved } = this.notes;
    const isOpen = interaction ? !interaction.finished && !isClosed : isUnsaved;
    return this.hasEnded && isOpen && this.isToBeFinished;
  }

  /** Whether nothing is left to do on it, and the agent does not type in it just now. */
  get isDone() {
    return !this.hasUnsavedWork && !this.needsFinishing && !this.notes.isInUse;
  }

  /** Whether somebody calls the agent, who has not answered yet. */
  get isRinging() {
    return this.call.phase === "ringing" && this.call.direction === "in";
  }

  /**
   * Whether a record that the agent finds may be the caller's. Once a call whose caller is known is
   * over, they search for something else.
   */
  get mayGetContact() {
    return !this.call.isConsult && !(this.hasEnded && this.match);
  }

  /** Whether the other side is an agent, as far as is known. */
  get isInternal() {
    return this.lookup.status === "found" && this.lookup.result.number.kind === "internal";
  }

  /** Whether the call has brought a number that can be called back. */
  get #isReachable() {
    const kind = this.lookup.status === "found" ? this.lookup.result.number.kind : "public";
    return kind === "public" || kind === "internal";
  }

  /** Return an agent's name, if they are on this call and known. @param {string} extension */
  agentName(extension) {
    const { notes = [] } = this.notes.interaction ?? {};
    return notes.find((each) => each.extension === extension)?.name ?? "";
  }

  /** Return who has an address of this call: an agent, or whom this agent chose to consult. @param {string} address */
  nameOf(address) {
    return this.agentName(address) || (this.#targetNames.get(lastDigits(address)) ?? "");
  }

  /** Whether a wrap-up reason is required that can still be chosen. */
  get lacksReason() {
    const { notes } = this;
    return notes.lacksReason && this.isForCustomer && !notes.isClosed;
  }

  /**
   * Whom a callback from this call would be for; null if they have no number.
   * @returns {CallbackCustomer | null}
   */
  get customerToCallBack() {
    if (this.#isReachable) return this.customer;
    const [first] = this.match?.contact.numbers ?? [];
    return first
      ? { ...this.customer, number: first.e164 ?? first.number, display: first.number }
      : null;
  }

  /** Who the customer is, as far as is known. @returns {CallbackCustomer} */
  get customer() {
    const found = this.lookup.status === "found" ? this.lookup : null;
    const contact = this.match?.contact;
    return {
      number: found?.number || this.call.number,
      display: found ? found.result.number.display || found.number : "",
      name: contact ? contact.name || contact.company : "",
      contact: contact ? `${contact.source}/${contact.id}` : "",
      timeZone: found?.result.number.time_zone ?? "",
      note: this.notes.text.trim(),
    };
  }
}
