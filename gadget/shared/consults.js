// Which of the agent's calls belong together: a consult and the customer's call that it is about. No
// DOM.

/** @typedef {import("./call-state.js").CallState} CallState */

/**
 * Return the id of the call from which a consult is made: the one that was put on hold last. Finesse
 * often does not say.
 * @param {CallState[]} running the agent's calls when the consult begins
 */
export function consultedCallId(running) {
  const calls = running.filter(({ call }) => !call.isConsult && call.phase !== "ringing");
  const last = calls.reduce(
    (newest, each) => (newest && newest.call.since >= each.call.since ? newest : each),
    calls[0],
  );
  return last?.id ?? "";
}

/**
 * Return the other one of a consult and its customer's call; undefined for any other call.
 * @param {CallState} state @param {CallState[]} running
 */
export const partnerOf = (state, running) =>
  state.call.isConsult
    ? running.find((each) => isAbout(state, each, running))
    : running.find((each) => isAbout(each, state, running));

/** @param {CallState} consult @param {CallState} other @param {CallState[]} running */
function isAbout(consult, other, running) {
  if (!consult.call.isConsult || other.call.isConsult) return false;
  if (consult.customerCallId === other.id) return true;
  // Of a page that was loaded during the consult, or of a call that has another id now.
  const id = consult.notes.interaction?.id;
  if (id && other.notes.interaction) return other.notes.interaction.id === id;
  return !consult.customerCallId && running.length === 2;
}

/**
 * Return the call with which Finesse joins one whose action it is: a held call is joined with the
 * one that the agent talks on. Undefined if it may be any of several.
 * @param {CallState} state @param {CallState[]} running
 */
export function joinedWith(state, running) {
  const others = running.filter((each) => each !== state && each.call.phase !== "ringing");
  const isOn = (/** @type {CallState} */ { call }) => call.phase !== "held";
  const current = state.call.phase === "held" && others.find(isOn);
  return current || (others.length === 1 ? others[0] : undefined);
}
