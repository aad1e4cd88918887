// <app-aside>: what is open beside the calls: a record that was found by searching, or the form for
// a callback or a case.

import { ContactRecordElement } from "../shared/contact-card.js";
import { CallcardElement } from "../shared/element.js";
import { valuesToShow } from "./call-brief.js";
import { CallbackFormElement } from "./callback-form.js";
import { CaseFormElement } from "./case-form.js";

/** @typedef {import("../shared/types.d.ts").CallbackCustomer} CallbackCustomer */
/** @typedef {import("../shared/types.d.ts").Contact} Contact */

export class AppAsideElement extends CallcardElement {
  static tag = "app-aside";

  get isOpen() {
    return this.childElementCount > 0;
  }

  /**
   * Show a record.
   * @param {Contact} contact @param {string} callId the call in front, whose caller it may be
   */
  openRecord(contact, callId) {
    const record = new ContactRecordElement();
    this.replaceChildren(record);
    record.show(contact, callId);
  }

  /**
   * Show the form for a callback.
   * @param {CallbackCustomer} customer
   * @param {import("./callback-form.js").ChangedCallback} [callback] the one to change
   */
  openCallbackForm(customer, callback) {
    const form = new CallbackFormElement();
    this.replaceChildren(form);
    form.show(customer, callback);
  }

  /**
   * Show the form for a case, filled with what is known of a call.
   * @param {import("../shared/call-state.js").CallState} state @param {Map<string, string>} labels
   */
  openCaseForm({ id, match, call, notes }, labels) {
    if (!match) return;
    const [firstLine] = notes.text.trim().split("\n");
    const about = valuesToShow(call.variables, labels).join(" · ");
    const form = new CaseFormElement();
    this.replaceChildren(form);
    form.show(id, match.contact, about || firstLine, notes.text.trim());
  }

  /** Whether it has something that the agent has begun to fill in. */
  get isEdited() {
    const { firstChild } = this;
    const isForm =
      firstChild instanceof CallbackFormElement || firstChild instanceof CaseFormElement;
    return isForm && firstChild.isEdited;
  }

  close() {
    this.replaceChildren();
  }
}
