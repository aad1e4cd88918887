// Says what has ended by itself and leaves no card: a call that rang beside another card, and a
// consult that the colleague did not take or has left. Who has ended it, Finesse does not say.

import { desktop } from "../shared/desktop.js";
import { isolated, t } from "../shared/texts.js";
import { isUnanswered, phaseText } from "./call-status.js";
import { describeCaller } from "./caller.js";

/** @typedef {import("../shared/call-state.js").CallState} CallState */

/** Milliseconds for which it is said. */
const MESSAGE_MS = 8000;
/** Milliseconds after its end in which a card is closed without the agent. */
const GONE_MS = 3000;
/** Commands that end a call, a consult or a preview. */
const ENDING = [
  "drop",
  "transfer",
  "complete-transfer",
  "conference",
  "retrieve",
  "accept",
  "reject",
  "close",
];
/** Milliseconds after such a command in which a call that was on then has been ended by the agent. */
const ENDED_HERE_MS = 3000;

/**
 * Say it from now on.
 * @param {import("../shared/calls-model.js").CallsModel} model
 * @param {import("./app-aside.js").LaterAside} aside
 */
export function announceUnseenEnds(model, aside) {
  /** When the agent sent such a command last, in server milliseconds. */
  let ranAt = -Infinity;
  document.body.addEventListener("callcard-call-command", (event) => {
    const { detail } = /** @type {CustomEvent} */ (event);
    if (ENDING.includes(detail.action)) ranAt = desktop.now;
  });
  model.subscribe(({ type, state }) => {
    // A card that stays shows it.
    const isNews = type === "closed" && desktop.now - state.endedAt < GONE_MS;
    const isOurs = desktop.now - ranAt < ENDED_HERE_MS && !(ranAt < state.call.joined);
    // Under another id: Finesse does so when a call is passed on.
    const goesOn = model.running.some(
      ({ call }) => call.phase === "ringing" && call.number === state.call.number,
    );
    const text = isNews && !isOurs && !goesOn && model.calls.size ? endText(state) : "";
    if (text) aside.showMessage?.(text, MESSAGE_MS);
  });
}

/** @param {CallState} state */
function endText(state) {
  const { call, customer } = state;
  const who = isolated(describeCaller(state).name || customer.display || call.number);
  if (state.isPreview) return t("preview.over", { who });
  if (isUnanswered(state)) return `${phaseText(state)} · ${who}`;
  return call.isConsult ? t("consult.ended", { who }) : "";
}
