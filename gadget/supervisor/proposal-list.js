// <proposal-list>: what agents propose for the number lists; a supervisor accepts or rejects it.
// Fires `callcard-proposal-decided`.

import { api } from "../shared/api.js";
import { h, isolate, request } from "../shared/dom.js";
import { CallcardElement } from "../shared/element.js";
import { keepRows } from "../shared/kept-rows.js";
import { LIST_EFFECTS } from "../shared/list-form.js";
import { formatDate, t } from "../shared/texts.js";
import { entryText, takeOff } from "./entry-row.js";
import { teamApi } from "./team-api.js";

/** @typedef {import("../shared/types.d.ts").ListedNumber} ListedNumber */

export class ProposalListElement extends CallcardElement {
  static tag = "proposal-list";

  #list = h("ul", { class: "proposals" });
  #empty = h("p", { class: "about" });
  #error = h("p", { class: "error", role: "alert" });
  #status = h("p", { class: "about", role: "status", tabindex: -1 });

  connectedCallback() {
    super.connectedCallback();
    this.#status.textContent = ""; // what was decided before the tab was left
  }

  build() {
    this.append(this.#list, this.#empty, this.#status, this.#error);
  }

  /** Read the proposals and show them, those that are new last. Throws what the service answers. */
  async read() {
    const { lists } = await api.numberLists("");
    const names = lists.filter(({ proposals }) => proposals).map(({ name }) => name);
    const pages = await Promise.all(names.map((name) => teamApi.proposals(name)));
    const entries = pages.flatMap(({ numbers }) => numbers);
    keepRows(this.#list, entries, (entry) => this.#row(entry));
    this.#showCount();
  }

  #showCount() {
    this.#empty.textContent = this.#list.firstChild ? "" : t("proposals.none");
  }

  /** @param {ListedNumber} entry */
  #row(entry) {
    const { number, list, reason, added_at } = entry;
    const decide = (/** @type {boolean} */ isAccepted) => void this.#decide(entry, isAccepted, row);
    const row = h(
      "li",
      {},
      entryText(entry, [LIST_EFFECTS[list](), isolate(reason)], [formatDate(added_at, true)]),
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
  #decide(entry, isAccepted, row) {
    const { number } = entry;
    return takeOff(
      row,
      { status: this.#status, error: this.#error },
      () => request(this, "callcard-proposal-decided", { entry, isAccepted }),
      () => {
        this.#showCount();
        return isAccepted
          ? t("proposals.accepted", { number })
          : t("proposals.rejected", { number });
      },
    );
  }
}
