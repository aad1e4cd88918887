// <parked-list>: calls that could not be saved in the CRM, each with a button to try again. Fires
// `callcard-delivery-retry`.

import { h, isolate, lockPresses, phoneNumber, request } from "./dom.js";
import { CallcardElement } from "./element.js";
import { errorText } from "./errors.js";
import { keepRows } from "./kept-rows.js";
import { formatDate, t } from "./texts.js";

/** @typedef {import("./types.d.ts").Interaction} Interaction */

export class ParkedListElement extends CallcardElement {
  static tag = "parked-list";

  /** Says how many there are. */
  #title = h("h3");
  #list = h("ul");

  /** Show the parked interactions, those that are new last. @param {Interaction[]} parked */
  show(parked) {
    keepRows(this.#list, parked, (interaction) => this.#row(interaction));
    this.#showCount();
  }

  #showCount() {
    const count = this.#list.childElementCount;
    this.#title.textContent = t("parked.title", { count });
    if (!count) this.replaceChildren();
    else if (!this.firstChild) this.append(this.#title, this.#list);
  }

  /** @param {Interaction} interaction */
  #row({ id, number, started_at, contact, problem, needs_supervisor }) {
    const error = h("span", { class: "error", role: "status" });
    const retry = async () => {
      try {
        await request(this, "callcard-delivery-retry", { id });
        row.remove();
        lockPresses(this.#list);
        this.#showCount();
      } catch (failure) {
        error.textContent = errorText(failure);
      }
    };
    const reason = needs_supervisor
      ? t("parked.unverified")
      : t("parked.because", { detail: problem });
    const who = contact?.name ? isolate(contact.name) : phoneNumber(number);
    const row = h(
      "li",
      {},
      h(
        "span",
        { class: "who" },
        h("strong", {}, who),
        h("span", { class: "about" }, formatDate(started_at), " · ", reason),
      ),
      needs_supervisor
        ? ""
        : h("button", { type: "button", onclick: () => void retry() }, t("lookup.retry")),
      error,
    );
    return row;
  }
}
