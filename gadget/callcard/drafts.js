// Notes that the service does not have yet, kept while the browser's tab lives: a reload, a failover or an ended token loses nothing.
// No DOM.

const KEY = "callcard.notes";
/** Calls to remember; the oldest are forgotten. */
const KEPT = 50;

/** @typedef {{text: string, base: string, typed: string}} Draft `base` is what the service had when typing began, `typed` when */

/** @returns {[string, Draft][]} */
function read() {
  try {
    return JSON.parse(sessionStorage.getItem(KEY) ?? "[]");
  } catch {
    return [];
  }
}

/** @param {string} interaction @returns {Draft | undefined} */
export const draftOf = (interaction) => read().find(([each]) => each === interaction)?.[1];

/** @param {string} interaction @param {Draft | null} draft null when the service has it */
export function keepDraft(interaction, draft) {
  const others = read().filter(([each]) => each !== interaction);
  try {
    sessionStorage.setItem(
      KEY,
      JSON.stringify([...others, ...(draft ? [[interaction, draft]] : [])].slice(-KEPT)),
    );
  } catch {
    // storage is full or forbidden: the text stays in its field
  }
}
