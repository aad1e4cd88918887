// <app-aside>: what is open beside the calls: a record that was found by searching, forms for a
// callback or a case, and why a contact is shown. What the agent has begun to fill in stays until it
// is saved or cancelled. Defined later: until then it is empty, and has none of this.

import { emit, h, reveal } from "../shared/dom.js";
import { CallcardElement } from "../shared/element.js";
import { ListFormElement } from "../shared/list-form.js";
import { NumberEntries } from "../shared/number-entries.js";
import { valuesToShow } from "./call-brief.js";
import { CallbackFormElement } from "./callback-form.js";
import { CaseFormElement } from "./case-form.js";
import { ContactRecordElement } from "./contact-record.js";
import { setListed } from "./contact-updates.js";
import { LookupExplanationElement } from "./lookup-explanation.js";

/** @typedef {import("../shared/types.d.ts").CallbackCustomer} CallbackCustomer */
/** @typedef {import("../shared/types.d.ts").Contact} Contact */

/** As it is before it is defined. @typedef {HTMLElement & Partial<AppAsideElement>} LaterAside */

const CLOSING_EVENTS = [
  "callcard-record-closed",
  "callcard-callback-form-closed",
  "callcard-case-form-closed",
];

export class AppAsideElement extends CallcardElement {
  static tag = "app-aside";

  /** What each element is about: no second form is opened for it. @type {Map<Element, string>} */
  #subjects = new Map();
  /** The calls that the forms were opened for. @type {Map<Element, string>} */
  #calls = new Map();

  connectedCallback() {
    super.connectedCallback();
    const remove = (/** @type {Event} */ { target }) =>
      this.#remove(/** @type {Element} */ (target));
    for (const name of CLOSING_EVENTS) this.addEventListener(name, remove, { signal: this.signal });
    const onKey = (/** @type {KeyboardEvent} */ { key, target }) => {
      const child = [...this.children].find((each) => each.contains(/** @type {Node} */ (target)));
      if (key === "Escape" && child && !isEdited(child))
        emit(/** @type {HTMLElement} */ (child), "callcard-record-closed", null);
    };
    this.addEventListener("keydown", onKey, { signal: this.signal });
  }

  get isOpen() {
    return this.querySelector(":scope > :not(.message)") !== null;
  }

  /** Whether the agent has begun to fill in one of the forms. */
  get isEdited() {
    return [...this.children].some(isEdited);
  }

  /**
   * Show a record.
   * @param {Contact} contact @param {string} callId the call in front, whose caller it may be
   * @param {string} addedNumber the caller's number, which is added to the record then
   */
  openRecord(contact, callId, addedNumber) {
    this.#open("", new ContactRecordElement(), (record) =>
      record.show(contact, callId, addedNumber),
    );
  }

  /**
   * Show the form for a callback.
   * @param {import("../shared/events.d.ts").CallcardEvents["callcard-callback-scheduled"]} wanted
   */
  openCallbackForm({ customer, callback, callId = "" }) {
    const subject = callback ? `callback ${callback.id}` : callbackSubject(customer);
    const show = (/** @type {CallbackFormElement} */ form) => form.show(customer, callback);
    this.#open(subject, new CallbackFormElement(), show, callId);
  }

  /**
   * Show the form for a case, filled with what is known of a call.
   * @param {import("../shared/call-state.js").CallState} state @param {Map<string, string>} labels
   */
  openCaseForm({ id, match, call, notes }, labels) {
    if (!match) return;
    const [firstLine] = notes.text.trim().split("\n");
    const about = valuesToShow(call.variables, labels).join(" · ");
    const show = (/** @type {CaseFormElement} */ form) =>
      form.show(id, match.contact, about || firstLine, notes.text.trim());
    this.#open(`case ${id}`, new CaseFormElement(), show, id);
  }

  /**
   * Show why the card shows whom it shows.
   * @param {import("../shared/call-state.js").CallState} state
   */
  openExplanation({ id, lookup }) {
    if (lookup.status !== "found") return;
    this.#open(`explanation ${id}`, new LookupExplanationElement(), (explanation) =>
      explanation.show(lookup.number, lookup.result),
    );
  }

  /**
   * Show the form to block or flag the number of a call.
   * @param {import("../shared/call-state.js").CallState} state
   * @param {import("../shared/calls-model.js").CallsModel} model
   */
  openListForm({ id, lookup, listWarnings, match }, model) {
    if (lookup.status !== "found") return;
    const { number } = lookup.result;
    const entries = new NumberEntries(number, listWarnings, (now) => setListed(model, id, now));
    const { name = "" } = match?.contact ?? {};
    this.#open(`list ${id}`, new ListFormElement(), (form) => form.show(entries, name));
  }

  /**
   * Close the explanation of a call that is closed, and leave its forms as they are: another call
   * may get its id.
   * @param {string} callId
   */
  leaveCall(callId) {
    for (const [child, subject] of this.#subjects)
      if (subject === `explanation ${callId}`) this.#remove(child);
    for (const [child, id] of this.#calls) if (id === callId) this.#calls.delete(child);
  }

  /**
   * Let the forms of a call follow whose call it is.
   * @param {import("../shared/call-state.js").CallState} state
   */
  follow({ id, match, customerToCallBack }) {
    for (const [child, callId] of this.#calls) {
      if (callId !== id) continue;
      if (child instanceof CaseFormElement) child.setContact(match?.contact ?? null);
      if (!(child instanceof CallbackFormElement) || !customerToCallBack) continue;
      child.setCustomer(customerToCallBack);
      this.#subjects.set(child, callbackSubject(customerToCallBack));
    }
  }

  /**
   * Show for a while how something went that was done here. It lies over the top of the page, where
   * the focus has gone: beside the call's buttons, it would move them.
   * @param {string} text @param {number} milliseconds
   */
  showMessage(text, milliseconds) {
    const message = h("p", { class: "message", role: "status" });
    this.append(message);
    message.textContent = text; // once it is in the page, so that it is spoken
    setTimeout(() => message.remove(), milliseconds);
    return message;
  }

  /** Close everything but what the agent has begun to fill in. */
  close() {
    for (const child of [...this.children]) if (!isEdited(child)) this.#remove(child);
  }

  /**
   * Open an element before those that stay, or show the one that is open for the same subject.
   * @template {HTMLElement} Opened
   * @param {string} subject @param {Opened} element @param {(element: Opened) => void} show
   * @param {string} [callId] the call that it is about
   */
  #open(subject, element, show, callId) {
    this.close();
    const known = [...this.children].find((child) => this.#subjects.get(child) === subject);
    if (known) return /** @type {HTMLElement} */ (known).focus();
    this.#subjects.set(element, subject);
    if (callId) this.#calls.set(element, callId);
    this.prepend(element);
    show(element);
    reveal(element);
  }

  /** @param {Element} child */
  #remove(child) {
    this.#subjects.delete(child);
    this.#calls.delete(child);
    child.remove();
  }
}

/** Return what a new callback is about: of one number, two people may be called back.
 * @param {CallbackCustomer} customer */
const callbackSubject = ({ number, contact }) => `callback ${number} ${contact}`;

/** Whether an element is a form that the agent has begun to fill in. @param {Element} element */
const isEdited = (element) => "isEdited" in element && Boolean(element.isEdited);
