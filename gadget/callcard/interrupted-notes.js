// Notes that a call has interrupted by coming to the front while the agent thought: what they type
// next still goes there, and when the caller gives up, the caret is where it was.

/** A press or one of these keys shows that the agent has turned to something else. */
const TURNING_KEYS = ["Tab", "Enter", "Escape"];

/**
 * Follow the agent's notes from now on.
 * @param {import("../shared/calls-model.js").CallsModel} model @param {AbortSignal} signal
 */
export function keepInterruptedNotes(model, signal) {
  /** @type {{panel: HTMLElement, notes: HTMLTextAreaElement, at: number} | null} */
  let interrupted = null;
  const forget = () => (interrupted = null);
  const resume = () => {
    const { notes, at } = interrupted ?? {};
    forget();
    notes?.focus();
    notes?.setSelectionRange(at ?? 0, at ?? 0);
  };
  const onFocusOut = (/** @type {FocusEvent} */ { target, relatedTarget }) => {
    if (!(target instanceof HTMLTextAreaElement)) return;
    const panel = target.closest("call-panel");
    const next = relatedTarget instanceof Element && relatedTarget.closest("call-panel");
    const isRinging = next instanceof HTMLElement && next.dataset.phase === "ringing";
    if (panel instanceof HTMLElement && isRinging && next !== panel)
      interrupted = { panel, notes: target, at: target.selectionStart };
  };
  const onKey = (/** @type {KeyboardEvent} */ { key, altKey, ctrlKey, metaKey }) => {
    if (TURNING_KEYS.includes(key)) forget();
    if (!interrupted?.panel.isConnected || key.length > 1 || altKey || ctrlKey || metaKey) return;
    /** @type {HTMLElement | null} */
    const tab = document.querySelector(`[aria-controls="${interrupted.panel.id}"]`);
    tab?.click();
    resume();
  };
  document.addEventListener("focusout", onFocusOut, { signal });
  document.addEventListener("keydown", onKey, { capture: true, signal });
  document.addEventListener("pointerdown", forget, { capture: true, signal });
  model.subscribe(({ type }) => {
    if (type === "answered") forget();
    // Once the cards are drawn.
    if (type === "closed") setTimeout(() => interrupted?.panel.checkVisibility() && resume());
  });
}
