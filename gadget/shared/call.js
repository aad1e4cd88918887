// A Finesse dialog read as a call from this agent's side, and as the report that the service takes.
// No DOM.

import { asList } from "./list.js";

/** @typedef {import("./types.d.ts").Action} Action */
/** @typedef {import("./types.d.ts").CallReport} CallReport */
/** @typedef {import("./types.d.ts").DialogData} DialogData */
/** @typedef {"ringing" | "dialling" | "talking" | "held" | "failed" | "ended"} Phase */

/**
 * @typedef {object} Call
 * @property {string} id
 * @property {Phase} phase
 * @property {string} state this agent's participant state, in Finesse's words
 * @property {number} since when that state began, in server milliseconds; NaN if unknown
 * @property {"in" | "out"} direction
 * @property {string} from who made the call, as Finesse gives it
 * @property {string} number the other side's number, as Finesse gives it
 * @property {string} queue
 * @property {Action[]} actions what Finesse allows this agent now; nothing is derived here
 * @property {{name: string, value: string}[]} variables those with a value
 * @property {string[]} wrapUpReasons
 * @property {string} cause why the call failed, in Finesse's words; empty if it did not
 * @property {string[]} others the addresses of the other participants who are on the call
 * @property {boolean} isConsult whether this agent dialled it to consult somebody
 * @property {string} consultant the extension of the agent who consults this one; empty once that
 * agent has completed the transfer, and on all other calls
 * @property {string[]} heldBy those of them who have put the call on hold
 * @property {boolean} isTransferred whether another agent passed it on
 * @property {string} callbackTime when the dialer calls this customer again, in their local time
 * @property {boolean} isPreview whether a dialer offers it: the customer has not been called yet
 * @property {number} joined when this agent joined, in server milliseconds; NaN if unknown
 */

/**
 * Whether somebody talks in a dialog. A supervisor who listens has one too, and so has the agent:
 * it is no call of theirs.
 * @param {DialogData} dialog
 */
export const isConversation = ({ mediaProperties }) =>
  mediaProperties?.callType !== "SUPERVISOR_MONITOR";

/** Finesse's actions and the product's, in the order of the buttons. @type {[string, Action][]} */
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
  ["PARTICIPANT_DROP", "drop-participant"],
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

/**
 * Return whether a dialog is of another call than the one known by its id: another caller, who came
 * later. The time alone says nothing: Finesse resets it when a call is answered.
 * @param {Call} known @param {Call} call
 */
export const isOtherCall = (known, call) =>
  Boolean(known.from && call.from) && known.from !== call.from && call.since > known.since;

/**
 * Return the last that is known of a dialog, with its end: without a connection, Finesse did not
 * report that it ended. A conference, and a call that was passed on or not answered, may go on
 * without the agent.
 * @param {DialogData} dialog @param {string} extension the agent's own
 * @param {number} endedAt in server milliseconds @param {boolean} isTransferred
 * @returns {DialogData}
 */
export function withEnd(dialog, extension, endedAt, isTransferred) {
  const end = { state: "DROPPED", stateChangeTime: new Date(endedAt).toISOString() };
  const all = asList(dialog.participants?.Participant);
  const isOn = (/** @type {import("./types.d.ts").ParticipantData} */ { state }) =>
    PHASES[state ?? ""] !== "ended";
  const own = all.find(({ mediaAddress }) => mediaAddress === extension);
  const wasOnTheLine = ["ACTIVE", "HELD"].includes(own?.state ?? "");
  const goesOn = isTransferred || !wasOnTheLine || all.filter(isOn).length > 2;
  const participants = all.map((each) =>
    isOn(each) && (each.mediaAddress === extension || !goesOn) ? { ...each, ...end } : each,
  );
  return { ...dialog, participants: { Participant: participants } };
}

/** @param {import("./types.d.ts").ParticipantData} participant */
const addressOf = ({ mediaAddress }) => mediaAddress ?? "";

/**
 * Read a dialog as the call that the card shows.
 * @param {DialogData} dialog @param {string} extension the agent's own @returns {Call}
 */
export function readCall(dialog, extension) {
  // Only the agent's own participant has reliable actions.
  const participants = asList(dialog.participants?.Participant);
  const own = participants.find(({ mediaAddress }) => mediaAddress === extension);
  const media = dialog.mediaProperties ?? {};
  const direction = dialog.fromAddress === extension ? "out" : "in";
  const from = dialog.fromAddress ?? "";
  const dialled = media.dialedNumber || dialog.toAddress;
  const allowed = asList(own?.actions?.action);
  const others = participants.filter((each) => each !== own && each.state !== "DROPPED");
  const hasCaller = others.some(({ mediaAddress }) => mediaAddress === from);
  return {
    id: dialog.id,
    phase: PHASES[own?.state ?? ""] ?? PHASES[dialog.state ?? ""] ?? "talking",
    state: own?.state ?? "",
    since: Date.parse(own?.stateChangeTime || own?.startTime || ""),
    direction,
    from,
    number: (direction === "out" ? dialled : dialog.fromAddress) ?? "",
    queue: media.queueName ?? "",
    actions: ACTIONS.filter(([action]) => allowed.includes(action)).map(([, action]) => action),
    variables: variablesOf(dialog),
    wrapUpReasons: wrapUpReasonsOf(dialog),
    cause: own?.state === "FAILED" ? (own.stateCause ?? "") : "",
    others: others.map(addressOf),
    isConsult: media.callType === "CONSULT" && direction === "out",
    consultant: media.callType === "CONSULT" && direction === "in" && hasCaller ? from : "",
    heldBy: others.filter(({ state }) => state === "HELD").map(addressOf),
    callbackTime: dialog.scheduledCallbackInfo?.callbackTime ?? "",
    isTransferred: media.callType === "TRANSFER",
    isPreview: allowed.includes("ACCEPT") || own?.state === "ACCEPTED",
    joined: Date.parse(own?.startTime ?? ""),
  };
}

/**
 * Read a dialog as the report that the service takes.
 * @param {DialogData} dialog
 * @param {boolean} ended whether Finesse has taken the call off this desktop
 * @returns {CallReport}
 */
export function readReport(dialog, ended) {
  const media = dialog.mediaProperties ?? {};
  const { callKeyPrefix, callKeyCallId } = media;
  return {
    id: dialog.id,
    call_key: callKeyPrefix && callKeyCallId ? `${callKeyPrefix}:${callKeyCallId}` : "",
    associated_call: dialog.associatedDialogUri?.replace(/\/+$/, "").split("/").pop() ?? "",
    merged_call: dialog.secondaryId ?? "",
    from_address: dialog.fromAddress ?? "",
    to_address: dialog.toAddress ?? "",
    dialed_number: media.dialedNumber ?? "",
    callback_number: dialog.callbackNumber ?? "",
    type: media.callType ?? "",
    queue: media.queueName ?? "",
    variables: Object.fromEntries(variablesOf(dialog).map(({ name, value }) => [name, value])),
    wrap_up_reasons: wrapUpReasonsOf(dialog),
    participants: asList(dialog.participants?.Participant).map((participant) => ({
      address: participant.mediaAddress ?? "",
      state: participant.state ?? "",
      state_since: participant.stateChangeTime || participant.startTime || "",
      joined_at: participant.startTime ?? "",
      is_agent: participant.mediaAddressType === "AGENT_DEVICE",
    })),
    ended,
  };
}

/** @param {DialogData} dialog */
function variablesOf(dialog) {
  return asList(dialog.mediaProperties?.callvariables?.CallVariable)
    .map(({ name, value }) => ({ name: name ?? "", value: value ?? "" }))
    .filter(({ name, value }) => name && value);
}

/** @param {DialogData} dialog @returns {string[]} */
function wrapUpReasonsOf(dialog) {
  const { wrapUpItems, wrapUpReason } = dialog.mediaProperties ?? {};
  const items = asList(wrapUpItems?.wrapUpItem);
  if (items.length) return items;
  return wrapUpReason ? [wrapUpReason] : [];
}
