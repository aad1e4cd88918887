// <proposal-list>: what agents propose for the number lists; a supervisor accepts or rejects it.
// Fires `callcard-proposal-decided`.

import { api } from "../shared/api.js";
import { h, isolate, lockPresses, request } from "../shared/dom.js";
import { CallcardElement } from "../shared/element.js";
import { keepRows } from "../shared/kept-rows.js";
import { LIST_EFFECTS } from "../shared/list-form.js";
import { formatDate, t } from "../shared/texts.js";
import { entryText, takeOff } from "./entry-row.js";
import { teamApi } from "./team-api.js";

/** @typedef {import("../shared/types.d.ts").ListedNumber} ListedNumber */

/** Numbers to look up at a time: each is asked of every contact source. */
const MAX_LOOKUPS = 20;

export class ProposalListElement extends CallcardElement {
  static tag = "proposal-list";

  /** Whose the numbers are, as far as a contact source knows; empty while it is asked. @type {Map<string, string>} */
  #names = new Map();
  /** @type {ListedNumber[]} */
  #entries = [];
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
    this.#entries = entries;
    this.#showRows();
    this.#showCount();
    void this.#readNames();
  }

  #showRows() {
    keepRows(this.#list, this.#entries, (entry) => this.#row(entry));
  }

  /** Look up whose numbers they are, those that were not looked up yet. */
  async #readNames() {
    const unknown = this.#entries.filter(
      ({ e164, is_prefix }) => !is_prefix && !this.#names.has(e164),
    );
    for (const { e164 } of unknown.slice(0, MAX_LOOKUPS)) {
      this.#names.set(e164, "");
      try {
        const { matches } = await api.lookUp(e164);
        const names = matches.map(({ contact }) => contact.name || contact.company);
        if (!names.length) continue;
        this.#names.set(e164, names.length > 1 ? `${names[0]} …` : names[0]);
      } catch {
        return void this.#names.delete(e164); // asked again with the next reading
      }
      this.#showRows();
      lockPresses(this.#list); // a row may have grown
    }
  }

  #showCount() {
    this.#empty.textContent = this.#list.firstChild ? "" : t("proposals.none");
  }

  /** @param {ListedNumber} entry */
  #row(entry) {
    const { number, e164, list, reason, added_at } = entry;
    const name = this.#names.get(e164);
    const decide = (/** @type {boolean} */ isAccepted) => void this.#decide(entry, isAccepted, row);
    const row = h(
      "li",
      {},
      entryText(
        entry,
        [name && isolate(name), LIST_EFFECTS[list](), isolate(reason)],
        [formatDate(added_at, true)],
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
  #decide(entry, isAccepted, row) {
    const { number } = entry;
    return takeOff(
      row,
      { status: this.#status, error: this.#error },
      () => request(this, "callcard-proposal-decided", { entry, isAccepted }),
      () => {
        this.#entries = this.#entries.filter(({ id }) => id !== entry.id);
        // Others may have come meanwhile: only then is it known whether any wait.
        void this.read().catch(() => this.#showCount());
        return isAccepted
          ? t("proposals.accepted", { number })
          : t("proposals.rejected", { number });
      },
    );
  }
}
