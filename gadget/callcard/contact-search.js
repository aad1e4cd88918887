// <contact-search>: find a contact by the beginnings of words, or call a number. Fires `dial` (number) and `picked` (contact).

import { api } from "../shared/api.js";
import { h, own, phone, tell, uniqueId } from "../shared/dom.js";
import { t } from "../shared/texts.js";
import { sentence } from "./failures.js";

/** @typedef {import("../shared/types.d.ts").Contact} Contact */

/** Milliseconds of quiet before what was typed is searched. */
const QUIET = 200;
const NUMBER = /^\+?[\d\s()./*#-]{3,}$/;

export class ContactSearchElement extends HTMLElement {
  #input = h("input", {
    id: uniqueId("search"),
    type: "search",
    autocomplete: "off",
    dir: "auto",
    maxlength: 200,
  });
  #call = h("button", { type: "submit", class: "dial-button" });
  #results = h("div", { class: "results" });
  #said = h("p", { class: "about", role: "status" });
  #asking = new AbortController();
  #timer = 0;
  #dialling = false;

  connectedCallback() {
    if (this.firstChild) return;
    this.#input.placeholder = t("search.placeholder");
    this.#call.textContent = t("dial.button");
    const form = h(
      "form",
      { role: "search" },
      h("label", { for: this.#input.id, class: "hidden" }, t("search.label")),
      this.#input,
      this.#call,
    );
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      if (this.#isNumber && !this.#dialling) tell(this, "dial", this.#input.value.trim());
    });
    this.#input.addEventListener("input", () => this.#typed());
    this.addEventListener("keydown", (event) => {
      if (event.key === "Escape") this.clear();
    });
    this.append(form, this.#said, this.#results);
    this.dialling(false);
  }

  disconnectedCallback() {
    this.#asking.abort();
    clearTimeout(this.#timer);
  }

  /** Whether a call is being set up: a second press would be a second call. @param {boolean} now */
  dialling(now) {
    this.#dialling = now;
    this.#call.disabled = now || !this.#isNumber;
  }

  focus() {
    this.#input.focus();
  }

  /** Search as if `text` had been typed. @param {string} text */
  find(text) {
    this.#input.value = text;
    this.#typed();
  }

  clear() {
    this.#input.value = "";
    this.#typed();
  }

  get #isNumber() {
    return NUMBER.test(this.#input.value.trim());
  }

  #typed() {
    this.dialling(this.#dialling);
    clearTimeout(this.#timer);
    this.#asking.abort();
    const text = this.#input.value.trim();
    if (text.length < 2) {
      this.#results.replaceChildren();
      this.#said.textContent = "";
      return;
    }
    this.#timer = setTimeout(() => void this.#search(text), QUIET);
  }

  /** @param {string} text */
  async #search(text) {
    this.#asking = new AbortController();
    const { signal } = this.#asking;
    try {
      const { contacts } = await api.search(text, signal);
      if (signal.aborted) return;
      this.#said.textContent = contacts.length
        ? t("search.found", { count: contacts.length })
        : t("search.none");
      this.#results.replaceChildren(
        contacts.length
          ? h(
              "ul",
              {},
              contacts.map((contact) => h("li", {}, this.#row(contact))),
            )
          : "",
      );
    } catch (error) {
      if (!signal.aborted) this.#said.textContent = sentence(error);
    }
  }

  /** @param {Contact} contact */
  #row(contact) {
    const { name, company, numbers } = contact;
    const dial = numbers[0];
    return [
      h(
        "button",
        { type: "button", class: "pick", onclick: () => tell(this, "picked", contact) },
        h("strong", {}, own(name || company)),
        name && company ? h("span", {}, own(company)) : "",
      ),
      dial
        ? h(
            "button",
            {
              type: "button",
              class: "dial",
              "aria-label": t("dial.call", { number: dial.number }),
              onclick: () => tell(this, "dial", dial.e164 ?? dial.number),
            },
            phone(dial.number),
          )
        : "",
    ];
  }
}

customElements.define("contact-search", ContactSearchElement);
