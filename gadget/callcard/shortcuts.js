// The keyboard shortcuts. They work wherever the focus is on the desktop, where Finesse has its
// ShortcutKeyService (12.0) and the administrator has switched shortcuts on. Alt and Shift, because
// Finesse has its own on Ctrl and Alt, of two for the same keys neither works, and on many keyboards
// Ctrl and Alt write characters.

import { desktop } from "../shared/desktop.js";
import { t } from "../shared/texts.js";

/** @typedef {"answer" | "hold" | "hangUp" | "notes" | "ready" | "search"} ShortcutName */
/** @typedef {{key: string, label: () => string}} Shortcut */

/** @type {Record<ShortcutName, Shortcut>} */
const SHORTCUTS = {
  answer: { key: "a", label: () => t("action.answer") },
  hold: { key: "h", label: () => t("shortcut.hold") },
  hangUp: { key: "e", label: () => t("action.drop") },
  notes: { key: "m", label: () => t("notes.label") },
  ready: { key: "r", label: () => t("call.closeReady") },
  search: { key: "s", label: () => t("shortcut.search") },
};

/**
 * Register the shortcuts with Finesse.
 * @param {import("./app-parts.d.ts").AppParts} parts what they act on
 */
export function registerShortcuts({ model, actions, tabs, search }) {
  /** @param {import("../shared/types.d.ts").Action} action */
  const run = (action) => {
    const frontFirst = [model.calls.get(tabs.selected), ...model.running];
    const state = frontFirst.find((each) => each?.call.actions.includes(action));
    if (state) void actions.run({ callId: state.id, action });
  };
  const isTalking = () => model.running.some(({ call }) => call.phase === "talking");
  /** @type {Record<ShortcutName, () => unknown>} */
  const handlers = {
    answer: () => run("answer"),
    hold: () => run(isTalking() ? "hold" : "retrieve"),
    // The call in front, and with the question that its button asks.
    hangUp: () => tabs.press("drop"),
    notes: () => {
      desktop.activateTab();
      tabs.focusNotes();
    },
    // Who is ready already, or has another call, has only Close.
    ready: () => tabs.press("ready") || tabs.press("done"),
    search: () => {
      desktop.activateTab();
      search.focus();
    },
  };
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
