// <call-controls>: a call's buttons, each in its place while the call goes on. Fires
// `callcard-call-command`, or `callcard-drawer-toggled` for a button that asks for more: whom to
// transfer to, the keypad, the time of a callback.

import { emit, h } from "../shared/dom.js";
import { CallcardElement } from "../shared/element.js";
import { t } from "../shared/texts.js";
import { InlineQuestionElement } from "../shared/inline-question.js";

/** @typedef {import("../shared/types.d.ts").Action} Action */
/** @typedef {import("./call-slots.js").Slot} Slot */
/** @typedef {"targets" | "keypad" | "callback"} Drawer */

/**
 * @typedef {object} ControlsState
 * @property {Action | ""} pending this call's action that is awaited
 * @property {boolean} isBusy whether a command to any call is awaited
 * @property {Drawer | ""} drawer the one that is open
 */

/** What a button opens before its command is sent. @type {Partial<Record<Action, Drawer>>} */
const DRAWERS = { consult: "targets", dtmf: "keypad", callback: "callback" };
/** Milliseconds in which a button that has just changed takes no press: it was for the other. */
const BUTTON_LOCK_MS = 500;

export class CallControlsElement extends CallcardElement {
  static tag = "call-controls";

  #callId = "";
  #shown = "";
  /** @type {Slot[]} */
  #slots = [];
  /** Until when a place takes no press, by its number. @type {Map<number, number>} */
  #locks = new Map();
  #buttons = h("div", { class: "slots", role: "group", "aria-label": t("action.group") });
  #question = new InlineQuestionElement();

  build() {
    this.append(this.#buttons, this.#question);
  }

  /**
   * Show a call's buttons.
   * @param {string} callId @param {Slot[]} slots @param {ControlsState} state
   */
  show(callId, slots, state) {
    const shownSlots = JSON.stringify(slots);
    const shown = shownSlots + JSON.stringify(state);
    if (shown === this.#shown) return;
    // The question was about another situation.
    if (!this.#shown.startsWith(shownSlots)) this.#question.close();
    this.#shown = shown;
    this.#question.isBusy = state.isBusy;
    this.#callId = callId;
    slots.forEach(({ action }, place) => {
      const before = this.#slots[place]?.action;
      if (before && before !== action) this.#locks.set(place, performance.now() + BUTTON_LOCK_MS);
    });
    this.#slots = slots;
    this.hidden = !slots.some(({ isAllowed }) => isAllowed);
    const { activeElement } = document;
    const focused = this.#buttons.contains(activeElement) ? activeElement : null;
    this.#buttons.replaceChildren(...slots.map((slot, place) => this.#button(slot, place, state)));
    // The focus does not go on to another button: one press more would do something else.
    if (!(focused instanceof HTMLElement)) return;
    /** @type {HTMLElement | null} */
    const same = this.#buttons.querySelector(`.${focused.className}`);
    same?.focus();
  }

  /** @param {Slot} slot @param {number} place @param {ControlsState} state */
  #button(slot, place, { pending, isBusy, drawer: open }) {
    const { action, label, labels, isAllowed } = slot;
    const drawer = DRAWERS[action];
    const isPending = pending === action;
    const press = (/** @type {MouseEvent} */ { detail: clicks }) => {
      // The second click of a double click would press what has taken the button's place.
      if (isBusy || clicks > 1) return;
      if (slot.question) this.#ask(slot);
      else this.#send(slot);
    };
    const toggle = () =>
      drawer && emit(this, "callcard-drawer-toggled", { callId: this.#callId, drawer });
    const lockMs = (this.#locks.get(place) ?? 0) - performance.now();
    // What opens a drawer ends in dots already.
    const withDots = (/** @type {string} */ text) =>
      drawer ? text : t("action.more", { action: text });
    const button = h(
      "button",
      {
        type: "button",
        class: action,
        disabled: (!isAllowed && !isPending) || lockMs > 0,
        // A disabled button would lose the focus.
        "aria-disabled": isBusy && !(drawer && open === drawer),
        "aria-busy": isPending,
        "data-asks": Boolean(slot.question),
        "aria-expanded": drawer ? open === drawer : null,
        // What follows it stays in its place.
        "data-labels": labels.map(withDots).join("\n"),
        onclick: drawer ? toggle : press,
      },
      isPending ? withDots(label) : label,
    );
    if (isAllowed && lockMs > 0) setTimeout(() => (button.disabled = false), lockMs);
    return button;
  }

  /** @param {Slot} slot */
  #send({ action, callId }) {
    emit(this, "callcard-call-command", { callId, action, shownOn: this.#callId });
  }

  /** Ask before an action is done. @param {Slot} slot */
  #ask(slot) {
    const send = () => this.#send(slot);
    this.#question.ask(slot.question, slot.label, send, () => {
      /** @type {HTMLElement | null} */
      const asking = this.#buttons.querySelector(`.${slot.action}`);
      asking?.focus();
    });
  }
}
