// <call-controls>: the buttons that Finesse allows right now. Fires `order` with the action's name.

import { h, tell } from "../shared/dom.js";
import { t } from "../shared/texts.js";

/** @typedef {import("./call.js").Action} Action */

/** @type {Record<Action, () => string>} */
const LABELS = {
  answer: () => t("action.answer"),
  retrieve: () => t("action.retrieve"),
  hold: () => t("action.hold"),
  drop: () => t("action.drop"),
};

export class CallControlsElement extends HTMLElement {
  #shown = "";

  /** @param {Action[]} actions @param {Action | ""} pending the one that is on its way; all wait for it */
  show(actions, pending) {
    const shown = JSON.stringify([actions, pending]);
    if (shown === this.#shown) return;
    this.#shown = shown;
    const focused = /** @type {HTMLElement | null} */ (this.contains(document.activeElement) ? document.activeElement : null);
    this.setAttribute("role", "group");
    this.setAttribute("aria-label", t("action.group"));
    this.replaceChildren(...actions.map((action) => this.#button(action, pending)));
    // Who works by keyboard stays here, although the button they pressed is another now.
    /** @param {string} selector @returns {HTMLElement | null} */
    const button = (selector) => this.querySelector(selector);
    if (focused) (button(`.${focused.className}`) ?? button("button"))?.focus();
  }

  /** @param {Action} action @param {Action | ""} pending */
  #button(action, pending) {
    // aria-disabled rather than disabled: a disabled button loses the focus.
    const waiting = pending !== "";
    const press = () => !waiting && tell(this, "order", action);
    const label = pending === action ? t("action.pending", { action: LABELS[action]() }) : LABELS[action]();
    return h(
      "button",
      { type: "button", class: action, "aria-disabled": waiting, "aria-busy": pending === action, onclick: press },
      label,
    );
  }
}
