// <contact-choice>: several people share the number. Fires `chosen` with the match.

import { h, own, tell } from "../shared/dom.js";
import { moment, t } from "../shared/texts.js";

/** @typedef {import("../shared/types.d.ts").Match} Match */

export class ContactChoiceElement extends HTMLElement {
  /** @param {Match[]} matches the likeliest first */
  show(matches) {
    this.replaceChildren(
      h(
        "h3",
        {},
        matches.every(({ how }) => how === "exact")
          ? t("choice.title", { count: matches.length })
          : t("choice.similar", { count: matches.length }),
      ),
      h(
        "ol",
        {},
        matches.map((match) => h("li", {}, this.#row(match))),
      ),
    );
  }

  /** @param {Match} match */
  #row(match) {
    const { name, company, flags, interactions } = match.contact;
    const last = interactions[0];
    return h(
      "button",
      { type: "button", onclick: () => tell(this, "chosen", match) },
      h("strong", {}, own(name || company)),
      name && company ? h("span", {}, own(company)) : "",
      flags.map((flag) => h("span", { class: "flag" }, own(flag))),
      h(
        "span",
        { class: "about" },
        last ? t("choice.last", { when: moment(last.at) }) : t("choice.never"),
      ),
    );
  }
}

customElements.define("contact-choice", ContactChoiceElement);
