// How the page is arranged for the calls: its style sheet knows it by two attributes.

import { lockPresses } from "../shared/dom.js";

/** @typedef {import("../shared/call-state.js").CallState} CallState */

/** @param {CallState} state */
export const isRinging = ({ call }) => call.phase === "ringing" && call.direction === "in";

/**
 * Whether what is searched may be the caller of the call in front. Once a call whose caller is known
 * is over, the agent searches for something else; `Not them?` still corrects it.
 * @param {CallState} state
 */
export const mayBeChosen = ({ call, match, hasEnded }) => !call.isConsult && !(hasEnded && match);

/**
 * Let state and search share a row during a call, and in a narrow page what was found not cover the
 * call that rings. What moves takes no press at first.
 * @param {HTMLElement} page @param {HTMLElement} search @param {CallState[]} running
 * @param {CallState | undefined} shown the call in front
 */
export function arrangeFor(page, search, running, shown) {
  const { onCall, rings } = page.dataset;
  page.toggleAttribute("data-on-call", running.length > 0);
  page.toggleAttribute("data-rings", Boolean(shown && isRinging(shown)));
  if (onCall !== page.dataset.onCall || rings !== page.dataset.rings) lockPresses(search);
}
