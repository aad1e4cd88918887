// The agent's calls as one gadget knows them: each with its look-up, contact, notes and the
// service's acknowledgement. Subscribers are called on every change; nothing here draws. No DOM.

import { isOtherCall, readCall, readReport } from "./call.js";
import { CallContacts } from "./call-contacts.js";
import { CallState, haveAllSourcesFailed, sourcesThatAre } from "./call-state.js";
import { consultedCallId } from "./consults.js";
import { Notes } from "./notes.js";
import { CallReporter } from "./reporter.js";

/** @typedef {import("./api.js").Api} Api */
/** @typedef {import("./call.js").Call} Call */
/** @typedef {import("./types.d.ts").CallReport} CallReport */
/** @typedef {import("./types.d.ts").DialogData} DialogData */
/** @typedef {import("./types.d.ts").Interaction} Interaction */
/** @typedef {import("./types.d.ts").ReportAcknowledgement} ReportAcknowledgement */

/**
 * `opened`, `answered`, `updated`, `ended` and `closed` follow the call; `caller`: who it is has
 * become known; `changed`: anything else.
 * @typedef {"opened" | "answered" | "updated" | "ended" | "closed" | "caller" | "changed"} ChangeType
 * @typedef {{type: ChangeType, state: CallState}} Change
 */

/** Milliseconds until a look-up counts as slow. */
export const SLOW_LOOKUP_MS = 1500;
/** And until a caller is looked up again if no contact source answered. */
export const FAILED_LOOKUP_MS = 15_000;

export class CallsModel {
  /** By the calls' ids, in the order of their arrival. @type {Map<string, CallState>} */
  calls = new Map();
  /** The call that rang, was answered or ended last: a workflow's event does not name the one that
   * triggered it. @type {CallState | undefined} */
  triggered;
  /** The dialogs of the calls that are on. @type {Map<string, DialogData>} */
  #dialogs = new Map();
  /** The calls that the agent closed during Finesse's wrap-up. @type {Set<string>} */
  #closed = new Set();
  /** The interactions on which another agent consulted this one. @type {Set<string>} */
  #consulted = new Set();
  /** @type {Set<(change: Change) => void>} */
  #listeners = new Set();
  #api;
  #agentId;
  #drafts;
  #unfinished;
  #now;
  #reporter;

  /**
   * @param {object} options
   * @param {Pick<Api, "report" | "updateInteraction" | "interaction">} options.api
   * @param {string} options.agentId
   * @param {string} options.tab names this browser tab, the same after a reload
   * @param {Storage} options.storage keeps reports that are not acknowledged
   * @param {import("./notes.js").Drafts} options.drafts keeps notes that are not saved
   * @param {import("./unfinished-calls.js").UnfinishedCalls} options.unfinished keeps calls for a reload
   * @param {() => number} [options.now] the server's clock, in milliseconds
   */
  constructor({ api, agentId, tab, storage, drafts, unfinished, now = () => Date.now() }) {
    this.#api = api;
    this.#agentId = agentId;
    this.#drafts = drafts;
    this.#unfinished = unfinished;
    this.#now = now;
    /** Whose calls they are. */
    this.contacts = new CallContacts(this.calls, now, (type, state) => this.notify(type, state));
    this.#reporter = new CallReporter({
      send: (report, lookup) => this.#sendReport(report, lookup),
      onAnswer: (id, answer, error) => this.#onAnswer(id, answer, error),
      storage,
      agentId,
      tab,
    });
  }

  /** Call `listener` on every change, until the result is called. @param {(change: Change) => void} listener */
  subscribe(listener) {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** The calls that are not over. */
  get running() {
    return [...this.calls.values()].filter((state) => !state.hasEnded);
  }

  /**
   * Take the dialogs that the agent has now.
   * @param {DialogData[]} dialogs @param {string} extension the agent's own
   */
  update(dialogs, extension) {
    this.#dialogs = new Map(dialogs.map((dialog) => [dialog.id, dialog]));
    for (const dialog of dialogs) {
      const call = readCall(dialog, extension);
      let state = this.calls.get(call.id);
      if (state && isOtherCall(state.call, call)) {
        this.close(call.id); // Finesse uses the id again; the old call's end was lost
        state = undefined;
      }
      // During wrap-up: its card was closed, or is brought back with its notes after a reload.
      const isOver = !state && call.phase === "ended";
      const isClosed = isOver && (this.#closed.has(call.id) || this.#unfinished.has(call.id));
      const lookup = state ? state.call.isConsult && !call.isConsult : !isClosed;
      const opened = state || isClosed ? null : this.#add(call);
      if (state) {
        const wasRinging = state.call.phase === "ringing";
        state.update(call);
        if (wasRinging && call.phase === "talking") this.notify("answered", state);
        if (lookup) this.#startLookup(state); // the consult has become a call with the customer
        this.notify("updated", state);
      }
      // Before a new call is drawn: that takes longer than until the request has left.
      this.#reporter.report(readReport(dialog, false), lookup);
      if (opened) this.#open(opened);
    }
    this.#closeContinued();
  }

  /** Close the card of a call that goes on under another id, as after a consult; its notes go on. */
  #closeContinued() {
    for (const ended of [...this.calls.values()]) {
      if (!ended.hasEnded || ended.lacksReason) continue;
      const cards = this.cardsOf(ended.notes.interaction?.id);
      const next = cards.find((each) => !each.hasEnded && each.isWithCustomer);
      if (next?.takeOver(ended)) this.close(ended.id);
    }
  }

  /** Return the cards of an interaction. @param {string | undefined} id */
  cardsOf(id) {
    return [...this.calls.values()].filter(({ notes }) => id && notes.interaction?.id === id);
  }

  /**
   * Take a dialog off: its call stays in view until the next one, as there may be notes to write.
   * @param {DialogData} dialog
   */
  end(dialog) {
    const { id } = dialog;
    // Finesse's last message may hold less than the one before.
    const last = dialog.participants ? dialog : { ...this.#dialogs.get(id), ...dialog };
    this.#reporter.report(readReport(last, true));
    this.#dialogs.delete(id);
    this.#closed.delete(id);
    const state = this.calls.get(id);
    if (!state) return;
    state.call = { ...state.call, phase: "ended", actions: [] };
    if (Number.isNaN(state.endedAt)) state.endedAt = this.#now();
    this.#unfinished.update(state);
    this.notify("ended", state);
    // Nothing is to be written on a consult, whose notes are those of the customer's call, and on a
    // preview, after which the customer is called or not.
    if (state.call.isConsult || state.isPreview || this.running.length) this.#closeIfDone(state);
    this.#closeContinued();
  }

  /** End a call of whose end no event came. @param {string} id */
  endLost(id) {
    const dialog = this.#dialogs.get(id);
    if (dialog) this.end(dialog);
  }

  /** Remove the ended calls on which nothing is left to do. */
  closeDone() {
    for (const state of [...this.calls.values()]) if (state.hasEnded) this.#closeIfDone(state);
  }

  /** @param {CallState} state */
  #closeIfDone(state) {
    if (state.isDone) this.close(state.id);
  }

  /** Remove a call. @param {string} id */
  close(id) {
    const state = this.calls.get(id);
    if (!state) return;
    clearTimeout(state.lookupTimer);
    state.notes.dispose();
    this.calls.delete(id);
    if (state.isPreview) this.contacts.keepPreview(state);
    this.#unfinished.drop(id);
    if (this.#dialogs.has(id)) this.#closed.add(id);
    this.#reporter.forget(id);
    this.notify("closed", state);
  }

  /** Report the agent's state with the calls. @param {string} state @param {string} since */
  setAgentState(state, since) {
    this.#reporter.setAgentState(state, since);
  }

  /** Report every running call, so that the service knows that it is still followed. */
  heartbeat() {
    this.#reporter.heartbeat();
    // No report of this agent's brings what others do with a call that ended here: they go on with
    // it after a transfer, even one whose end was reported before they answered.
    for (const state of this.calls.values())
      if (state.needsFinishing) void this.readInteraction(state);
  }

  /** Ask where the customer is whom this agent is consulted about: their own desktop does not see it. */
  readConsults() {
    for (const state of this.running) if (state.call.consultant) void this.readInteraction(state);
  }

  /**
   * Read what the service has of a call, if it answers and nothing is changed meanwhile.
   * @param {CallState} state
   */
  async readInteraction(state) {
    const { interaction, changes } = state.notes;
    if (!interaction) return; // the answer to its report brings it
    try {
      const read = await this.#api.interaction(interaction.id);
      // What was changed meanwhile is newer.
      if (state.notes.changes === changes) state.notes.update(read);
    } catch {
      // the next heartbeat asks again; what the service does not answer, it does not save either
    }
  }

  /**
   * Bring back an ended call, as it was when the page was left; null if nothing is left to finish.
   * @param {import("./unfinished-calls.js").UnfinishedCall} unfinished
   */
  restore({ call, interaction, listWarnings, transferredTo, talkingSince, endedAt }) {
    const known = this.calls.get(call.id);
    if (known) return known.hasEnded ? known : null;
    const state = this.#newState({ ...call, phase: "ended", actions: [] });
    state.listWarnings = listWarnings ?? []; // an earlier release has not kept them
    state.transferredTo = transferredTo;
    state.talkingSince = talkingSince ?? NaN;
    state.endedAt = endedAt ?? NaN;
    if (interaction) state.notes.update(interaction);
    if (!state.needsFinishing && !state.notes.isUnsaved) return null;
    this.calls.set(call.id, state);
    this.notify("opened", state);
    return state;
  }

  /** Ask again who is calling. @param {string} id */
  retryLookup(id) {
    const state = this.calls.get(id);
    if (!state || !this.#dialogs.has(id)) return;
    this.#startLookup(state);
    this.notify("changed", state);
    this.#lookUpAgain(id);
  }

  /**
   * Look up again who calls, while the card shows what is known.
   * @param {string} id @param {import("./reporter.js").LookupWish} [lookup]
   */
  #lookUpAgain(id, lookup = true) {
    const dialog = this.#dialogs.get(id);
    if (dialog) this.#reporter.report(readReport(dialog, false), lookup);
  }

  /** Look up again who calls, where the service did not answer. */
  retryFailedLookups() {
    for (const { id, lookup } of this.running) if (lookup.status === "failed") this.retryLookup(id);
  }

  /** Notify the subscribers of a change. @param {ChangeType} type @param {CallState} state */
  notify(type, state) {
    if (["opened", "answered", "ended"].includes(type)) this.triggered = state;
    for (const listener of this.#listeners) listener({ type, state });
  }

  /** @param {Call} call */
  #add(call) {
    const state = this.#newState(call);
    this.calls.set(call.id, state);
    if (call.isConsult) state.customerCallId = consultedCallId(this.running);
    else this.#startLookup(state);
    return state;
  }

  /** @param {CallState} state */
  #open(state) {
    const { call } = state;
    for (const each of this.calls.values()) if (each.isPreview) this.contacts.keepPreview(each);
    if (!call.isConsult) this.contacts.link(state);
    this.closeDone();
    this.notify("opened", state);
  }

  /** @param {Call} call */
  #newState(call) {
    const notes = new Notes({
      agentId: this.#agentId,
      callKey: `call ${call.id} ${call.from}`,
      save: async (id, change) => {
        const answer = await this.#api.updateInteraction(id, change);
        this.#share(state, answer);
        return answer;
      },
      drafts: {
        // What is being written on another card is taken over when that ends.
        get: (id) =>
          this.cardsOf(id).some((each) => each.id !== call.id) ? undefined : this.#drafts.get(id),
        set: (id, draft) => this.#drafts.set(id, draft),
      },
      now: this.#now,
      onChange: () => {
        if (this.calls.get(call.id) === state) this.#unfinished.update(state);
        this.notify("changed", state);
        this.#closeContinued();
      },
    });
    const state = new CallState(call, notes, this.contacts.targetNames);
    return state;
  }

  /**
   * Show what was saved on the other cards of the same interaction: the customer's and a consult's.
   * @param {CallState} changed @param {Interaction} interaction
   */
  #share(changed, interaction) {
    for (const state of this.cardsOf(interaction.id)) {
      if (state === changed) continue;
      state.notes.changes += 1; // what was asked before is older
      state.notes.update(interaction);
    }
  }

  /** @param {CallState} state */
  #startLookup(state) {
    clearTimeout(state.lookupTimer);
    state.lookup = { status: "looking" };
    state.lookupTimer = setTimeout(() => {
      state.lookup = { status: "slow" };
      this.notify("changed", state);
    }, SLOW_LOOKUP_MS);
  }

  /**
   * Send a report. If a change of the interaction was answered meanwhile, the answer's interaction
   * may be older: it is left out, and the call is reported again. If the call has changed, as one that
   * was passed back, the answer does not say that it is over.
   * @param {CallReport} report @param {import("./reporter.js").LookupWish} lookup @returns {Promise<ReportAcknowledgement>}
   */
  async #sendReport(report, lookup) {
    const countChanges = () => this.calls.get(report.id)?.notes.changes ?? 0;
    const [before, dialog] = [countChanges(), this.#dialogs.get(report.id)];
    const answer = await this.#api.report(report, lookup);
    answer.ended_for_agent &&= this.#dialogs.get(report.id) === dialog;
    if (countChanges() === before) return answer;
    this.#reporter.repeat(report.id);
    return { ...answer, interaction: null };
  }

  /** @param {string} id @param {ReportAcknowledgement | null} answer @param {unknown} error */
  #onAnswer(id, answer, error) {
    const state = this.calls.get(id);
    if (!state) return;
    if (answer?.ended_for_agent) this.endLost(id);
    state.acknowledgement = answer ?? state.acknowledgement;
    if (answer?.interaction?.contact_rejected && !state.unsentChoice) state.isRejected = true;
    if (answer?.lookup && !state.call.isConsult) this.#onLookup(state, answer, answer.lookup);
    else if (!answer && state.isLooking) {
      clearTimeout(state.lookupTimer);
      state.lookup = { status: "failed", error };
    }
    // A completed consult goes on under another id.
    const interactionId = answer?.interaction?.id;
    if (interactionId && state.call.consultant) this.#consulted.add(interactionId);
    else state.wasConsulted = this.#consulted.has(interactionId ?? "");
    if (answer?.interaction) state.notes.update(answer.interaction);
    else this.notify("changed", state);
    void this.contacts.sendChoice(state);
    // After a transfer the customer is another one than the agent who called.
    const { lookup } = state;
    const isKnown = lookup.status !== "found" || !answer?.number || lookup.number === answer.number;
    if (!isKnown && !state.call.isConsult) this.retryLookup(id);
  }

  /** @param {CallState} state @param {ReportAcknowledgement} answer @param {import("./types.d.ts").LookupResult} result */
  #onLookup(state, { number, listed }, result) {
    clearTimeout(state.lookupTimer);
    state.listWarnings = listed;
    if (haveAllSourcesFailed(result)) {
      state.lookupTimer = setTimeout(() => this.#lookUpAgain(state.id), FAILED_LOOKUP_MS);
      // Nothing new: a screen reader need not announce it again.
      if (state.lookup.status === "found" && haveAllSourcesFailed(state.lookup.result)) return;
    }
    state.lookup = { status: "found", number: number || state.call.number, result };
    if (sourcesThatAre(result, "pending").length) this.#lookUpAgain(state.id, "all");
    const found = result.selection && !state.isRejected ? result.matches[0] : null;
    state.match = state.unsentChoice ? state.unsentChoice.match : found;
    this.notify("caller", state);
  }
}
