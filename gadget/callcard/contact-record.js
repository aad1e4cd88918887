// <contact-record>: a record that was found by searching: its name above its card. Fires
// `callcard-record-closed` and `callcard-contact-chosen`.

import { ContactCardElement, recordLink } from "../shared/contact-card.js";
import { emit, h, isolate } from "../shared/dom.js";
import { CallcardElement } from "../shared/element.js";
import { t } from "../shared/texts.js";
import { callerButton } from "./caller-button.js";
import { flagList } from "./contact-flags.js";

/** @typedef {import("../shared/types.d.ts").Contact} Contact */

export class ContactRecordElement extends CallcardElement {
  static tag = "contact-record";

  /**
   * Show a record and focus its name.
   * @param {Contact} contact @param {string} [callId] the call in front, whose caller it may be
   * @param {string} [addedNumber] the caller's number, which is added then
   */
  show(contact, callId = "", addedNumber = "") {
    const { name, company } = contact;
    const title = h("h2", { tabindex: -1 }, isolate(name || company));
    const close = () => emit(this, "callcard-record-closed", null);
    const card = new ContactCardElement();
    card.show(contact);
    this.replaceChildren(
      h(
        "header",
        {},
        title,
        flagList(contact),
        name && company ? h("p", { class: "about" }, isolate(company)) : "",
        h(
          "p",
          { class: "row" },
          recordLink(contact),
          callId ? callerButton(callId, contact, addedNumber) : "",
          h("button", { type: "button", onclick: close }, t("close")),
        ),
      ),
      card,
    );
    title.focus();
  }
}
