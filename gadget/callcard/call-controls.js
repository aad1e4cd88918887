// <call-controls>: the buttons for what Finesse allows now. Fires `callcard-call-command`, or
// `callcard-drawer-toggled` for a button that asks for more: whom to transfer to, the keypad, the
// time of a callback.

import { emit, h } from "../shared/dom.js";
import { CallcardElement } from "../shared/element.js";
import { t } from "../shared/texts.js";

/** @typedef {import("../shared/call.js").Call} Call */
/** @typedef {import("../shared/types.d.ts").Action} Action */
/** @typedef {"targets" | "keypad" | "callback"} Drawer */

/**
 * @typedef {object} ControlsState
 * @property {Action | ""} pending this call's action that is awaited
 * @property {boolean} isBusy whether a command to any call is awaited
 * @property {{action: Action, callId: string}[]} lent actions of another call, for this one too
 * @property {Drawer | ""} drawer the one that is open
 */

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

/** What a button opens before its command is sent. @type {Partial<Record<Action, Drawer>>} */
const DRAWERS = { consult: "targets", transfer: "targets", dtmf: "keypad", callback: "callback" };

export class CallControlsElement extends CallcardElement {
  static tag = "call-controls";

  #callId = "";
  #shown = "";

  /** Show a call's buttons. @param {Call} call @param {ControlsState} state */
  show({ id, actions }, state) {
    const shown = JSON.stringify([actions, state]);
    if (shown === this.#shown) return;
    this.#shown = shown;
    this.#callId = id;
    this.setAttribute("role", "group");
    this.setAttribute("aria-label", t("action.group"));
    const { activeElement } = document;
    const focused = this.contains(activeElement) ? activeElement : null;
    this.replaceChildren(...this.#buttons(actions, state));
    // The focus does not go on to another button: one press more would do something else.
    if (!(focused instanceof HTMLElement)) return;
    /** @type {HTMLElement | null} */
    const same = this.querySelector(`.${focused.className}`);
    same?.focus();
  }

  /** @param {Action[]} actions @param {ControlsState} state */
  #buttons(actions, state) {
    const own = actions.filter(
      (action) =>
        action !== "data" &&
        action !== "wrap-up" &&
        action !== "drop" &&
        !(action === "transfer" && actions.includes("consult")),
    );
    const buttons = own.map((action) =>
      DRAWERS[action]
        ? this.#opener(action, DRAWERS[action], state)
        : this.#button(action, this.#callId, state),
    );
    for (const { action, callId } of state.lent)
      if (!actions.includes(action)) buttons.push(this.#button(action, callId, state));
    if (actions.includes("drop")) buttons.push(this.#button("drop", this.#callId, state));
    return buttons;
  }

  /** @param {Action} action @param {string} callId @param {ControlsState} state */
  #button(action, callId, { pending, isBusy }) {
    const label = LABELS[action]();
    const press = (/** @type {MouseEvent} */ { detail: clicks }) => {
      // The second click of a double click would press what has taken the button's place.
      if (!isBusy && clicks < 2)
        emit(this, "callcard-call-command", { callId, action, shownOn: this.#callId });
    };
    return h(
      "button",
      {
        type: "button",
        class: action,
        "aria-disabled": isBusy, // a disabled button would lose the focus
        "aria-busy": pending === action,
        onclick: press,
      },
      pending === action ? t("action.pending", { action: label }) : label,
    );
  }

  /** @param {Action} action @param {Drawer} drawer @param {ControlsState} state */
  #opener(action, drawer, { isBusy, drawer: open }) {
    const label =
      drawer === "targets"
        ? t("action.transferMenu")
        : t("action.more", { action: LABELS[action]() });
    return h(
      "button",
      {
        type: "button",
        class: action,
        "aria-disabled": isBusy && open !== drawer,
        "aria-expanded": open === drawer,
        onclick: () => emit(this, "callcard-drawer-toggled", { callId: this.#callId, drawer }),
      },
      label,
    );
  }
}
