// The keyboard shortcuts. They work wherever the focus is on the desktop, where Finesse has its
// ShortcutKeyService (12.0) and the administrator has switched shortcuts on. Alt and Shift, because
// Finesse has its own on Ctrl and Alt, of two for the same keys neither works, and on many keyboards
// Ctrl and Alt write characters.

import { desktop } from "../shared/desktop.js";
import { t } from "../shared/texts.js";

/** @typedef {"answer" | "hold" | "hangUp" | "notes" | "search"} ShortcutName */
/** @typedef {{key: string, label: () => string}} Shortcut */
/** @typedef {Record<ShortcutName, () => unknown>} Handlers */

/** @type {Record<ShortcutName, Shortcut>} */
const SHORTCUTS = {
  answer: { key: "a", label: () => t("action.answer") },
  hold: { key: "h", label: () => t("shortcut.hold") },
  hangUp: { key: "e", label: () => t("action.drop") },
  notes: { key: "m", label: () => t("notes.label") },
  search: { key: "s", label: () => t("shortcut.search") },
};

/** Register the shortcuts with Finesse. @param {Handlers} handlers */
export function registerShortcuts(handlers) {
  desktop.registerShortcuts(
    Object.entries(SHORTCUTS).map(([name, { key, label }]) => ({
      id: `callcard-${name}`,
      componentName: t("title"),
      actionName: label(),
      key,
      modifierKeys: "altshift",
      handler: handlers[/** @type {ShortcutName} */ (name)],
    })),
  );
}

/** Return the shortcuts as the agent reads them: keys, and what they do. */
export const describeShortcuts = () =>
  Object.values(SHORTCUTS).map(({ key, label }) => [`Alt+Shift+${key.toUpperCase()}`, label()]);
