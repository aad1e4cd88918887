// <call-tabs>: the agent's calls, a panel each; tabs when there are several, and one panel in
// front.

import { emit, h, isolate, lockPresses } from "../shared/dom.js";
import { CallcardElement } from "../shared/element.js";
import { TYPING_MS } from "../shared/notes.js";
import { formatDuration, t } from "../shared/texts.js";

/** @typedef {import("./call-panel.js").CallPanelElement} CallPanelElement */
/** @typedef {import("../shared/call-state.js").CallState} CallState */

/** Return how long an ended call's notes can be finished. @param {CallState} state */
const timeLeft = ({ notes: { timeLeftMs } }) =>
  timeLeftMs === null
    ? ` ${t("call.toFinish")}`
    : ` ${t("call.toFinishIn", { time: formatDuration(timeLeftMs / 1000) })}`;

/**
 * Return the call that comes to the front when the one there has gone: whom the agent talks to, who
 * waits to be answered, who is on hold, or whose notes were begun last.
 * @param {CallState[]} states
 */
function nextInFront(states) {
  const running = states.filter((state) => !state.hasEnded);
  return (
    running.find(({ call }) => call.phase === "talking") ??
    running.find(({ call }) => call.phase !== "held") ??
    running[0] ??
    states.at(-1)
  );
}

export class CallTabsElement extends CallcardElement {
  static tag = "call-tabs";

  /** Set when the view of a call is loaded. @type {(() => CallPanelElement) | null} */
  createPanel = null;
  /** @type {Map<string, CallPanelElement>} by the calls' ids */
  #panels = new Map();
  /** @type {Map<string, HTMLElement>} by the calls' ids */
  #buttons = new Map();
  /** @type {CallState[]} */
  #states = [];
  #selected = "";
  /** What is in front, and whether there are tabs. */
  #shown = { id: "", isSeveral: false };
  /** Whether the panel that had the focus was removed. */
  #hasLostFocus = false;
  /** Where the agent was typing in the notes of a panel that was removed. @type {{at: number, interactionId: string} | null} */
  #caret = null;
  /** When the agent typed last. */
  #typedAt = -TYPING_MS;
  #tabs = h("div", { class: "tabs", role: "tablist", "aria-label": t("call.tabs"), hidden: true });
  #calls = h("div", { class: "calls" });

  build() {
    this.#calls.addEventListener("input", () => (this.#typedAt = performance.now()));
    this.append(this.#tabs, this.#calls);
  }

  /** The id of the call in front. */
  get selected() {
    return this.#selected;
  }

  /**
   * Bring a new call to the front, unless the agent is talking or typing. When the page loads, a
   * call on hold is behind the others.
   * @param {CallState} state
   */
  open({ id, call }) {
    if (call.phase === "held" && this.#selected) return;
    const isTalking = this.#states.some((state) => state.call.phase === "talking");
    if ((!this.#isTyping && !isTalking) || call.direction === "out") this.#selected = id;
  }

  /** Whether the agent types in a call just now: another one must not take the next keys. */
  get #isTyping() {
    const { activeElement } = document;
    const isField =
      activeElement instanceof HTMLInputElement || activeElement instanceof HTMLTextAreaElement;
    return isField && performance.now() - this.#typedAt < TYPING_MS;
  }

  /** Remove a call's panel. @param {string} id */
  close(id) {
    const panel = this.#panels.get(id);
    const { activeElement } = document;
    const hadFocus = panel?.contains(activeElement);
    // Who types goes on in the notes of the call that goes on.
    if (hadFocus && activeElement instanceof HTMLTextAreaElement)
      this.#caret = { at: activeElement.selectionStart, interactionId: this.#interactionOf(id) };
    panel?.remove();
    this.#panels.delete(id);
    this.#buttons.delete(id);
    this.#hasLostFocus ||= Boolean(hadFocus);
  }

  /**
   * Show the calls as they are now.
   * @param {CallState[]} states
   * @param {(state: CallState) => import("./call-panel.js").PanelContext} contextOf
   */
  show(states, contextOf) {
    const before = this.#shown;
    this.#states = states;
    for (const state of states) {
      const panel = this.#panels.get(state.id) ?? this.#newPanel(state.id);
      // The call that the agent talks on: buttons of another one would hang up on its customer.
      const before = panel?.dataset.phase ?? "talking";
      if (before !== "talking" && state.call.phase === "talking") this.#selected = state.id;
      panel?.show(state, contextOf(state));
    }
    if (!states.some(({ id }) => id === this.#selected))
      this.#selected = nextInFront(states)?.id ?? "";
    this.#arrange();
    // Other buttons lie under the pointer now.
    const isMoved = before.isSeveral !== this.#shown.isSeveral;
    if (before.id && (isMoved || before.id !== this.#selected)) lockPresses(this.#calls);
  }

  /** @param {string} id */
  #newPanel(id) {
    const panel = this.createPanel?.();
    if (!panel) return null;
    panel.id = `call-${id}`;
    this.#panels.set(id, panel);
    this.#calls.append(panel);
    return panel;
  }

  /**
   * Press a button of the call in front; return whether it is there.
   * @param {import("../shared/types.d.ts").Action | "ready" | "done"} name
   */
  press(name) {
    const place = `:is(.slots, .closing) .${name}:not([hidden])`;
    /** @type {HTMLElement | null | undefined} */
    const button = this.#panels.get(this.#selected)?.querySelector(place);
    const isOffered = button && !this.#calls.classList.contains("locked");
    if (isOffered) button.click();
    return isOffered;
  }

  /** Whether the call in front can be passed on. */
  get offersTargets() {
    return this.#panels.get(this.#selected)?.offersTargets ?? false;
  }

  /** Offer a number as whom to pass the call in front on to. @param {string} number */
  offerTarget(number) {
    return this.#panels.get(this.#selected)?.offerTarget(number) ?? false;
  }

  /** Go to the notes of the call in front, or to the card while it has none. */
  focusNotes() {
    this.focusCall();
    this.#panels.get(this.#selected)?.querySelector("textarea")?.focus();
  }

  /** Update what counts the seconds. */
  tick() {
    for (const panel of this.#panels.values()) panel.tick();
    for (const state of this.#states) {
      const left = this.#tabs.querySelector(`#tab-${CSS.escape(state.id)} .left`);
      if (left) left.textContent = timeLeft(state);
    }
  }

  /** Show tabs for several calls, and only the selected call's panel. */
  #arrange() {
    const isSeveral = this.#states.length > 1;
    const { activeElement } = document;
    const hasFocus = this.#tabs.contains(activeElement);
    const hadFocus = this.#calls.contains(activeElement);
    this.#shown = { id: this.#selected, isSeveral };
    this.#tabs.hidden = !isSeveral;
    const tabs = isSeveral ? this.#states.map((each) => this.#tab(each)) : [];
    // Where nothing changes, nothing is moved: a tab may be pressed just now.
    const isOther = tabs.some((tab, at) => tab !== this.#tabs.children[at]);
    if (isOther || tabs.length !== this.#tabs.children.length) this.#tabs.replaceChildren(...tabs);
    for (const [id, panel] of this.#panels) {
      panel.hidden = isSeveral && id !== this.#selected;
      if (isSeveral) {
        panel.setAttribute("role", "tabpanel");
        panel.setAttribute("aria-labelledby", `tab-${id}`);
      } else panel.removeAttribute("role");
    }
    /** @type {HTMLElement | null} */
    const selected = this.#tabs.querySelector("[aria-selected=true]");
    if (hasFocus) selected?.focus();
    const panel = this.#panels.get(this.#selected);
    if (this.#hasLostFocus || (hadFocus && !panel?.contains(activeElement))) panel?.focus();
    const { at, interactionId } = this.#caret ?? {};
    if (
      at !== undefined &&
      interactionId &&
      interactionId === this.#interactionOf(this.#selected)
    ) {
      const notes = panel?.querySelector("textarea");
      notes?.focus();
      notes?.setSelectionRange(at, at);
    }
    this.#caret = null;
    this.#hasLostFocus = false;
  }

  /** @param {string} id */
  #interactionOf(id) {
    return this.#states.find((state) => state.id === id)?.notes.interaction?.id ?? "";
  }

  /** Focus the call in front; the search has the focus otherwise. @returns {boolean} */
  focusCall() {
    const panel = this.#panels.get(this.#selected);
    panel?.focus();
    return Boolean(panel);
  }

  /** @param {string} id */
  #select(id) {
    this.#selected = id;
    this.#arrange();
    emit(this, "callcard-call-selected", { callId: id });
  }

  /** Return a call's tab as it is now. @param {CallState} state */
  #tab(state) {
    const { id, call } = state;
    const isSelected = id === this.#selected;
    const tab = this.#buttons.get(id) ?? this.#newTab(id);
    this.#buttons.set(id, tab);
    tab.setAttribute("aria-selected", String(isSelected));
    tab.tabIndex = isSelected ? 0 : -1;
    tab.dataset.phase = call.phase;
    tab.replaceChildren(
      isolate(this.#panels.get(id)?.caller?.name || call.number),
      state.needsFinishing ? h("span", { class: "left" }, timeLeft(state)) : "",
    );
    return tab;
  }

  /** @param {string} id */
  #newTab(id) {
    return h("button", {
      type: "button",
      role: "tab",
      dir: "auto",
      id: `tab-${id}`,
      "aria-controls": `call-${id}`,
      onclick: () => this.#select(id),
      onkeydown: (/** @type {KeyboardEvent} */ event) => this.#onKey(event, id),
    });
  }

  /**
   * Select the next or the previous call by the arrow keys.
   * @param {KeyboardEvent} event @param {string} id
   */
  #onKey({ key }, id) {
    const isRtl = document.documentElement.dir === "rtl";
    const steps = { ArrowRight: isRtl ? -1 : 1, ArrowLeft: isRtl ? 1 : -1 };
    const step = key === "ArrowRight" || key === "ArrowLeft" ? steps[key] : 0;
    if (!step) return;
    const ids = this.#states.map((state) => state.id);
    this.#select(ids[(ids.indexOf(id) + step + ids.length) % ids.length]);
  }
}
