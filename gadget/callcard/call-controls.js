// <call-controls>: the buttons that Finesse allows right now. Fires `order` with {action, call?}, or `drawer` with the name of what a
// button opens: whom to transfer to, the keypad, the time of a callback.

import { h, tell } from "../shared/dom.js";
import { t } from "../shared/texts.js";

/** @typedef {import("./call.js").Action} Action */
/** @typedef {"targets" | "keypad" | "callback"} Drawer */
/** @typedef {{action: Action, call: string}} Borrowed an action on another call of the agent's, which is about this one too */

/** @type {Record<Action, () => string>} */
const LABELS = {
  accept: () => t("action.accept"),
  reject: () => t("action.reject"),
  close: () => t("action.close"),
  answer: () => t("action.answer"),
  retrieve: () => t("action.retrieve"),
  hold: () => t("action.hold"),
  "complete-transfer": () => t("action.completeTransfer"),
  conference: () => t("action.conference"),
  consult: () => t("action.consult"),
  transfer: () => t("action.transfer"),
  dtmf: () => t("action.dtmf"),
  record: () => t("action.record"),
  callback: () => t("action.callback"),
  "cancel-callback": () => t("action.cancelCallback"),
  data: () => t("action.data"),
  "wrap-up": () => t("action.wrapUp"),
  drop: () => t("action.drop"),
};

/** What a button opens instead of being done at once. @type {Partial<Record<Action, Drawer>>} */
const DRAWERS = { consult: "targets", transfer: "targets", dtmf: "keypad", callback: "callback" };
/** Not buttons here: what is written is written elsewhere in the card. */
const ELSEWHERE = ["data", "wrap-up"];

export class CallControlsElement extends HTMLElement {
  #shown = "";

  /**
   * @param {Action[]} actions @param {Action | ""} pending the one that is on its way @param {boolean} waiting whether all wait for one
   * @param {Borrowed[]} borrowed @param {Drawer | ""} open
   */
  show(actions, pending, waiting, borrowed, open) {
    const shown = JSON.stringify([actions, pending, waiting, borrowed, open]);
    if (shown === this.#shown) return;
    this.#shown = shown;
    const focused = /** @type {HTMLElement | null} */ (
      this.contains(document.activeElement) ? document.activeElement : null
    );
    this.setAttribute("role", "group");
    this.setAttribute("aria-label", t("action.group"));
    const lent = borrowed.filter(({ action }) => !actions.includes(action));
    const own = actions.filter(
      (action) =>
        !ELSEWHERE.includes(action) &&
        action !== "drop" &&
        !(action === "transfer" && actions.includes("consult")),
    );
    this.replaceChildren(
      ...own.map((action) =>
        DRAWERS[action]
          ? this.#opener(action, waiting, open)
          : this.#button(action, pending, waiting),
      ),
      ...lent.map(({ action, call }) => this.#button(action, pending, waiting, call)),
      ...(actions.includes("drop") ? [this.#button("drop", pending, waiting)] : []),
    );
    // Who works by keyboard stays here, although the button they pressed is another now.
    /** @param {string} selector @returns {HTMLElement | null} */
    const button = (selector) => this.querySelector(selector);
    if (focused) (button(`.${focused.className}`) ?? button("button"))?.focus();
  }

  /** @param {Action} action @param {Action | ""} pending @param {boolean} waiting @param {string} [call] */
  #button(action, pending, waiting, call) {
    // aria-disabled rather than disabled: a disabled button loses the focus.
    const press = () => !waiting && tell(this, "order", { action, call });
    const label =
      pending === action ? t("action.pending", { action: LABELS[action]() }) : LABELS[action]();
    return h(
      "button",
      {
        type: "button",
        class: action,
        "aria-disabled": waiting,
        "aria-busy": pending === action,
        onclick: press,
      },
      label,
    );
  }

  /** @param {Action} action @param {boolean} waiting @param {Drawer | ""} open */
  #opener(action, waiting, open) {
    const drawer = DRAWERS[action];
    const label =
      action === "consult" ? t("action.pass") : t("action.more", { action: LABELS[action]() });
    const press = () => tell(this, "drawer", drawer);
    return h(
      "button",
      {
        type: "button",
        class: action,
        "aria-disabled": waiting && open !== drawer,
        "aria-expanded": open === drawer,
        onclick: press,
      },
      label,
    );
  }
}

customElements.define("call-controls", CallControlsElement);
