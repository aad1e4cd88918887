// Workflow actions that an administrator leaves to this gadget (handled by OTHER): their path is callcard:ACTION?name=value, with
// Finesse's variables in it. All others are not ours, and stay alone. No DOM.

/** @typedef {{note: (line: string) => void, search: (text: string) => void, dial: (number: string) => void, callback: () => void}} Actions */

/** Do what a workflow's action says, if it is one of ours. @param {Record<string, string>} params its own @param {Actions} actions */
export function perform(params, actions) {
  const told = readAction(params.path ?? params.location ?? "");
  if (told?.action === "note" && told.values.text) actions.note(told.values.text);
  else if (told?.action === "search" && told.values.text) actions.search(told.values.text);
  else if (told?.action === "dial" && told.values.number) actions.dial(told.values.number);
  else if (told?.action === "callback") actions.callback();
}

/** @param {string} path @returns {{action: string, values: Record<string, string>} | null} null if it is not ours */
export function readAction(path) {
  const match = /^callcard:(?:\/\/)?([a-z]+)\/?(?:\?(.*))?$/.exec(path.trim());
  return match
    ? { action: match[1], values: Object.fromEntries(new URLSearchParams(match[2] ?? "")) }
    : null;
}
