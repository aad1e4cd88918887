// <callback-list>: customers who are to be called. One press calls, not ready for others with the chosen reason until it is over.
// Fires `callback` with {id, reason} to call.

import { api } from "../shared/api.js";
import { desktop } from "../shared/desktop.js";
import { h, own, phone, tell, uniqueId } from "../shared/dom.js";
import { moment, t } from "../shared/texts.js";
import { sentence } from "./failures.js";

/** @typedef {import("../shared/types.d.ts").Callback} Callback */
/** @typedef {import("../shared/types.d.ts").Reason} Reason */

const KEY = "callcard.callbackReason";

export class CallbackListElement extends HTMLElement {
  /** @type {Callback[]} */
  #callbacks = [];
  /** @type {Reason[]} */
  #reasons = [];
  #said = h("p", { class: "error", role: "alert" });
  #list = h("div", {});
  /** Whether what is said is that the list could not be read. */
  #unread = false;

  connectedCallback() {
    if (!this.firstChild) this.append(this.#list, this.#said);
  }

  /** @param {Reason[]} reasons to be not ready with meanwhile */
  offer(reasons) {
    this.#reasons = reasons;
    this.#draw();
  }

  async read() {
    try {
      this.#callbacks = (await api.callbacks()).callbacks;
      if (this.#unread) this.fail("");
      this.#unread = false;
      this.#draw();
    } catch (error) {
      this.#unread = this.#callbacks.length > 0;
      if (this.#unread) this.fail(sentence(error));
    }
  }

  /** @param {string} text */
  fail(text) {
    this.#said.textContent = text;
  }

  #draw() {
    const focused = this.contains(document.activeElement);
    if (focused && document.activeElement instanceof HTMLSelectElement) return;
    if (!this.#callbacks.length) return this.#list.replaceChildren();
    const id = uniqueId("reason");
    const kept = remembered();
    const select = h(
      "select",
      { id },
      h("option", { value: "" }, t("callback.keepState")),
      this.#reasons.map((reason) =>
        h("option", { value: reason.id, selected: reason.id === kept }, reason.label),
      ),
    );
    select.addEventListener("change", () => remember(select.value));
    this.#list.replaceChildren(
      h("h3", {}, t("callback.title")),
      h(
        "ul",
        { class: "callbacks" },
        this.#callbacks.map((callback) => this.#row(callback, select)),
      ),
      h("p", { class: "row about" }, h("label", { for: id }, t("callback.while")), select),
    );
    return undefined;
  }

  /** @param {Callback} callback @param {HTMLSelectElement} select */
  #row({ id, name, display, number, at, note, tried }, select) {
    const shown = display || number;
    const late = at && Date.parse(at) < desktop.now;
    return h(
      "li",
      {},
      h(
        "span",
        { class: "who" },
        h("strong", {}, name ? own(name) : phone(shown)),
        h(
          "span",
          { class: "about" },
          name ? phone(shown) : "",
          at ? [name ? " · " : "", h("span", { class: late ? "late" : "" }, moment(at))] : "",
          tried ? [" · ", t("callback.tried", { at: moment(tried) })] : "",
          note ? [" · ", own(note)] : "",
        ),
      ),
      h(
        "button",
        {
          type: "button",
          class: "primary",
          "aria-label": t("dial.call", { number: name || shown }),
          onclick: () => tell(this, "callback", { id, reason: select.value }),
        },
        t("dial.button"),
      ),
      h(
        "button",
        {
          type: "button",
          class: "quiet",
          "aria-label": t("callback.doneWho", { who: name || shown }),
          onclick: () => void this.#done(id),
        },
        t("callback.done"),
      ),
    );
  }

  /** @param {string} id */
  async #done(id) {
    try {
      await api.closeCallback(id, "done");
      await this.read();
    } catch (error) {
      this.fail(sentence(error));
    }
  }
}

customElements.define("callback-list", CallbackListElement);

function remembered() {
  try {
    return localStorage.getItem(KEY) ?? "";
  } catch {
    return "";
  }
}

/** @param {string} reason */
function remember(reason) {
  try {
    localStorage.setItem(KEY, reason);
  } catch {
    // forbidden: it is chosen again next time
  }
}
