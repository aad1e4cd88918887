// Workflow actions that an administrator leaves to this gadget (handled by OTHER). Their path is
// callcard:ACTION?name=value, with Finesse's variables filled in; any other path belongs to another
// gadget. No DOM.

/**
 * Run a workflow's action, if it is for this gadget.
 * @param {Record<string, string>} params
 * @param {import("../shared/call-state.js").CallState | undefined} state the call in front
 * @param {import("./contact-search.js").ContactSearchElement} search
 * @param {import("./aside-control.js").AsideControl} asideControl
 * @param {(number: string) => unknown} dial
 */
export function runWorkflow(params, state, search, asideControl, dial) {
  const action = readAction(params.path ?? params.location ?? "");
  if (!action) return;
  const { text, number } = action.values;
  if (action.name === "note" && text) state?.notes.addLine(text);
  else if (action.name === "search" && text) search.find(text);
  else if (action.name === "dial" && number) void dial(number);
  const customer = state?.customerToCallBack;
  if (action.name !== "callback" || !customer) return;
  // The agent did not ask for the form: who types goes on where they were.
  const { activeElement } = document;
  const isTyping = activeElement?.matches("input, textarea");
  void asideControl.scheduleCallback({ customer, callId: state.id }).then(() => {
    if (isTyping) /** @type {HTMLElement} */ (activeElement).focus();
  });
}

/** Parse a path; null if it is not for this gadget. @param {string} path */
export function readAction(path) {
  const match = /^callcard:(?:\/\/)?([a-z]+)\/?(?:\?(.*))?$/.exec(path.trim());
  if (!match) return null;
  const [, name, query = ""] = match;
  // In a URL's query a bare plus would be a space, but numbers begin with one.
  return { name, values: Object.fromEntries(new URLSearchParams(query.replaceAll("+", "%2B"))) };
}
