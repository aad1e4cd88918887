// The focus stays near where it was: what had it is often taken away, as a form is when it is saved
// or a list when a call begins. Without this, the keyboard would begin at the top of the page again.

/** Milliseconds in which a call that begins belongs to what the agent pressed. */
const FOLLOWING_CALL_MS = 5000;

/** Milliseconds for which what had the focus may be disabled, as a form's button while it saves. */
const LONGEST_DISABLED_MS = 1000;

/**
 * Keep the focus from now on.
 * @param {import("./call-tabs.js").CallTabsElement} tabs
 * @param {import("./contact-search.js").ContactSearchElement} search
 * @param {AbortSignal} [signal]
 */
export function keepFocus(tabs, search, signal) {
  /** What had the focus last, and what is around it, from the inside out. */
  let path = pathOf(document.activeElement);
  /** Since when it is disabled, or 0. */
  let disabledSince = 0;
  const note = () => {
    const { activeElement, body } = document;
    disabledSince = 0;
    if (activeElement !== body) path = pathOf(activeElement);
    // Who has pressed beside everything has no place to go back to.
    else if (path[0] && canHaveFocus(path[0])) path = [];
  };
  const noteSoon = () => setTimeout(note);
  /**
   * Until when a call takes the focus from the search, or from the place of the calls; a key or press
   * of the agent's ends it.
   */
  let followsUntil = 0;
  const restore = () => {
    if (!document.hasFocus()) return; // the agent works elsewhere on the desktop
    const { activeElement: before } = document;
    if (performance.now() < followsUntil) tabs.focusCall();
    if (document.activeElement !== before) followsUntil = 0; // not yet, if the card is not drawn
    const [last] = path;
    if (!last || document.activeElement !== document.body) return;
    if (isShown(last) && !canHaveFocus(last)) {
      disabledSince ||= performance.now();
      const left = disabledSince + LONGEST_DISABLED_MS - performance.now();
      if (left > 0) return void setTimeout(restore, left);
    }
    const isPlaced = path.filter(isShown).some(takeFocus);
    if (isPlaced && document.activeElement?.localName !== "call-tabs") return;
    if (tabs.focusCall()) return;
    if (!isPlaced) search.placeFocus();
    followsUntil = performance.now() + FOLLOWING_CALL_MS;
  };
  const stopFollowing = () => (followsUntil = 0);
  for (const type of ["keydown", "pointerdown"])
    document.addEventListener(type, stopFollowing, { capture: true, signal });
  const observer = new MutationObserver(() => requestAnimationFrame(restore));
  observer.observe(document.body, {
    subtree: true,
    childList: true,
    attributes: true,
    attributeFilter: ["hidden", "disabled"],
  });
  signal?.addEventListener("abort", () => observer.disconnect());
  // A press on what is disabled would take the focus to the page: the second of a double click.
  const onPress = (/** @type {Event} */ { target }) => {
    const [last] = path;
    if (!(target instanceof Element) || !target.closest(":disabled") || !last) return;
    setTimeout(() => document.activeElement === document.body && takeFocus(last));
  };
  document.addEventListener("pointerdown", onPress, { capture: true, signal });
  document.addEventListener("focusin", note, { signal });
  document.addEventListener("mousedown", noteSoon, { capture: true, signal });
}

/**
 * Return an element and those around it, without the one that is the whole page.
 * @param {Element | null} element
 */
function pathOf(element) {
  const path = [];
  const { body } = document;
  while (element && element !== body && element.parentElement !== body) {
    if (element instanceof HTMLElement) path.push(element);
    element = element.parentElement;
  }
  return path;
}

/** @param {HTMLElement} element */
const isShown = (element) => element.isConnected && element.offsetHeight > 0;

/** @param {HTMLElement} element */
const canHaveFocus = (element) => isShown(element) && !element.matches(":disabled");

/** Focus an element, which need not be a control. @param {HTMLElement} element */
function takeFocus(element) {
  element.focus({ preventScroll: true }); // many of ours pass it on to their first control
  if (document.activeElement !== document.body) return true;
  if (!element.localName.includes("-")) return false;
  element.tabIndex = -1;
  element.focus({ preventScroll: true });
  return document.activeElement === element;
}
