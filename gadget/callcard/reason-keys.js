// The keys 1 to 8 choose a wrap-up reason of the call in front, unless the agent types somewhere or
// has the keypad open. Escape leads from the notes to the reasons.

import { TYPING } from "./call-keypad.js";

/** Where a digit chooses no reason: it is text, or for what is open. */
const OTHERS = `${TYPING}, call-drawer`;

/** Choose reasons by keys from now on. @param {AbortSignal} [signal] */
export function followReasonKeys(signal) {
  const onKey = (/** @type {KeyboardEvent} */ event) => {
    const { key, target, ctrlKey, altKey, metaKey } = event;
    if (ctrlKey || altKey || metaKey || event.defaultPrevented) return;
    if (key === "Escape" && target instanceof HTMLTextAreaElement) leaveNotes(target);
    if (!/^[1-8]$/.test(key)) return;
    if (!(target instanceof Element) || target.closest(OTHERS)) return;
    // The keypad sends it.
    if (document.querySelector("call-panel:not([hidden]) call-keypad")) return;
    /** @type {NodeListOf<HTMLInputElement>} */
    const boxes = document.querySelectorAll("call-panel:not([hidden]) call-notes fieldset input");
    const box = boxes[Number(key) - 1];
    if (!box?.checkVisibility() || box.disabled) return;
    box.focus();
    box.click();
  };
  document.addEventListener("keydown", onKey, { signal });
}

/** Focus the chosen reason, or the card where there are none to choose. @param {HTMLElement} notes */
function leaveNotes(notes) {
  const element = notes.closest("call-notes");
  if (!element) return;
  const reason =
    element.querySelector("fieldset :checked") ?? element.querySelector("fieldset input");
  const place = reason?.checkVisibility() ? reason : notes.closest("call-panel");
  /** @type {HTMLElement} */ (place).focus();
}
