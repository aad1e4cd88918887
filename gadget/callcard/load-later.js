// Loading of the forms and panels of later.js: soon after the card is shown, at the latest when one
// is opened.

/** Milliseconds after the card is there, so that its own requests come first. */
const LATER_MS = 1500;

/** @type {Promise<typeof import("./later.js")> | null} */
let loaded = null;

/** Return the forms and panels. A failed try is repeated. */
export function loadLater() {
  loaded ??= import("./later.js");
  loaded.catch(() => (loaded = null));
  return loaded;
}

/** Load them when the card has had its time. */
export function scheduleLater() {
  setTimeout(() => void loadLater().catch(() => {}), LATER_MS);
}
