// Which of several matches the agent chose, kept for that call while the browser's tab lives: a reload does not ask again. No DOM.

const KEY = "callcard.choices";
/** Calls to remember; the oldest are forgotten. */
const KEPT = 50;

/** @returns {[string, string][]} */
function read() {
  try {
    return JSON.parse(sessionStorage.getItem(KEY) ?? "[]");
  } catch {
    return [];
  }
}

/** @param {string} call @param {{source: string, id: string}} contact */
export function keepChoice(call, contact) {
  const others = read().filter(([each]) => each !== call);
  try {
    sessionStorage.setItem(KEY, JSON.stringify([...others, [call, `${contact.source}/${contact.id}`]].slice(-KEPT)));
  } catch {
    // storage is full or forbidden: the agent is asked again after a reload
  }
}

/** The contact among `contacts` that was chosen for `call`. @template {{source: string, id: string}} T @param {string} call @param {T[]} contacts */
export function keptChoice(call, contacts) {
  const chosen = read().find(([each]) => each === call)?.[1];
  return contacts.find(({ source, id }) => `${source}/${id}` === chosen);
}
