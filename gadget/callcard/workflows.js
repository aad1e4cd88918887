// Workflow actions that an administrator leaves to this gadget (handled by OTHER). Their path is
// callcard:ACTION?name=value, with Finesse's variables filled in; any other path belongs to another
// gadget.

/** @typedef {import("../shared/call-state.js").CallState} CallState */
/** @typedef {import("../shared/calls-model.js").CallsModel} CallsModel */

/** Milliseconds after a workflow's event in which the event of its call may come. */
const SETTLE_MS = 300;

/**
 * Run a workflow's action, if it is for this gadget.
 * @param {Record<string, string>} params of an action, with Finesse's variables filled in
 * @param {import("./app-parts.d.ts").AppParts} parts
 * @param {import("./aside-control.js").AsideControl} asideControl
 * @param {import("./dial-control.js").DialControl} dialControl
 */
export async function runWorkflow(params, { model, tabs, search }, asideControl, dialControl) {
  const action = readAction(params.path ?? params.location ?? "");
  if (!action) return;
  await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
  const state = model.triggered;
  if (!state) return;
  const { text, number } = action.values;
  if (action.name === "note" && text) notesOf(model, state).addLine(text);
  else if (action.name === "search" && text && state.id === tabs.selected) search.suggest(text);
  else if (action.name === "dial" && number) void dialControl.dial(number);
  const customer = state.customerToCallBack;
  if (action.name !== "callback" || !customer) return;
  // The agent did not ask for the form: who types goes on where they were.
  const { activeElement } = document;
  const isTyping = activeElement?.matches("input, textarea");
  void asideControl.scheduleCallback({ customer, callId: state.id }).then(() => {
    if (isTyping) /** @type {HTMLElement} */ (activeElement).focus();
  });
}

/**
 * Return the notes of a call; if its card is closed, those of a card that shows them too.
 * @param {CallsModel} model @param {CallState} state
 */
function notesOf(model, state) {
  const cards = model.cardsOf(state.notes.interaction?.id);
  return (cards.includes(state) ? state : (cards[0] ?? state)).notes;
}

/** Parse a path; null if it is not for this gadget. @param {string} path */
export function readAction(path) {
  const match = /^callcard:(?:\/\/)?([a-z]+)\/?(?:\?(.*))?$/.exec(path.trim());
  if (!match) return null;
  const [, name, query = ""] = match;
  // In a URL's query a bare plus would be a space, but numbers begin with one.
  return { name, values: Object.fromEntries(new URLSearchParams(query.replaceAll("+", "%2B"))) };
}
