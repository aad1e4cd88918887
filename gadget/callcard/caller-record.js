// <caller-record>: who calls, as far as it is known: the contact's record, the contacts to choose from,
// or a form for a new one. Fires `callcard-contact-chosen`, `callcard-contact-edited`,
// `callcard-contact-rejected`, `callcard-explanation-opened`, `callcard-list-form-opened`,
// `callcard-lookup-retried` and `callcard-search-opened`.

import { haveAllSourcesFailed, missingSources, sourcesThatAre } from "../shared/call-state.js";
import { ContactCardElement, section } from "../shared/contact-card.js";
import { emit, h } from "../shared/dom.js";
import { CallcardElement } from "../shared/element.js";
import { errorText } from "../shared/errors.js";
import { historyRows } from "../shared/history.js";
import { t } from "../shared/texts.js";
import { whyRemembered } from "./caller.js";
import { ContactChoiceElement } from "./contact-choice.js";
import { ContactFormPlaceElement } from "./contact-form-place.js";

/** @typedef {import("../shared/call-state.js").CallState} CallState */
/** @typedef {import("../shared/types.d.ts").LookupResult} LookupResult */
/** @typedef {import("../shared/types.d.ts").WritableSources} WritableSources */

export class CallerRecordElement extends CallcardElement {
  static tag = "caller-record";

  /** @type {CallState | null} */
  #state = null;
  /** @type {WritableSources | undefined} */
  #sources;
  #sourceNotices = h("div");
  #content = h("div");
  #card = new ContactCardElement();
  /** The calls of the number that have no contact; kept, as rows may be open. */
  #unnamed = h("div");
  #shownUnnamed = "";
  /** Kept while another contact is chosen: `Not them?` shows it again with what was typed. */
  #form = new ContactFormPlaceElement();

  build() {
    this.append(this.#sourceNotices, this.#content);
  }

  /**
   * Show the caller of a call.
   * @param {CallState} state @param {WritableSources | undefined} sources undefined until it is known
   * @param {boolean} keepsEditedForm whether a form with unsaved input stays
   */
  show(state, sources, keepsEditedForm) {
    this.#state = state;
    this.#sources = sources;
    const { call, lookup } = state;
    const isFound = lookup.status === "found" && !call.isConsult;
    this.#sourceNotices.replaceChildren(...(isFound ? sourceNotices(lookup.result) : []));
    if (!keepsEditedForm || !this.#form.isEdited)
      this.#content.replaceChildren(...this.#contentOf(state));
  }

  /** @param {CallState} state @returns {(Node | "")[]} */
  #contentOf({ call, lookup, match }) {
    if (call.isConsult) return [];
    switch (lookup.status) {
      case "looking":
        return [progress(t("lookup.looking"))];
      case "slow":
        return [progress(t("lookup.slow"))];
      case "failed":
        return [this.#failure(errorText(lookup.error))];
      default:
        if (match) return this.#matched(lookup.result, match);
        return [
          ...this.#unmatched(lookup.number, lookup.result),
          // No source is searched for a withheld number.
          ...(hasSources(lookup.result)
            ? [this.#aboutMatch(this.#whyButton(), this.#listButton(lookup.result))]
            : []),
        ];
    }
  }

  /** @param {LookupResult} result @param {import("../shared/types.d.ts").Match} match */
  #matched(result, match) {
    this.#card.show(match.contact, match.how);
    return [
      this.#aboutMatch(
        ...this.#remembered(result),
        ...oneOf(result),
        this.#whyButton(),
        this.#listButton(result),
        this.#rejectButton(),
      ),
      ...this.#addNumber(result.number),
      this.#card,
      // They may be somebody else's: those that were this contact's alone are in the history.
      this.#callsWithoutContact(result),
    ];
  }

  /**
   * Return the button that adds the caller's number to the contact that the agent chose.
   * @param {import("../shared/types.d.ts").ParsedNumber} number
   */
  #addNumber({ e164, display }) {
    const { id, match } = /** @type {CallState} */ (this.#state);
    const contact = match?.contact;
    const canAdd = contact && e164 && this.#sources?.numbers.includes(contact.source);
    if (!canAdd || contact.numbers.some((each) => each.e164 === e164)) return [];
    const add = () =>
      emit(this, "callcard-contact-chosen", {
        callId: id,
        match: { how: "chosen", contact },
        addedNumber: display,
      });
    const label = t("card.addNumber", { number: display });
    return [h("button", { type: "button", class: "find", onclick: add }, label)];
  }

  /** @param {(Node | "")[]} content */
  #aboutMatch(...content) {
    return h("div", { class: "about-match" }, content);
  }

  /** Say who chose the contact on an earlier call. @param {LookupResult} result */
  #remembered({ selection }) {
    if (selection?.rule !== "remembered") return [];
    const { match } = /** @type {CallState} */ (this.#state);
    return match?.how === "remembered"
      ? [h("span", { class: "about" }, whyRemembered(selection))]
      : [];
  }

  #whyButton() {
    const open = () => emit(this, "callcard-explanation-opened", { callId: this.#state?.id ?? "" });
    return h("button", { type: "button", class: "quiet", onclick: open }, t("why"));
  }

  /** @param {LookupResult} result */
  #listButton({ number }) {
    if (number.kind !== "public") return "";
    const open = () => emit(this, "callcard-list-form-opened", { callId: this.#state?.id ?? "" });
    return h("button", { type: "button", class: "quiet", onclick: open }, t("list.open"));
  }

  #rejectButton() {
    const reject = () => emit(this, "callcard-contact-rejected", { callId: this.#state?.id ?? "" });
    return h(
      "button",
      { type: "button", class: "quiet reject", onclick: reject },
      t("card.notThem"),
    );
  }

  /** @param {string} number @param {LookupResult} result @returns {(Node | "")[]} */
  #unmatched(number, result) {
    const { kind, display } = result.number;
    const { id, isRejected } = /** @type {CallState} */ (this.#state);
    const createForm = () => this.#formFor(kind === "public" ? display || number : "");
    if (result.matches.length) {
      const choice = new ContactChoiceElement();
      choice.show(id, result.matches, isRejected);
      return [choice, this.#callsWithoutContact(result), this.#searchButton(), createForm()];
    }
    if (kind === "internal") return [note(t("caller.internalNote"))];
    if (haveAllSourcesFailed(result)) return [this.#failure(t("error.source"))];
    if (sourcesThatAre(result, "pending").length) return [this.#searchButton()];
    const form = createForm();
    if (kind === "withheld") return [note(t("caller.withheldNote")), this.#searchButton(), form];
    const unknown = missingSources(result).length ? t("search.noneYet") : t("caller.unknown");
    const why = isRejected ? t("caller.rejected") : unknown;
    const addTo =
      kind === "public" && this.#sources?.numbers.length
        ? this.#openSearchButton(t("caller.addTo", { number: display }), true)
        : "";
    const row = h("p", { class: "row" }, this.#searchButton(), addTo);
    return [note(why), this.#callsWithoutContact(result), row, form];
  }

  /** @param {LookupResult} result */
  #callsWithoutContact({ interactions = [] }) {
    const shown = JSON.stringify(interactions);
    if (shown !== this.#shownUnnamed) {
      const list = section("unnamed", t("caller.earlier"), historyRows(interactions));
      this.#unnamed.replaceChildren(interactions.length ? list : "");
    }
    this.#shownUnnamed = shown;
    return this.#unnamed;
  }

  /** Return the form for a new contact, if there is a source for it. @param {string} number */
  #formFor(number) {
    if (this.#sources?.contacts.length === 0) return "";
    const { id, call, contactDraft: draft } = /** @type {CallState} */ (this.#state);
    if (this.#form.callId === id && this.#form.isEdited) {
      // It is unsaved work again, also after another contact was chosen meanwhile.
      emit(this, "callcard-contact-edited", { callId: id, draft });
      return this.#form;
    }
    this.#form = new ContactFormPlaceElement();
    void this.#form.show(id, number, call.variables, draft);
    return this.#form;
  }

  #searchButton() {
    return this.#openSearchButton(t("caller.search"), false);
  }

  /** @param {string} label @param {boolean} addsNumber whether to add the caller's number then */
  #openSearchButton(label, addsNumber) {
    const open = () =>
      emit(this, "callcard-search-opened", { callId: this.#state?.id ?? "", addsNumber });
    return h("button", { type: "button", class: "find", onclick: open }, label);
  }

  /** @param {string} text */
  #failure(text) {
    const retry = () => emit(this, "callcard-lookup-retried", { callId: this.#state?.id ?? "" });
    return h(
      "div",
      { class: "failed", role: "alert" },
      h("p", {}, text),
      h("button", { type: "button", onclick: retry }, t("lookup.retry")),
    );
  }
}

/** @param {LookupResult} result */
const hasSources = ({ sources }) => Object.keys(sources).length > 0;

/** @param {string} text @param {string} [className] */
const note = (text, className = "note") => h("p", { class: className }, text);

/** @param {string} text */
const progress = (text) => h("p", { class: "looking", role: "status" }, text);

/**
 * Return which sources are still waited for, and which did not answer: contacts may be missing.
 * @param {LookupResult} result
 */
function sourceNotices(result) {
  if (haveAllSourcesFailed(result)) return [];
  const pending = sourcesThatAre(result, "pending").join(", ");
  const missing = missingSources(result).join(", ");
  const warning = note(t("lookup.partly", { sources: missing }), "note warning");
  warning.title = Object.values(result.problems).join("\n");
  return [
    ...(pending ? [progress(t("lookup.pending", { sources: pending }))] : []),
    ...(missing ? [warning] : []),
  ];
}

/** Say that others have the number too: the caller may be one of them. @param {LookupResult} result */
function oneOf({ matches: { length: count } }) {
  return count > 1 ? [h("span", { class: "about" }, t("caller.oneOf", { count }))] : [];
}
