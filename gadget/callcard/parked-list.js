// <parked-list>: calls that the CRM does not take, where somebody sees them, and a button to offer them again.

import { api } from "../shared/api.js";
import { h, own, phone } from "../shared/dom.js";
import { moment, t } from "../shared/texts.js";
import { sentence } from "./failures.js";

/** @typedef {import("../shared/types.d.ts").Interaction} Interaction */

export class ParkedListElement extends HTMLElement {
  async read() {
    try {
      this.#draw((await api.parked()).interactions);
    } catch {
      // what is shown stays; it is looked at again
    }
  }

  /** @param {Interaction[]} parked */
  #draw(parked) {
    if (this.contains(document.activeElement) && parked.length) return;
    this.replaceChildren(
      ...(parked.length
        ? [
            h("h3", {}, t("parked.title", { count: parked.length })),
            h(
              "ul",
              {},
              parked.map((interaction) => this.#row(interaction)),
            ),
          ]
        : []),
    );
  }

  /** @param {Interaction} interaction */
  #row({ id, number, began, contact, problem }) {
    const error = h("span", { class: "error", role: "status" });
    const again = async () => {
      try {
        await api.retry(id);
        row.remove();
        if (!this.querySelector("li")) this.replaceChildren();
      } catch (failure) {
        error.textContent = sentence(failure);
      }
    };
    const row = h(
      "li",
      {},
      h(
        "span",
        { class: "who" },
        h("strong", {}, contact?.name ? own(contact.name) : phone(number)),
        h("span", { class: "about" }, moment(began), " · ", own(problem)),
      ),
      h("button", { type: "button", onclick: () => void again() }, t("lookup.retry")),
      error,
    );
    return row;
  }
}

customElements.define("parked-list", ParkedListElement);
