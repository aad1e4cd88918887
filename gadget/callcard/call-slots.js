// The slots of a call's buttons: each action has its own, which it keeps while the call goes on. What
// is not possible now is disabled. No DOM.

import { joinedWith, partnerOf } from "../shared/consults.js";
import { t } from "../shared/texts.js";
import { describeCaller } from "./caller.js";

/** @typedef {import("../shared/call-state.js").CallState} CallState */
/** @typedef {import("../shared/types.d.ts").Action} Action */
/** @typedef {{action: Action, callId: string}} HeldCallAction */
/**
 * @typedef {object} Slot
 * @property {Action} action
 * @property {string} callId whose action it is
 * @property {string} label
 * @property {string[]} labels that the slot may have: it is as wide as the widest
 * @property {boolean} isAllowed whether Finesse allows it now
 * @property {string} question what is asked before it is done; usually empty
 */

/** The fixed slots from the first to the last, by kind of call. @type {Record<string, Action[]>} */
const SLOT_ORDER = {
  preview: ["accept", "reject", "close"],
  in: ["answer", "hold", "consult", "dtmf", "drop"],
  out: ["hold", "consult", "dtmf", "drop"],
  consult: ["complete-transfer", "conference", "retrieve", "dtmf", "drop"],
};
/** Actions that never get a button beyond the fixed ones. @type {Action[]} */
const NEVER_EXTRA = [
  "data",
  "wrap-up",
  "hold",
  "retrieve",
  "transfer",
  "consult",
  "drop-participant",
];

/** Actions that become possible by others, and have their slots from the beginning.
 * @type {Partial<Record<Action, Action[]>>} */
const FOLLOWED_BY = { callback: ["cancel-callback"] };

/** @type {Partial<Record<Action, () => string>>} */
const LABELS = {
  accept: () => t("action.accept"),
  reject: () => t("action.reject"),
  close: () => t("action.close"),
  answer: () => t("action.answer"),
  retrieve: () => t("action.retrieve"),
  hold: () => t("action.hold"),
  "complete-transfer": () => t("action.completeTransfer"),
  conference: () => t("action.conference"),
  consult: () => t("action.transferMenu"),
  transfer: () => t("action.transfer"),
  dtmf: () => t("action.more", { action: t("action.dtmf") }),
  record: () => t("action.record"),
  callback: () => t("action.more", { action: t("action.callback") }),
  "cancel-callback": () => t("action.cancelCallback"),
  drop: () => t("action.drop"),
};

/**
 * Return a call's buttons.
 * @param {CallState} state
 * @param {HeldCallAction[]} heldCallActions actions of held calls that are done from this one
 * @param {CallState[]} running the agent's calls
 * @param {Set<Action>} extra further actions that the call has had a button for; those that it has
 * now are added
 * @returns {Slot[]}
 */
export function slotsOf(state, heldCallActions, running, extra) {
  const { call } = state;
  const fixed = SLOT_ORDER[kindOf(state)];
  for (const action of [...call.actions, ...heldCallActions.map((each) => each.action)])
    if (!fixed.includes(action) && !NEVER_EXTRA.includes(action) && isOf(state, action))
      for (const each of [action, ...(FOLLOWED_BY[action] ?? [])]) extra.add(each);
  const all = [...fixed.filter((action) => action !== "drop"), ...extra];
  if (fixed.includes("drop")) all.push("drop");
  return all.map((slot) => {
    const action = slot === "hold" && isOnHold(state) ? "retrieve" : slot;
    const owner = owningCallId(action, state, heldCallActions, running);
    const label = labelOf(action, state, owner, running);
    return {
      action,
      callId: owner || state.id,
      label,
      labels: slot === "hold" ? [t("action.hold"), t("action.retrieve")] : [label],
      isAllowed: Boolean(owner) && isOf(state, action),
      question: confirmationOf(action, state, owner, running),
    };
  });
}

/** Whether there is something to do by an action that Finesse allows. @param {CallState} state
 * @param {Action} action */
const isOf = ({ call, confirmedAction }, action) =>
  action !== "cancel-callback" || Boolean(call.callbackTime) || confirmedAction === "callback";

/** @param {CallState} state */
function kindOf({ call }) {
  if (call.isConsult) return "consult";
  if (call.isPreview) return "preview";
  return call.direction;
}

/** @param {CallState} state */
const isOnHold = ({ call }) => call.actions.includes("retrieve") || call.phase === "held";

/**
 * Return the id of the call whose action it is; empty if no call allows it, or if it is not known
 * which calls it would join.
 * @param {Action} action @param {CallState} state @param {HeldCallAction[]} heldCallActions
 * @param {CallState[]} running
 */
function owningCallId(action, state, heldCallActions, running) {
  const { actions } = state.call;
  const isOwn = actions.includes(action) || (action === "consult" && actions.includes("transfer"));
  if (isOwn && (!isJoining(action) || joinedWith(state, running))) return state.id;
  const partner = partnerOf(state, running);
  const owners = heldCallActions.filter((each) => each.action === action);
  const owner = partner ? owners.find(({ callId }) => callId === partner.id) : owners[0];
  return owner?.callId ?? "";
}

/** Whether an action makes one call of two. @param {Action} action */
const isJoining = (action) => action === "complete-transfer" || action === "conference";

/**
 * @param {Action} action @param {CallState} state @param {string} owner
 * @param {CallState[]} running
 */
function labelOf(action, state, owner, running) {
  const { id, call } = state;
  if (action === "drop" && call.isConsult) return t("action.endConsult");
  if (action === "drop" && partnerOf(state, running) && !state.hasCustomerLeft)
    return t("action.hangUpCustomer");
  if (action === "retrieve" && call.isConsult && owner !== id) return t("action.backToCustomer");
  return LABELS[action]?.() ?? "";
}

/**
 * @param {Action} action @param {CallState} state @param {string} owner
 * @param {CallState[]} running
 */
function confirmationOf(action, state, owner, running) {
  const partner = partnerOf(state, running);
  if (action === "close") return t("confirm.removeFromCampaign");
  if (action === "drop" && partner && !state.call.isConsult && !state.hasCustomerLeft)
    return t("confirm.hangUpCustomer", { who: whoIs(partner) });
  const other =
    owner === state.id ? joinedWith(state, running) : running.find(({ id }) => id === owner);
  if (isJoining(action) && other && other !== partner)
    return t("confirm.connect", { one: whoIs(state), other: whoIs(other) });
  return "";
}

/** @param {CallState} state */
const whoIs = (state) => describeCaller(state).name || state.call.number;
