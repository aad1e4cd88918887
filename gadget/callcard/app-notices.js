// <app-notices>: how the connections to Finesse and to the service are, and how dialling goes.

import { h } from "../shared/dom.js";
import { CallcardElement } from "../shared/element.js";
import { afterPress } from "../shared/press.js";
import { formatTime, t } from "../shared/texts.js";

export class AppNoticesElement extends CallcardElement {
  static tag = "app-notices";

  #connection = h("div", { class: "notice", role: "alert", hidden: true });
  #service = h("div", { class: "notice", role: "status", hidden: true });
  #serviceText = "";
  #shown = "";
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #messageTimer;
  #message = h("div", { class: "notice", role: "alert", hidden: true });

  build() {
    this.append(this.#connection, this.#service, this.#message);
    this.#update();
  }

  /**
   * Show how the connection is; without a text it is well.
   * @param {string} text @param {boolean} [mayReload]
   */
  setConnection(text, mayReload = false) {
    const reload = h(
      "button",
      { type: "button", onclick: () => location.reload() },
      t("lookup.retry"),
    );
    this.#connection.hidden = !text;
    this.#connection.replaceChildren(h("span", {}, text), mayReload ? reload : "");
    this.#update();
  }

  /**
   * Show since when the service does not answer; null if it does.
   * @param {number | null} downSince in milliseconds
   */
  setService(downSince) {
    this.#service.hidden = downSince === null;
    this.#serviceText =
      downSince === null ? "" : t("service.down", { time: formatTime(downSince) });
    this.#update();
  }

  /**
   * Show a message until the next one, or none.
   * @param {string} text @param {number} [milliseconds] how long, if not until the next one
   */
  setMessage(text, milliseconds) {
    clearTimeout(this.#messageTimer);
    const clear = () => afterPress(() => this.setMessage(""));
    if (milliseconds) this.#messageTimer = setTimeout(clear, milliseconds);
    this.#message.hidden = !text;
    this.#message.textContent = text;
    this.#update();
  }

  /** Called when what is below moves. */
  onShift = () => {};

  #update() {
    // Without Finesse they do not.
    const callsWork = this.#serviceText && this.#connection.hidden && t("service.callsWork");
    this.#service.textContent = [this.#serviceText, callsWork].filter(Boolean).join(" ");
    const shown = this.textContent;
    if (shown !== this.#shown) this.onShift();
    this.#shown = shown;
    this.hidden = [this.#connection, this.#service, this.#message].every(({ hidden }) => hidden);
  }
}
