// The keys 1 to 8 choose a wrap-up reason of the call in front, unless the agent types somewhere, has
// typed just before or has the keypad open. Escape leads from the notes to the reasons.

import { TYPING } from "./call-keypad.js";

/** Where a digit chooses no reason: it is text, or for what is open. */
const OTHERS = `${TYPING}, call-drawer`;

/** Milliseconds after a key in which a digit belongs to what is typed. */
const TYPING_PAUSE_MS = 1500;

/** Choose reasons by keys from now on. @param {AbortSignal} [signal] */
export function followReasonKeys(signal) {
  /** When the agent typed last: what they typed in may have gone, as with the customer. */
  let typedAt = -Infinity;
  const onKey = (/** @type {KeyboardEvent} */ event) => {
    const { key, target, ctrlKey, altKey, metaKey, timeStamp } = event;
    if (ctrlKey || altKey || metaKey || event.defaultPrevented) return;
    if (key === "Escape" && target instanceof HTMLTextAreaElement) leaveNotes(target);
    if (key === "Escape" || key === "Tab") typedAt = -Infinity;
    if (key.length > 1 || !(target instanceof Element)) return;
    // The keypad sends digits wherever the focus is.
    const isText =
      !/^[1-8]$/.test(key) ||
      target.closest(OTHERS) ||
      document.querySelector("call-panel:not([hidden]) call-keypad");
    if (isText || timeStamp - typedAt < TYPING_PAUSE_MS) return void (typedAt = timeStamp);
    /** @type {NodeListOf<HTMLInputElement>} */
    const boxes = document.querySelectorAll("call-panel:not([hidden]) call-notes fieldset input");
    const box = boxes[Number(key) - 1];
    if (!box?.checkVisibility() || box.disabled) return;
    box.focus();
    box.click();
  };
  const onPress = () => (typedAt = -Infinity);
  document.addEventListener("keydown", onKey, { signal });
  document.addEventListener("pointerdown", onPress, { capture: true, signal });
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
