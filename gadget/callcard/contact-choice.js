// <contact-choice>: several contacts match the caller's number. Fires `callcard-contact-chosen`.

import { emit, h, isolate, lockPresses, moveByArrows } from "../shared/dom.js";
import { CallcardElement } from "../shared/element.js";
import { formatDate, t } from "../shared/texts.js";
import { flagsOf } from "./contact-flags.js";

/** @typedef {import("../shared/types.d.ts").Match} Match */

export class ContactChoiceElement extends CallcardElement {
  static tag = "contact-choice";

  /**
   * Show the matches of a call.
   * @param {string} callId @param {Match[]} matches the likeliest first
   * @param {boolean} isAgain whether the list takes the place of a rejected contact
   */
  show(callId, matches, isAgain) {
    if (isAgain) lockPresses(this);
    const count = matches.length;
    moveByArrows(this, "button");
    const isExact = matches.every(({ how }) => how !== "suffix");
    const title = isExact ? t("choice.title", { count }) : t("choice.similar", { count });
    this.replaceChildren(
      h("h3", {}, count > 1 ? title : t("caller.rejected")),
      h(
        "ol",
        {},
        matches.map((match) => h("li", {}, this.#button(callId, match))),
      ),
    );
  }

  /** @param {string} callId @param {Match} match */
  #button(callId, match) {
    const { name, company, interactions } = match.contact;
    const [last] = interactions;
    const choose = () => emit(this, "callcard-contact-chosen", { callId, match });
    return h(
      "button",
      { type: "button", onclick: choose },
      h("strong", {}, isolate(name || company)),
      name && company ? h("span", {}, isolate(company)) : "",
      flagsOf(match.contact),
      h(
        "span",
        { class: "about" },
        last ? t("choice.last", { when: formatDate(last.started_at) }) : t("noInteractions"),
      ),
    );
  }
}
