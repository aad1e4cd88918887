// Workflow actions that an administrator leaves to this gadget (handled by OTHER). Their path is
// callcard:ACTION?name=value, with Finesse's variables filled in; any other path belongs to another
// gadget. No DOM.

/**
 * @typedef {object} WorkflowActions
 * @property {(line: string) => void} note
 * @property {(text: string) => void} search
 * @property {(number: string) => void} dial
 * @property {() => void} callback
 */

/**
 * Run a workflow's action, if it is for this gadget.
 * @param {Record<string, string>} params @param {WorkflowActions} actions
 */
export function runWorkflow(params, actions) {
  const action = readAction(params.path ?? params.location ?? "");
  if (!action) return;
  const { text, number } = action.values;
  if (action.name === "note" && text) actions.note(text);
  else if (action.name === "search" && text) actions.search(text);
  else if (action.name === "dial" && number) actions.dial(number);
  else if (action.name === "callback") actions.callback();
}

/** Parse a path; null if it is not for this gadget. @param {string} path */
export function readAction(path) {
  const match = /^callcard:(?:\/\/)?([a-z]+)\/?(?:\?(.*))?$/.exec(path.trim());
  if (!match) return null;
  const [, name, query = ""] = match;
  // In a URL's query a bare plus would be a space, but numbers begin with one.
  return { name, values: Object.fromEntries(new URLSearchParams(query.replaceAll("+", "%2B"))) };
}
