// How the page is arranged for the calls: its style sheet knows it by two attributes.

import { lockPresses } from "../shared/dom.js";

/** @typedef {import("../shared/call-state.js").CallState} CallState */

/**
 * Let state and search share a row during a call, and in a narrow page what was found not cover the
 * call that rings. What moves takes no press at first.
 * @param {HTMLElement} page @param {HTMLElement} search @param {CallState[]} running
 * @param {CallState | undefined} shown the call in front
 */
export function arrangeFor(page, search, running, shown) {
  const { onCall, rings } = page.dataset;
  page.toggleAttribute("data-on-call", running.length > 0);
  page.toggleAttribute("data-rings", Boolean(shown?.isRinging));
  if (onCall !== page.dataset.onCall || rings !== page.dataset.rings) lockPresses(search);
}
