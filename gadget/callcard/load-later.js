// Loading of what the card shows after its page: the view of a call at once, the forms and panels of
// later.js soon afterwards, or when one is opened.

/** Milliseconds after the card is there, so that its own requests come first. */
const LATER_MS = 1500;

/** Milliseconds until a part is tried again. */
const RETRY_MS = { callView: 1000, later: 5000 };

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
  return import("./later.js");
});

/**
 * Load the view of a call now.
 * @param {(view: typeof import("./call-view.js")) => void} onLoaded @param {() => void} onFailed
 */
export function startCallView(onLoaded, onFailed) {
  const load = () =>
    void loadCallView().then(onLoaded, () => {
      setTimeout(load, RETRY_MS.callView);
      onFailed();
    });
  load();
}

/**
 * Load the forms and panels when the card has had its time.
 * @param {(later: typeof import("./later.js")) => void} onLoaded
 */
export function scheduleLater(onLoaded) {
  const load = () => void loadLater().then(onLoaded, () => setTimeout(load, RETRY_MS.later));
  setTimeout(load, LATER_MS);
}
