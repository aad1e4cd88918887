// The agent's calls as the Finesse library has them.

/** @typedef {import("./types.d.ts").DialogData} DialogData */

/** The library's objects of the agent's calls, by id. @type {Map<string, any>} */
export const knownDialogs = new Map();

/**
 * Follow the agent's calls; `read` reads them again.
 * @param {any} user the library's object of the agent
 * @param {import("./desktop.js").DesktopListener} listener
 * @param {(load: () => void) => void} retry tries again later what the library could not load
 */
export function followDialogs(user, listener, retry) {
  /** @type {Map<string, DialogData>} */
  const dialogs = new Map();
  let isRetryPlanned = false;
  const changed = () => listener.calls?.([...dialogs.values()]);
  const put = (/** @type {any} */ dialog) => {
    const data = dialog.getData();
    if (!data?.id) return;
    if (!dialogs.has(data.id)) dialog.addHandler("change", put);
    dialogs.set(data.id, data);
    knownDialogs.set(data.id, dialog);
    changed();
  };
  const remove = (/** @type {any} */ dialog) => {
    const data = dialog.getData();
    knownDialogs.delete(data?.id);
    if (!dialogs.delete(data?.id)) return; // the library reports some deletions twice
    listener.ended?.(data);
    changed();
  };
  const collection = user.getDialogs({
    onLoad: () => {
      Object.values(collection.getCollection()).forEach(put);
      changed();
    },
    onCollectionAdd: put,
    onCollectionDelete: remove,
    onError: () => {
      listener.failed?.("calls");
      if (isRetryPlanned) return;
      isRetryPlanned = true;
      retry(() => {
        isRetryPlanned = false;
        collection.refresh();
      });
    },
  });
  return { read: () => !isRetryPlanned && collection.refresh() };
}
