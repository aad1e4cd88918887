// <call-drawer>: what the buttons of a call open below them, one at a time.

import { h, reveal } from "../shared/dom.js";
import { CallcardElement } from "../shared/element.js";
import { formatDate, t } from "../shared/texts.js";
import { loadLater } from "./load-later.js";

/** @typedef {import("./call-controls.js").Drawer} Drawer */
/** @typedef {import("../shared/types.d.ts").Action} Action */
/** @typedef {import("./transfer-targets.js").TransferTargetsElement} TransferTargetsElement */
/** @typedef {import("./transfer-targets.js").TransferAction} TransferAction */

/** The actions that need each drawer. @type {Record<Drawer, Action[]>} */
const DRAWER_ACTIONS = {
  targets: ["consult", "transfer"],
  keypad: ["dtmf"],
  callback: ["callback"],
};

export class CallDrawerElement extends CallcardElement {
  static tag = "call-drawer";

  /** What is open. @type {Drawer | ""} */
  opened = "";
  /** Called after it was opened or closed. @type {(hadFocus: boolean) => void} */
  onToggle = () => {};
  #callId = "";
  /** The customer's, or empty. */
  #timeZone = "";
  /** What Finesse allows. @type {Action[]} */
  #actions = [];
  #isBusy = false;
  /** The action that was confirmed last. */
  #confirmed = "";
  #hasFailed = false;
  /** Resolves when what was opened last has its content. @type {Promise<void>} */
  #filled = Promise.resolve();

  build() {
    this.hidden = true;
  }

  /**
   * Follow a call: what Finesse does not allow any more is closed.
   * @param {import("../shared/call-state.js").CallState} state
   * @param {{isBusy: boolean}} context
   */
  show({ id, call: { actions, phase }, confirmedAction, failure, customer }, { isBusy }) {
    this.#callId = id;
    this.#timeZone = customer.timeZone;
    this.#hasFailed = failure?.outcome === "refused" || failure?.outcome === "failed";
    this.#actions = actions;
    this.#isBusy = isBusy;
    const isConfirmed = confirmedAction !== this.#confirmed && confirmedAction === this.opened;
    this.#confirmed = confirmedAction;
    if (isConfirmed) this.close(); // it was for that
    if (this.opened && !this.offers(this.opened)) this.#end(phase === "ended");
    this.#update();
  }

  /** Open a drawer, or close it if it is open. @param {Drawer} drawer */
  toggle(drawer) {
    if (drawer === this.opened) this.close();
    else void this.#open(drawer);
  }

  /**
   * Close what Finesse does not allow now. A time that was typed for a callback stays, on hold for
   * example, until the call is over; then it is said that it is lost.
   * @param {boolean} isOver
   */
  #end(isOver) {
    /** @type {HTMLInputElement | null} */
    const time = this.querySelector("input[type=datetime-local]");
    const { value = "", validity: { badInput } = {} } = time ?? {};
    const isTyped = value || badInput;
    if (isTyped && !isOver) return;
    this.close();
    if (!isTyped) return;
    const lost = value ? formatDate(value, true) : t("callback.whenThere");
    this.hidden = false;
    this.append(h("p", { class: "error", role: "alert" }, t("call.lost", { value: lost })));
  }

  /** Close what is open. */
  close() {
    if (this.opened) this.#change("");
  }

  /**
   * Search for a number in the transfer targets; return whether Finesse allows a consult or a
   * transfer now.
   * @param {string} number
   */
  offerTarget(number) {
    if (!this.offers("targets")) return false;
    const filled = this.opened === "targets" ? this.#filled : this.#open("targets");
    void filled.then(() => this.#targets?.find(number));
    return true;
  }

  /** Resolve when the drawer shows its content. @param {Drawer} drawer */
  #open(drawer) {
    this.#change(drawer);
    this.#filled = this.#fill(drawer);
    return this.#filled;
  }

  /** @param {Drawer | ""} opened */
  #change(opened) {
    const hadFocus = this.contains(document.activeElement);
    this.opened = opened;
    this.hidden = !opened;
    this.replaceChildren();
    this.onToggle(hadFocus);
  }

  /** @param {Drawer} drawer */
  async #fill(drawer) {
    /** @type {HTMLElement} */
    let content;
    try {
      const { drawerContent } = await loadLater();
      content = drawerContent(drawer, this.#callId, this.#timeZone);
    } catch {
      content = h("p", { class: "error", role: "alert" }, t("error.load"));
    }
    if (this.opened !== drawer || this.firstChild) return; // closed meanwhile, or filled already
    this.replaceChildren(content);
    this.#update();
    content.focus();
    reveal(content);
  }

  #update() {
    this.#targets?.setActions(this.#transferActions);
    const content = this.firstElementChild;
    if (content?.localName === "call-keypad")
      /** @type {import("./call-keypad.js").CallKeypadElement} */ (content).setBusy(
        this.#isBusy,
        this.#hasFailed,
      );
  }

  /** The open list of targets. @returns {TransferTargetsElement | null} */
  get #targets() {
    return this.querySelector("transfer-targets");
  }

  /** The transfer actions that Finesse allows. @returns {TransferAction[]} */
  get #transferActions() {
    /** @type {TransferAction[]} */
    const actions = ["consult", "transfer"];
    return actions.filter((action) => this.#actions.includes(action));
  }

  /** Whether Finesse allows what is in a drawer. @param {Drawer} drawer */
  offers(drawer) {
    return DRAWER_ACTIONS[drawer].some((action) => this.#actions.includes(action));
  }
}
