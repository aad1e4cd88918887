// The keyboard shortcuts that gadgets register.

/** @typedef {{
 *   id: string,
 *   key: string,
 *   modifierKeys?: string,
 *   componentName?: string,
 *   actionName?: string,
 *   handler: () => void,
 * }} Shortcut */

/** @type {(Shortcut & {gadgetId: string})[]} */
let shortcuts = [];

const MODIFIERS = ["ctrl", "alt", "shift"];

/** Return the keys of a shortcut in one spelling, such as `ctrl+shift+a`. @param {Shortcut} shortcut */
function combinationOf({ key, modifierKeys = "" }) {
  const text = String(modifierKeys).toLowerCase();
  return [...MODIFIERS.filter((name) => text.includes(name)), key.toLowerCase()].join("+");
}

/** @param {KeyboardEvent} event */
function combinationPressed(event) {
  const pressed = { ctrl: event.ctrlKey, alt: event.altKey, shift: event.shiftKey };
  const names = Object.entries(pressed).filter(([, isDown]) => isDown);
  return [...names.map(([name]) => name), event.key.toLowerCase()].join("+");
}

/** Add a gadget's shortcut, or replace its own of the same id.
 * @param {string} gadgetId @param {Shortcut} shortcut */
export function addShortcut(gadgetId, shortcut) {
  shortcuts = shortcuts.filter((known) => known.gadgetId !== gadgetId || known.id !== shortcut.id);
  shortcuts.push({ ...shortcut, gadgetId });
}

/** Forget a gadget's shortcuts: it loads again. @param {string} gadgetId */
export function removeShortcuts(gadgetId) {
  shortcuts = shortcuts.filter((known) => known.gadgetId !== gadgetId);
}

/** Return all shortcuts, with whether another has the same keys. */
export function listShortcuts() {
  return shortcuts.map((shortcut) => {
    const combination = combinationOf(shortcut);
    const others = shortcuts.filter((other) => combinationOf(other) === combination);
    return {
      ...shortcut,
      accessKey: combination,
      conflict: others.length > 1,
      executionScope: "DESKTOP",
      isPageLevel: false,
      type: "GADGET",
    };
  });
}

/** Run the shortcut of a key press; with a conflict none. @param {KeyboardEvent} event */
export function onKey(event) {
  const combination = combinationPressed(event);
  const found = shortcuts.filter((shortcut) => combinationOf(shortcut) === combination);
  if (found.length !== 1) return;
  event.preventDefault();
  found[0].handler();
}
