// Notes that a call has interrupted by coming to the front while the agent thought: what they type
// next still goes there, and when the caller gives up, the caret is where it was.

/**
 * Follow the agent's notes from now on.
 * @param {import("../shared/calls-model.js").CallsModel} model @param {AbortSignal} signal
 */
export function keepInterruptedNotes(model, signal) {
  /** @type {{panel: Element, notes: HTMLTextAreaElement, at: number} | null} */
  let interrupted = null;
  const forget = () => (interrupted = null);
  const resume = () => {
    const { notes, at = 0 } = interrupted ?? {};
    forget();
    notes?.focus();
    notes?.setSelectionRange(at, at);
  };
  const onFocusOut = (/** @type {FocusEvent} */ { target, relatedTarget }) => {
    if (!(target instanceof HTMLTextAreaElement) || !(relatedTarget instanceof Element)) return;
    const panel = target.closest("call-panel");
    const isInterrupted = panel && relatedTarget.closest("call-panel[data-phase=ringing]");
    if (isInterrupted && !panel.contains(relatedTarget))
      interrupted = { panel, notes: target, at: target.selectionStart };
  };
  // The agent has turned to something else: the search, a form, a button.
  const onFocusIn = (/** @type {Event} */ { target }) => {
    if (!(target instanceof HTMLHeadingElement)) forget();
  };
  const onKey = (/** @type {KeyboardEvent} */ { key, altKey, ctrlKey, metaKey }) => {
    if (!interrupted?.panel.isConnected || key.length > 1 || altKey || ctrlKey || metaKey) return;
    /** @type {HTMLElement | null} */
    const tab = document.querySelector(`[aria-controls="${interrupted.panel.id}"]`);
    tab?.click();
    resume();
  };
  document.addEventListener("focusout", onFocusOut, { signal });
  document.addEventListener("focusin", onFocusIn, { signal });
  document.addEventListener("keydown", onKey, { capture: true, signal });
  document.addEventListener("pointerdown", forget, { capture: true, signal });
  model.subscribe(({ type }) => {
    if (type === "answered") forget();
    // Once the cards are drawn.
    if (type === "closed") setTimeout(() => interrupted?.panel.checkVisibility() && resume());
  });
}
