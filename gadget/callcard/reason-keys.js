// The keys 1 to 8 choose a wrap-up reason of the call in front, unless the agent types somewhere, has
// typed just before or has the keypad open. Escape leads from the notes to the reasons.

import { TYPING } from "./call-keypad.js";

/** Where a digit chooses no reason: it is text, or for what is open. */
const OTHERS = `${TYPING}, call-drawer`;

/** Milliseconds after a key in which a digit belongs to what is typed. */
const TYPING_PAUSE_MS = 1500;
/** The same when the field or the keypad went meanwhile, as with the customer: that is seen late. */
const PLACE_GONE_MS = 4000;

/** Choose reasons by keys from now on. @param {AbortSignal} [signal] */
export function followReasonKeys(signal) {
  /** When the agent typed last, and in what. */
  let typedAt = -Infinity;
  /** @type {Element | null} */
  let place = null;
  const onKey = (/** @type {KeyboardEvent} */ event) => {
    const { key, target, ctrlKey, altKey, metaKey, timeStamp } = event;
    if (ctrlKey || altKey || metaKey || event.defaultPrevented) return;
    if (key === "Escape" && target instanceof HTMLTextAreaElement) leaveNotes(target);
    if (key === "Escape" || key === "Tab") typedAt = -Infinity;
    if (key === "Enter") place = null; // a form that goes now is saved
    if (key.length > 1 || !(target instanceof Element)) return;
    // The keypad sends digits wherever the focus is.
    const keypad = document.querySelector("call-panel:not([hidden]) call-keypad");
    const current = target.closest(OTHERS) ?? keypad;
    if (current) place = current;
    const isTyped = current || !/^[1-8]$/.test(key) || timeStamp - typedAt < TYPING_PAUSE_MS;
    if (isTyped) return void (typedAt = timeStamp);
    if (place?.checkVisibility() === false && timeStamp - typedAt < PLACE_GONE_MS) return;
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
