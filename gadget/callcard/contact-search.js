// <contact-search>: find a contact by the beginnings of words, or call a number.
// Fires `callcard-contact-search` and `callcard-number-dialled`.

import { emit, h, moveByArrows, onSubmit, replaceRows, setText, uniqueId } from "../shared/dom.js";
import { CallcardElement } from "../shared/element.js";
import { errorText } from "../shared/errors.js";
import { TypeaheadSearch } from "../shared/search.js";
import { t } from "../shared/texts.js";
import { loadLater } from "./load-later.js";

/** @typedef {import("../shared/types.d.ts").Contact} Contact */

const MIN_LENGTH = 2;
const NUMBER = /^\+?[\d\s()./*#-]{3,}$/;

export class ContactSearchElement extends CallcardElement {
  static tag = "contact-search";

  #input = h("input", {
    id: uniqueId("search"),
    type: "search",
    autocomplete: "off",
    dir: "auto",
    maxlength: 200,
  });
  #dialButton = h("button", { type: "submit", class: "dial-button" });
  #results = h("ul", { class: "results" });
  #message = h("p", { class: "about", role: "status" });
  #search = new TypeaheadSearch(
    async (text, signal) => {
      const { searchContacts } = await loadLater();
      return searchContacts(this, text, signal);
    },
    (found) => this.#show(found),
    (error) => {
      this.#removeResults(); // they were found by other words
      this.#message.textContent = errorText(error);
    },
  );
  #isDialling = false;
  /** Called when results that covered the call are removed. */
  onUncover = () => {};
  #callId = "";
  /** Whether the agent has turned to it: what they type is theirs. */
  #isUsed = false;
  /** The call that was in front when the agent began to type. */
  #typedFor = "";
  /** The caller's number, while the agent looks for the contact to which it is added. */
  addedNumber = "";
  /** The contact sources that take further numbers. @type {string[] | undefined} */
  numberSources;

  build() {
    this.#input.placeholder = t("search.placeholder");
    const form = h(
      "form",
      { role: "search" },
      h("label", { for: this.#input.id, class: "hidden" }, t("search.label")),
      this.#input,
      this.#dialButton,
    );
    onSubmit(form, () => {
      if (this.#isNumber && !this.#isDialling) this.dial(this.#input.value.trim());
    });
    this.#input.addEventListener("pointerdown", () => (this.#isUsed = true));
    this.#input.addEventListener("input", () => {
      this.#isUsed = true;
      this.find(this.#input.value);
    });
    this.addEventListener("keydown", (event) => {
      if (event.key === "Escape") this.clear();
    });
    // Looking for something else later must not add the number.
    this.addEventListener("focusout", ({ relatedTarget }) => {
      if (!this.contains(/** @type {Node | null} */ (relatedTarget))) this.#stopAddingNumber();
    });
    moveByArrows(this, "input, .pick, .who + .dial");
    this.append(form, h("div", { class: "found", tabindex: -1 }, this.#message, this.#results));
    this.setDialling(false);
    this.setOnCall(false);
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    this.#search.cancel();
  }

  /**
   * Disable the button while a call is set up: a second press would be a second call.
   * @param {boolean} isDialling
   */
  setDialling(isDialling) {
    this.#isDialling = isDialling;
    this.#dialButton.disabled = isDialling || !this.#isNumber;
  }

  /** On a call, a number is not dialled: the call can be passed on to it. @param {boolean} isOnCall */
  setOnCall(isOnCall) {
    const text = isOnCall ? t("action.transferMenu") : t("dial.button");
    setText(this.#dialButton, text);
  }

  focus() {
    this.#input.focus();
    this.#isUsed = true;
  }

  /** Give the focus a place, though the agent does not want to search. */
  placeFocus() {
    this.#input.focus();
    this.#isUsed = Boolean(this.#input.value);
  }

  /** Whether it has the focus only as a place. */
  get isPlaceOfFocus() {
    return !this.#isUsed && this.#input === document.activeElement;
  }

  /** Search as if `text` had been typed. @param {string} text */
  find(text) {
    if (this.#input.value !== text) this.#input.value = text;
    if (text.length < MIN_LENGTH) this.#begin();
    this.#onInput();
  }

  /** What is typed from now on is about the call in front. */
  #begin() {
    if (this.#typedFor === this.#callId) return;
    this.#typedFor = this.#callId;
    this.#stopAddingNumber();
  }

  /** Search for a workflow, unless the agent searches for something. @param {string} text */
  suggest(text) {
    if (this.#isUsed && this.#input.value) return;
    this.#isUsed = false;
    this.#begin();
    this.find(text);
  }

  /** The call in front, if a result may be its caller: the words may be about another one's. */
  get callId() {
    return this.#typedFor === this.#callId ? this.#callId : "";
  }

  /**
   * Take the call in front, if it may get a contact. The search is cleared when it is another one;
   * what the agent types stays.
   * @param {string} callId
   */
  setInFront(callId) {
    if (callId === this.#callId) return;
    const wasForCall = Boolean(this.#callId);
    this.#callId = callId;
    if (!this.#input.value) this.#begin();
    else if (wasForCall && this.#input !== document.activeElement) this.clear();
    else if (wasForCall) {
      this.#removeResults(); // what they offer is about the other call
      this.#onInput();
    }
  }

  clear() {
    this.#removeResults();
    this.#stopAddingNumber();
    this.find("");
  }

  /**
   * Search for the caller of the call in front. Words from before the call are about somebody else.
   * @param {string} addedNumber the caller's number, if it is to be added to the contact
   */
  findCaller(addedNumber) {
    if (this.#typedFor !== this.#callId) this.clear();
    this.#startAddingNumber(addedNumber);
    this.#input.select(); // which focuses it
  }

  /** Return the number that is added to a contact if it is chosen. @param {Contact} contact */
  addedTo({ source }) {
    return this.numberSources?.includes(source) ? this.addedNumber : "";
  }

  /** @param {string} number */
  #startAddingNumber(number) {
    this.addedNumber = number;
    this.#input.placeholder = number ? t("caller.addTo", { number }) : t("search.placeholder");
    this.#onInput();
  }

  #stopAddingNumber() {
    if (this.addedNumber) this.#startAddingNumber("");
  }

  #removeResults() {
    if (this.#results.firstChild) this.onUncover();
    this.#results.replaceChildren();
  }

  get #isNumber() {
    return NUMBER.test(this.#input.value.trim());
  }

  #onInput() {
    this.setDialling(this.#isDialling);
    this.#search.cancel();
    const text = this.#input.value.trim();
    if (text.length >= MIN_LENGTH) return this.#search.schedule(text);
    this.#results.replaceChildren();
    this.#message.textContent = "";
  }

  /** @param {import("./search-results.js").Found} found */
  #show({ message, rows, colleagues }) {
    this.#message.replaceChildren(...message);
    replaceRows(this.#results, rows);
    void colleagues.then((more) => {
      this.#message.append(...more.message);
      this.#results.append(...more.rows);
    });
  }

  /**
   * Call a number, or on a call offer it as whom to consult.
   * @param {string} number @param {Contact} [contact] whose it is
   */
  dial(number, contact) {
    emit(this, "callcard-number-dialled", { number, contact });
  }
}
