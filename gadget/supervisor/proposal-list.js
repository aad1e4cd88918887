// <proposal-list>: what agents propose for the number lists; a supervisor accepts or rejects it.
// Fires `callcard-proposal-decided`.

import { api } from "../shared/api.js";
import { dotted, h, isolate, lockPresses, phoneNumber, request } from "../shared/dom.js";
import { CallcardElement } from "../shared/element.js";
import { errorText } from "../shared/errors.js";
import { LIST_EFFECTS } from "../shared/list-form.js";
import { formatDate, t } from "../shared/texts.js";
import { teamApi } from "./team-api.js";

/** @typedef {import("../shared/types.d.ts").ListedNumber} ListedNumber */

export class ProposalListElement extends CallcardElement {
  static tag = "proposal-list";

  #list = h("ul", { class: "proposals" });
  #empty = h("p", { class: "about" });
  #error = h("p", { class: "error", role: "alert" });
  #status = h("p", { class: "about", role: "status", tabindex: -1 });

  build() {
    this.append(this.#list, this.#empty, this.#status, this.#error);
  }

  /** Read the proposals and show them, unless somebody is in the list. Throws what the service answers. */
  async read() {
    if (this.contains(document.activeElement) && this.#list.firstChild) return;
    const { lists } = await api.numberLists("");
    const names = lists.filter(({ proposals }) => proposals).map(({ name }) => name);
    const pages = await Promise.all(names.map((name) => teamApi.proposals(name)));
    const entries = pages.flatMap(({ numbers }) => numbers);
    this.#list.replaceChildren(...entries.map((entry) => this.#row(entry)));
    this.#showCount();
  }

  #showCount() {
    this.#empty.textContent = this.#list.firstChild ? "" : t("proposals.none");
  }

  /** @param {ListedNumber} entry */
  #row(entry) {
    const { number, list, reason, author, author_name, added_at } = entry;
    const decide = (/** @type {boolean} */ isAccepted) => void this.#decide(entry, isAccepted, row);
    const row = h(
      "li",
      {},
      h(
        "span",
        { class: "who" },
        h("strong", {}, phoneNumber(number)),
        h("span", {}, dotted([LIST_EFFECTS[list](), isolate(reason)])),
        h(
          "span",
          { class: "about" },
          dotted([isolate(author_name || author), formatDate(added_at, true)]),
        ),
      ),
      h(
        "button",
        {
          type: "button",
          class: "primary",
          "aria-label": t("proposals.acceptNumber", { number }),
          onclick: () => decide(true),
        },
        t("proposals.accept"),
      ),
      h(
        "button",
        {
          type: "button",
          "aria-label": t("proposals.rejectNumber", { number }),
          onclick: () => decide(false),
        },
        t("proposals.reject"),
      ),
    );
    return row;
  }

  /** @param {ListedNumber} entry @param {boolean} isAccepted @param {HTMLElement} row */
  async #decide(entry, isAccepted, row) {
    if (row.inert) return; // the second press of a double click
    row.inert = true;
    this.#error.textContent = "";
    try {
      await request(this, "callcard-proposal-decided", { entry, isAccepted });
      const next = row.nextElementSibling ?? row.previousElementSibling;
      row.remove();
      (next?.querySelector("button") ?? this.#status).focus();
      lockPresses(this.#list); // the next proposal lies under the pointer now
      const { number } = entry;
      this.#status.textContent = isAccepted
        ? t("proposals.accepted", { number })
        : t("proposals.rejected", { number });
      this.#showCount();
    } catch (error) {
      row.inert = false;
      this.#error.textContent = errorText(error);
    }
  }
}
