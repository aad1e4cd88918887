// <list-form>: block, flag or always let through a number, and take its entries off the number lists.
// Fires `callcard-record-closed`.

import { ApiError } from "./api.js";
import {
  dotted,
  emit,
  every,
  field,
  h,
  isolate,
  lockPresses,
  onSubmit,
  phoneNumber,
  reveal,
  uniqueId,
} from "./dom.js";
import { CallcardElement } from "./element.js";
import { errorText } from "./errors.js";
import { formatDate, t } from "./texts.js";

/** @typedef {import("./number-entries.js").NumberEntries} NumberEntries */
/** @typedef {import("./types.d.ts").ListedNumber} ListedNumber */
/** @typedef {import("./types.d.ts").NumberListName} NumberListName */

/** Milliseconds between reads of what supervisors have decided. */
const REFRESH_MS = 10_000;
/** What an agent can do about a number, in the order in which it is offered. @type {NumberListName[]} */
const CHOICES = ["deny", "flag", "do-not-call", "allow", "never-log"];
/** What each list does. @type {Record<NumberListName, () => string>} */
export const LIST_EFFECTS = {
  deny: () => t("list.deny"),
  flag: () => t("list.flag"),
  "do-not-call": () => t("list.doNotCall"),
  allow: () => t("list.allow"),
  "never-log": () => t("list.neverLog"),
};

/**
 * Return what distinguishes an entry from others of its number: for which calls it counts, and what
 * it does.
 * @param {ListedNumber} entry
 */
export function entryDetails({ dialled, team, action, target }) {
  return [
    dialled && t("lists.dialled", { number: dialled }),
    team && t("lists.ofTeam", { team }),
    action === "announce" && t("lists.announce", { target }),
    action === "divert" && t("lists.divert", { target }),
    action === "priority" && t("lists.priority"),
  ];
}

export class ListFormElement extends CallcardElement {
  static tag = "list-form";

  /** @type {NumberEntries | null} */
  #number = null;
  #entries = h("ul", { class: "list-entries" });
  #choice = h("select", { id: uniqueId("list") });
  #reason = h("input", { id: uniqueId("reason"), maxlength: 200, dir: "auto", required: true });
  #message = h("p", { role: "status" });
  #error = h("p", { class: "error", role: "alert" });
  #save = h("button", { class: "primary" });
  #form = h("form", {});

  connectedCallback() {
    super.connectedCallback();
    every(REFRESH_MS, () => void this.#refresh().catch(() => {}), this.signal);
  }

  /** Whether the agent has begun to write a reason. */
  get isEdited() {
    return this.#reason.value.trim() !== "";
  }

  focus() {
    (this.#form.hidden ? this.querySelector("h3") : this.#choice)?.focus();
  }

  /**
   * Show what can be done about a number.
   * @param {NumberEntries} number @param {string} [name] whose it is
   */
  show(number, name) {
    this.#number = number;
    const close = () => {
      if (this.isEdited && this.#message.textContent !== t("list.unsaved"))
        this.#message.textContent = t("list.unsaved");
      else emit(this, "callcard-record-closed", null);
    };
    this.#reason.addEventListener("input", () => (this.#message.textContent = ""));
    const whose = dotted([name && isolate(name), phoneNumber(number.display)]);
    const title = h("h3", { tabindex: -1 }, t("list.open"), " ", whose);
    this.#form.append(
      field(t("list.what"), this.#choice),
      field(t("list.reason"), this.#reason),
      this.#save,
    );
    this.#form.hidden = true;
    onSubmit(this.#form, () => this.#add());
    this.#choice.addEventListener("change", () => this.#nameButton());
    this.replaceChildren(
      h("header", {}, title, h("button", { type: "button", onclick: close }, t("close"))),
      this.#entries,
      this.#form,
      this.#message,
      this.#error,
    );
    title.focus();
    void this.#do(async () => {
      await number.read();
      if (document.activeElement === title)
        requestAnimationFrame(() => {
          this.focus();
          reveal(this);
        });
    });
  }

  /** @param {NumberEntries} number */
  #draw(number) {
    this.#entries.replaceChildren(...number.entries.map((entry) => this.#row(entry)));
    const offered = CHOICES.filter((list) => number.canAdd(list));
    this.#form.hidden = !offered.length;
    if (!offered.length) this.#message.textContent = t("list.readOnly");
    const chosen = this.#choice.value;
    this.#choice.replaceChildren(
      ...offered.map((list) => h("option", { value: list }, LIST_EFFECTS[list]())),
    );
    if (chosen) this.#choice.value = chosen;
    this.#nameButton();
  }

  get #list() {
    return /** @type {NumberListName} */ (this.#choice.value);
  }

  #nameButton() {
    this.#save.textContent = this.#number?.isProposal(this.#list) ? t("list.propose") : t("save");
  }

  /** @param {ListedNumber} entry */
  #row(entry) {
    const { list, reason, author, author_name, added_at, state, removable } = entry;
    const what =
      state === "proposed"
        ? t("list.proposed", { what: LIST_EFFECTS[list]() })
        : LIST_EFFECTS[list]();
    const about = [isolate(author_name || author), formatDate(added_at), ...entryDetails(entry)];
    return h(
      "li",
      {},
      h(
        "span",
        { class: "who" },
        h("strong", {}, what),
        h("span", {}, isolate(reason)),
        h("span", { class: "about" }, dotted(about)),
      ),
      removable &&
        h("button", { type: "button", onclick: () => void this.#remove(entry) }, t("list.remove")),
    );
  }

  /** Show what a supervisor has decided while the form is open. */
  async #refresh() {
    const number = this.#number;
    if (!number || this.#save.disabled || document.hidden) return;
    const before = JSON.stringify(number.entries);
    await number.read();
    if (number !== this.#number || JSON.stringify(number.entries) === before) return;
    this.#message.textContent = "";
    this.#draw(number);
    lockPresses(this.#entries);
  }

  #add() {
    const isProposal = this.#number?.isProposal(this.#list);
    return this.#do(async () => {
      await this.#number?.add(this.#list, this.#reason.value.trim());
      this.#reason.value = "";
      this.#message.textContent = isProposal ? t("list.waits") : t("saved");
    });
  }

  /** @param {ListedNumber} entry */
  #remove(entry) {
    return this.#do(async () => {
      await this.#number?.remove(entry);
      this.#message.textContent = t("saved");
      lockPresses(this.#entries); // the next entry lies under the pointer now
    });
  }

  /** Do one thing at a time, and say why it failed. @param {() => Promise<void>} action */
  async #do(action) {
    if (this.#save.disabled) return;
    this.#save.disabled = true;
    this.#error.textContent = this.#message.textContent = "";
    try {
      await action();
      if (this.#number) this.#draw(this.#number);
    } catch (error) {
      this.#message.textContent = "";
      const isDecided = error instanceof ApiError && error.code === "not-permitted";
      this.#error.textContent = isDecided ? t("list.decided") : errorText(error);
      // It may be that a supervisor has decided meanwhile.
      if (isDecided) await this.#number?.read().catch(() => {});
      if (isDecided && this.#number) this.#draw(this.#number);
    } finally {
      this.#save.disabled = false;
    }
  }
}
