// Loading of what the card shows after its page: the view of a call at once, the forms and panels of
// later.js soon afterwards, or when one is opened.

/** Milliseconds after the card is there, so that its own requests come first. */
const LATER_MS = 1500;

/** Milliseconds until the view of a call is tried again: a call may ring. */
const VIEW_RETRY_MS = 1000;

/** Milliseconds until the forms and panels are tried again. */
const LATER_RETRY_MS = 5000;

/**
 * Return the function that loads a part. A failed try is repeated with its next call.
 * @template {{prepare: (tries: number) => Promise<void>}} Part
 * @param {() => Promise<Part>} importPart
 */
function loader(importPart) {
  /** @type {Promise<Part> | null} */
  let loaded = null;
  let tries = 0;
  const load = async () => {
    tries += 1;
    const part = await importPart();
    await part.prepare(tries);
    return part;
  };
  return () => {
    loaded ??= load();
    loaded.catch(() => (loaded = null));
    return loaded;
  };
}

/** Load the view of a call. */
export const loadCallView = loader(() => import("./call-view.js"));

/** Load the forms and panels, which use what the view of a call has. */
export const loadLater = loader(async () => {
  await loadCallView();
  const { later } = await import("./later.js");
  return later;
});

/**
 * Load a part, and try again until it is there.
 * @template Part
 * @param {() => Promise<Part>} load @param {number} retryMs
 * @param {(part: Part) => void} onLoaded @param {() => void} [onFailed]
 */
function loadAtLast(load, retryMs, onLoaded, onFailed) {
  void load().then(onLoaded, () => {
    setTimeout(() => loadAtLast(load, retryMs, onLoaded, onFailed), retryMs);
    onFailed?.();
  });
}

/**
 * Load the view of a call now.
 * @param {(view: typeof import("./call-view.js")) => void} onLoaded @param {() => void} onFailed
 */
export const startCallView = (onLoaded, onFailed) =>
  loadAtLast(loadCallView, VIEW_RETRY_MS, onLoaded, onFailed);

/**
 * Load the forms and panels when the card has had its time.
 * @param {(later: typeof import("./later.js").later) => void} onLoaded
 */
export const scheduleLater = (onLoaded) =>
  void setTimeout(() => loadAtLast(loadLater, LATER_RETRY_MS, onLoaded), LATER_MS);
