// A Finesse dialog as the card sees it: one call, from this agent's side. No DOM.

import { list } from "../shared/list.js";

/** @typedef {import("../shared/types.d.ts").DialogData} DialogData */
/** @typedef {import("../shared/types.d.ts").CallSeen} CallSeen */
/** @typedef {"accept" | "reject" | "close" | "answer" | "retrieve" | "hold" | "complete-transfer" | "conference" | "consult" | "transfer" | "dtmf" | "record" | "callback" | "cancel-callback" | "data" | "wrap-up" | "drop"} Action */
/** @typedef {"ringing" | "dialling" | "talking" | "held" | "failed" | "ended"} Phase */
/** What comes with an action, as the service takes it. @typedef {{to?: string, digits?: string, variables?: Record<string, string>, reasons?: string[], at?: string, number?: string}} Sent */

/**
 * @typedef {object} Call
 * @property {string} id
 * @property {Phase} phase
 * @property {"in" | "out"} direction
 * @property {string} number the other side's, as the call brought it
 * @property {string} queue
 * @property {Action[]} actions what Finesse allows this agent now, nothing worked out here
 * @property {number} since milliseconds since the epoch, on the server's clock; NaN if it was not told
 * @property {{name: string, value: string}[]} variables those with a value
 * @property {string[]} reasons wrap-up reasons that Finesse has
 * @property {string} consultOf the call that this one is a consult for, or that is a consult for it
 * @property {boolean} consult a consult that this agent has dialled
 */

/** Finesse's words for what the card has buttons for, in the order of the buttons. @type {[string, Action][]} */
const ACTIONS = [
  ["ACCEPT", "accept"],
  ["REJECT", "reject"],
  ["CLOSE", "close"],
  ["ANSWER", "answer"],
  ["RETRIEVE", "retrieve"],
  ["HOLD", "hold"],
  ["TRANSFER", "complete-transfer"],
  ["CONFERENCE", "conference"],
  ["CONSULT_CALL", "consult"],
  ["TRANSFER_SST", "transfer"],
  ["SEND_DTMF", "dtmf"],
  ["START_RECORDING", "record"],
  ["UPDATE_SCHEDULED_CALLBACK", "callback"],
  ["CANCEL_SCHEDULED_CALLBACK", "cancel-callback"],
  ["UPDATE_CALL_DATA", "data"],
  ["UPDATE_CALL_DATA", "wrap-up"],
  ["DROP", "drop"],
];

/** @type {Record<string, Phase>} */
const PHASES = {
  ALERTING: "ringing",
  INITIATING: "dialling",
  INITIATED: "dialling",
  ACTIVE: "talking",
  HELD: "held",
  FAILED: "failed",
  DROPPED: "ended",
  WRAP_UP: "ended",
};

/** @param {DialogData} dialog @param {string} extension the agent's own @returns {Call} */
export function readCall(dialog, extension) {
  const participants = list(dialog.participants?.Participant);
  // Only the agent's own participant says what the agent may do; the others' actions are not dependable.
  const mine = participants.find((participant) => participant.mediaAddress === extension);
  const media = dialog.mediaProperties ?? {};
  const direction = dialog.fromAddress === extension ? "out" : "in";
  const allowed = list(mine?.actions?.action);
  return {
    id: dialog.id,
    phase: PHASES[mine?.state ?? ""] ?? PHASES[dialog.state ?? ""] ?? "talking",
    direction,
    number:
      (direction === "out" ? media.dialedNumber || dialog.toAddress : dialog.fromAddress) ?? "",
    queue: media.queueName ?? "",
    actions: ACTIONS.filter(([action]) => allowed.includes(action)).map(([, action]) => action),
    since: Date.parse(mine?.stateChangeTime || mine?.startTime || ""),
    variables: variables(dialog),
    reasons: reasons(dialog),
    consultOf: tail(dialog.associatedDialogUri),
    consult: media.callType === "CONSULT" && direction === "out",
  };
}

/**
 * The same dialog as the service's log wants it told.
 * @param {DialogData} dialog @param {boolean} over whether Finesse has taken it away
 * @returns {CallSeen}
 */
export function readSeen(dialog, over) {
  const media = dialog.mediaProperties ?? {};
  const [prefix, id] = [media.callKeyPrefix, media.callKeyCallId];
  return {
    id: dialog.id,
    key: prefix && id ? `${prefix}:${id}` : "",
    associated: tail(dialog.associatedDialogUri),
    secondary: dialog.secondaryId ?? "",
    from_address: dialog.fromAddress ?? "",
    to_address: dialog.toAddress ?? "",
    dialed: media.dialedNumber ?? "",
    callback_number: dialog.callbackNumber ?? "",
    type: media.callType ?? "",
    queue: media.queueName ?? "",
    variables: Object.fromEntries(variables(dialog).map(({ name, value }) => [name, value])),
    reasons: reasons(dialog),
    parties: list(dialog.participants?.Participant).map((party) => ({
      address: party.mediaAddress ?? "",
      state: party.state ?? "",
      since: party.stateChangeTime || party.startTime || "",
      began: party.startTime ?? "",
      agent: party.mediaAddressType === "AGENT_DEVICE",
    })),
    over,
  };
}

/** @param {DialogData} dialog */
function variables(dialog) {
  return list(dialog.mediaProperties?.callvariables?.CallVariable)
    .map(({ name, value }) => ({ name: name ?? "", value: value ?? "" }))
    .filter(({ name, value }) => name && value);
}

/** @param {DialogData} dialog @returns {string[]} */
function reasons(dialog) {
  const { wrapUpItems, wrapUpReason } = dialog.mediaProperties ?? {};
  const several = list(wrapUpItems?.wrapUpItem);
  return several.length ? several : wrapUpReason ? [wrapUpReason] : [];
}

/** The last part of a URI. @param {string | null | undefined} uri */
const tail = (uri) => uri?.replace(/\/+$/, "").split("/").pop() ?? "";

/**
 * Has `action` happened, as far as `call` shows? What shows nothing (tones, recordings, callbacks) is told by its request alone.
 * @param {Call} call @param {Action} action @param {Sent} sent
 */
export function happened(call, action, sent = {}) {
  if (
    action === "dtmf" ||
    action === "record" ||
    action === "callback" ||
    action === "cancel-callback"
  )
    return false;
  if (action === "data")
    return Object.entries(sent.variables ?? {}).every(
      ([name, value]) => kept(call, name, value) !== null,
    );
  if (action === "wrap-up")
    return (sent.reasons ?? []).every((reason) => call.reasons.includes(reason));
  return !call.actions.includes(action) || call.phase === "ended";
}

/**
 * What a call shows of a value that was written: all of it, the part that the platform kept, or null while it shows neither.
 * @param {Call} call @param {string} name @param {string} value
 */
export function kept(call, name, value) {
  const shown = call.variables.find((variable) => variable.name === name)?.value ?? "";
  if (shown.trim() === value.trim()) return value;
  return shown && value.startsWith(shown) ? shown : null;
}
