// <number-lists>: what agents propose, one number with all that is listed of it, and the entries of a
// list. Fires `callcard-list-entry-removed`.

import { field, h, isolate, onSubmit, request, uniqueId } from "../shared/dom.js";
import { CallcardElement } from "../shared/element.js";
import { errorText } from "../shared/errors.js";
import { entryDetails, LIST_EFFECTS, ListFormElement } from "../shared/list-form.js";
import { NumberEntries } from "../shared/number-entries.js";
import { formatDate, t } from "../shared/texts.js";
import { entryText, takeOff } from "./entry-row.js";
import { ProposalListElement } from "./proposal-list.js";
import { teamApi } from "./team-api.js";

/** @typedef {import("../shared/types.d.ts").ListedNumber} ListedNumber */
/** @typedef {import("../shared/types.d.ts").NumberListName} NumberListName */

export class NumberListsElement extends CallcardElement {
  static tag = "number-lists";

  #proposals = new ProposalListElement();
  #number = h("input", { id: uniqueId("number"), type: "tel", maxlength: 40, required: true });
  #formPlace = h("div");
  #list = h("select", { id: uniqueId("browsed") });
  #entries = h("ul", { class: "proposals" });
  #about = h("p", { class: "about", role: "status", tabindex: -1 });
  #more = h("button", { type: "button", class: "quiet", hidden: true }, t("lists.more"));
  #error = h("p", { class: "error", role: "alert" });
  #next = "";
  /** Counts the loads of entries: the answer to an earlier one is not shown. */
  #load = 0;

  build() {
    const open = h("button", {}, t("lists.open"));
    const form = h("form", { class: "bar" }, field(t("lists.number"), this.#number), open);
    onSubmit(form, () => {
      this.#openNumber(this.#number.value.trim());
    });
    this.#number.addEventListener("input", () =>
      this.#number.setCustomValidity(/\d/.test(this.#number.value) ? "" : t("lists.noNumber")),
    );
    this.#list.append(
      h("option", { value: "" }, t("lists.none")),
      ...Object.entries(LIST_EFFECTS).map(([name, label]) => h("option", { value: name }, label())),
    );
    this.#list.addEventListener("change", () => void this.#browse(""));
    this.#more.addEventListener("click", () => {
      if (this.#more.getAttribute("aria-disabled") !== "true") void this.#browse(this.#next);
    });
    this.append(
      h("h3", {}, t("board.proposals")),
      this.#proposals,
      h("h3", {}, t("lists.oneNumber")),
      form,
      this.#formPlace,
      h("h3", {}, t("lists.browse")),
      field(t("lists.list"), this.#list),
      this.#entries,
      this.#about,
      this.#more,
      this.#error,
    );
  }

  connectedCallback() {
    super.connectedCallback();
    this.addEventListener(
      "callcard-record-closed",
      () => {
        this.#formPlace.replaceChildren();
        this.#number.focus();
        void this.#browse(""); // the entry may be on the list below, or not any more
      },
      { signal: this.signal },
    );
  }

  /** Show what the service has now. Throws what it answers. */
  async read() {
    await this.#proposals.read();
  }

  /** @param {string} text */
  #openNumber(text) {
    const form = new ListFormElement();
    this.#formPlace.replaceChildren(form);
    form.show(new NumberEntries({ e164: "", given: text, display: text }, [], () => {}));
  }

  /** Show entries of the chosen list. @param {string} after `next` of the page before */
  async #browse(after) {
    const list = this.#list.value;
    const load = (this.#load += 1);
    this.#error.textContent = "";
    this.#about.textContent = list && t("board.loading");
    this.#more.setAttribute("aria-disabled", "true");
    if (!after) {
      this.#entries.replaceChildren();
      this.#more.hidden = true;
    }
    if (!list) return;
    try {
      const { numbers, next } = await teamApi.listed(list, after);
      if (load !== this.#load) return;
      this.#append(numbers.filter(({ state }) => state === "effective"));
      this.#next = next;
      this.#more.hidden = !next;
      this.#more.textContent = t("lists.more");
    } catch (error) {
      if (load !== this.#load) return;
      this.#about.textContent = "";
      this.#error.textContent = errorText(error);
      this.#next = after;
      this.#more.hidden = false;
      this.#more.textContent = t("lookup.retry");
    }
    this.#more.setAttribute("aria-disabled", "false");
  }

  /** @param {ListedNumber[]} entries */
  #append(entries) {
    const rows = entries.map((entry) => this.#row(entry));
    const hadFocus = document.activeElement === this.#more;
    this.#entries.append(...rows);
    this.#about.textContent = this.#entries.firstChild ? "" : t("lists.empty");
    if (hadFocus) (rows[0]?.querySelector("button") ?? this.#about).focus();
  }

  /** @param {ListedNumber} entry */
  #row(entry) {
    const { number, reason, added_at, expires_at, has_expired } = entry;
    const details = entryDetails(entry);
    const time = expires_at && formatDate(expires_at);
    const until = time && (has_expired ? t("lists.ended", { time }) : t("lists.until", { time }));
    const row = h(
      "li",
      {},
      entryText(entry, [isolate(reason)], [formatDate(added_at), until, ...details]),
      h(
        "button",
        {
          type: "button",
          "aria-label": [t("lists.removeNumber", { number }), ...details.filter(Boolean)].join(
            ", ",
          ),
          onclick: () => void this.#remove(entry, row),
        },
        t("list.remove"),
      ),
    );
    return row;
  }

  /** @param {ListedNumber} entry @param {HTMLElement} row */
  #remove(entry, row) {
    return takeOff(
      row,
      { status: this.#about, error: this.#error },
      () => request(this, "callcard-list-entry-removed", { entry }),
      () => t("lists.removed", { number: entry.number }),
    );
  }
}
