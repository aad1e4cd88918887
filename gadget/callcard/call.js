// A Finesse dialog as the card sees it: one call, from this agent's side. No DOM.

import { list } from "../shared/list.js";

/** @typedef {import("../shared/types.d.ts").DialogData} DialogData */
/** @typedef {"answer" | "hold" | "retrieve" | "drop"} Action */
/** @typedef {"ringing" | "dialling" | "talking" | "held" | "failed" | "ended"} Phase */

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
 */

/** Finesse's words for what the card has buttons for, in the order of the buttons. @type {Record<string, Action>} */
const ACTIONS = { ANSWER: "answer", RETRIEVE: "retrieve", HOLD: "hold", DROP: "drop" };

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
  const given = list(media.callvariables?.CallVariable);
  return {
    id: dialog.id,
    phase: PHASES[mine?.state ?? ""] ?? PHASES[dialog.state ?? ""] ?? "talking",
    direction,
    number: (direction === "out" ? media.dialedNumber || dialog.toAddress : dialog.fromAddress) ?? "",
    queue: media.queueName ?? "",
    actions: Object.keys(ACTIONS)
      .filter((action) => allowed.includes(action))
      .map((action) => ACTIONS[action]),
    since: Date.parse(mine?.stateChangeTime || mine?.startTime || ""),
    variables: given
      .map(({ name, value }) => ({ name: name ?? "", value: value ?? "" }))
      .filter(({ name, value }) => name && value),
  };
}

/** Has `action` happened, as far as `call` shows? @param {Call} call @param {Action} action */
export function happened(call, action) {
  return !call.actions.includes(action) || call.phase === "ended";
}
