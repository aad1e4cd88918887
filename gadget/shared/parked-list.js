// <parked-list>: calls that could not be saved in the CRM, each with a button to try again. Fires
// `callcard-delivery-retry`.

import { h, isolate, phoneNumber, request } from "./dom.js";
import { CallcardElement } from "./element.js";
import { errorText } from "./errors.js";
import { formatDate, t } from "./texts.js";

/** @typedef {import("./types.d.ts").Interaction} Interaction */

export class ParkedListElement extends CallcardElement {
  static tag = "parked-list";

  /**
   * Show the parked interactions, unless somebody is working in the list.
   * @param {Interaction[]} parked
   */
  show(parked) {
    if (this.contains(document.activeElement) && parked.length) return;
    if (!parked.length) return this.replaceChildren();
    const title = h("h3", {}, t("parked.title", { count: parked.length }));
    const rows = parked.map((interaction) => this.#row(interaction, title));
    this.replaceChildren(title, h("ul", {}, rows));
  }

  /** @param {Interaction} interaction @param {HTMLElement} title says how many there are */
  #row({ id, number, started_at, contact, problem, needs_supervisor }, title) {
    const error = h("span", { class: "error", role: "status" });
    const retry = async () => {
      try {
        await request(this, "callcard-delivery-retry", { id });
        row.remove();
        const count = this.querySelectorAll("li").length;
        if (!count) this.replaceChildren();
        else title.textContent = t("parked.title", { count });
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
