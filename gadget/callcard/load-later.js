// Loading of the forms and panels of later.js: soon after the card is shown, at the latest when one
// is opened.

/** Milliseconds after the card is there, so that its own requests come first. */
const LATER_MS = 1500;

/** Milliseconds until they are tried again. */
const RETRY_MS = 5000;

/** @type {Promise<typeof import("./later.js")> | null} */
let loaded = null;

let tries = 0;

/** Return the forms and panels. A failed try is repeated. */
export function loadLater() {
  loaded ??= load();
  loaded.catch(() => (loaded = null));
  return loaded;
}

async function load() {
  tries += 1;
  const later = await import("./later.js");
  await later.prepare(tries);
  return later;
}

/**
 * Load them when the card has had its time, and call `onLoaded`.
 * @param {(later: typeof import("./later.js")) => void} onLoaded
 */
export function scheduleLater(onLoaded) {
  const load = () => void loadLater().then(onLoaded, () => setTimeout(load, RETRY_MS));
  setTimeout(load, LATER_MS);
}
