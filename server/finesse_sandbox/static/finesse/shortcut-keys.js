// finesse.shortcutkey: keyboard shortcuts of gadgets, which work wherever the focus is on the
// desktop. 12.0.

(() => {
  const { finesse } = window;
  const { getSandbox } = finesse.internal;

  const ShortcutKeyService = {
    init: () => ShortcutKeyService,
    /** Register shortcuts. Of two for the same keys neither runs.
     * @param {any[]} keys {id, componentName, actionName, key, modifierKeys, handler}; the modifiers
     * are one string, such as `ctrlshift` */
    registerShortcutKey(keys) {
      for (const key of keys) getSandbox().addShortcut(new gadgets.Prefs().getModuleId(), key);
    },
    /** Return all shortcuts of the desktop. */
    getShortcutKeys: () => getSandbox().shortcuts(),
  };

  finesse.shortcutkey.ShortcutKeyService = ShortcutKeyService;
  window.addEventListener("keydown", (event) => getSandbox().onKey(event));
})();
