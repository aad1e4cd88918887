// <app-aside>: what is open beside the calls: a record that was found by searching, or the form for
// a callback.

import { ContactRecordElement } from "../shared/contact-card.js";
import { CallcardElement } from "../shared/element.js";
import { CallbackFormElement } from "./callback-form.js";

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

  /** Whether it has something that the agent has begun to fill in. */
  get isEdited() {
    const { firstChild } = this;
    return firstChild instanceof CallbackFormElement && firstChild.isEdited;
  }

  close() {
    this.replaceChildren();
  }
}
