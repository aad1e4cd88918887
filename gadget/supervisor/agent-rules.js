// What a supervisor can do about an agent now, and if not, why not: Finesse's rules. No DOM.

import { isConversation, readCall } from "../shared/call.js";
import { asList } from "../shared/list.js";
import { t } from "../shared/texts.js";

/** @typedef {import("../shared/types.d.ts").DialogData} DialogData */
/** @typedef {import("../shared/types.d.ts").Platform} Platform */
/** @typedef {import("../shared/types.d.ts").UserData} UserData */
/** @typedef {import("./types.d.ts").AgentAction} AgentAction */
/** @typedef {import("./types.d.ts").TeamMember} TeamMember */

/**
 * The supervisor.
 * @typedef {{user: UserData, calls: DialogData[], platform: Platform}} Own
 */
/**
 * The supervisor's part in an agent's call.
 * In `with-agent` only agent and supervisor are left of it.
 * @typedef {{callId: string, mode: "listening" | "joined" | "with-agent"}} Part
 */

/**
 * Return the supervisor's part in an agent's call; null if they have none.
 * @param {DialogData[]} ownCalls the supervisor's @param {string} extension the agent's
 * @returns {Part | null}
 */
export function partIn(ownCalls, extension) {
  for (const dialog of ownCalls) {
    const all = asList(dialog.participants?.Participant);
    const isIn = all.some(
      ({ mediaAddress, state }) => extension && mediaAddress === extension && state !== "DROPPED",
    );
    if (!isIn) continue;
    if (!isConversation(dialog)) return { callId: dialog.id, mode: "listening" };
    const present = all.filter(({ state }) => state !== "DROPPED");
    return { callId: dialog.id, mode: present.length > 2 ? "joined" : "with-agent" };
  }
  return null;
}

/**
 * Return whom the supervisor can take off the agent's call, where Finesse allows it: those beside
 * the agent, whom taking over removes.
 * @param {Own} own @param {string} extension the agent's
 * @returns {string[]} their addresses
 */
export function removable({ user, calls }, extension) {
  const part = partIn(calls, extension);
  const dialog = part?.mode === "joined" && calls.find(({ id }) => id === part.callId);
  if (!dialog) return [];
  const { actions, others } = readCall(dialog, user.extension ?? "");
  if (!actions.includes("drop-participant") || others.length < 2) return [];
  return others.filter((address) => address !== extension);
}

/**
 * Return why each action is not possible; an empty text if it is.
 * @param {TeamMember} member @param {Own} own
 * @returns {Record<AgentAction, string>}
 */
export function obstacles(member, own) {
  const { calls } = own;
  const { state, extension } = member;
  const part = partIn(calls, extension);
  const isSignedOut = state === "LOGOUT" || state === "";
  const signedOut = isSignedOut ? t("board.signedOut") : "";
  return {
    monitor: signedOut || monitorObstacle(member, own, part),
    barge: bargeObstacle(member, part),
    intercept: interceptObstacle(part),
    leave: part ? "" : t("board.notInCall"),
    ready:
      signedOut || (["NOT_READY", "WORK", "WORK_READY"].includes(state) ? "" : t("board.busy")),
    "not-ready":
      signedOut || (["READY", "WORK", "WORK_READY"].includes(state) ? "" : t("board.busy")),
    "sign-out": signedOut || (member.pending_state === "LOGOUT" ? t("board.signsOut") : ""),
  };
}

/** @param {TeamMember} member @param {Part | null} part */
function bargeObstacle({ state }, part) {
  if (part?.mode !== "listening") return t("board.listenFirst");
  return state === "HOLD" ? t("board.onHold") : "";
}

/** @param {Part | null} part */
function interceptObstacle(part) {
  if (part?.mode === "with-agent") return t("board.nobodyElse");
  return part?.mode === "joined" ? "" : t("board.joinFirst");
}

/**
 * @param {TeamMember} member @param {Own} own @param {Part | null} part
 */
function monitorObstacle(member, { user, calls, platform }, part) {
  if (part) return t("board.inCall");
  if (!user.extension || user.state === "LOGOUT") return t("error.notSignedIn");
  if (calls.length) return t("board.ownCall");
  if (user.state !== "NOT_READY") return t("board.setNotReady");
  if (member.state === "HOLD") return t("board.onHold");
  // UCCX leaves an agent not ready during a call that no queue gave them.
  const isUnqueued = platform === "uccx" && member.calls.some(({ state }) => state === "ACTIVE");
  const isTalking = member.state === "TALKING" || isUnqueued;
  return isTalking ? "" : t("board.noCall");
}
