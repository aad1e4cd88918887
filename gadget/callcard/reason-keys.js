// The keys 1 to 8 choose a wrap-up reason of the call in front, unless the agent types somewhere or
// has the keypad open.

import { TYPING } from "./call-keypad.js";

/** Where a digit chooses no reason: it is text, or for what is open. */
const OTHERS = `${TYPING}, call-drawer`;

/** Choose reasons by keys from now on. @param {AbortSignal} [signal] */
export function followReasonKeys(signal) {
  const onKey = (/** @type {KeyboardEvent} */ event) => {
    const { key, target, ctrlKey, altKey, metaKey } = event;
    if (ctrlKey || altKey || metaKey || event.defaultPrevented || !/^[1-8]$/.test(key)) return;
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
