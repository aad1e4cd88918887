// <contact-form-place>: where the form for a new contact is, which is loaded with the other forms.

import { h } from "../shared/dom.js";
import { CallcardElement } from "../shared/element.js";
import { t } from "../shared/texts.js";
import { loadLater } from "./load-later.js";

export class ContactFormPlaceElement extends CallcardElement {
  static tag = "contact-form-place";

  callId = "";
  /** @type {import("./contact-form.js").ContactFormElement | null} */
  #form = null;

  /** Whether the agent has changed what the form was opened with, and it is not saved. */
  get isEdited() {
    return this.#form?.isEdited ?? false;
  }

  /**
   * Show the form for a call.
   * @param {string} callId @param {string} number
   * @param {{name: string, value: string}[]} variables
   * @param {Record<string, string>} draft what was filled in of it before, by field
   */
  async show(callId, number, variables, draft) {
    this.callId = callId;
    try {
      const { ContactFormElement } = await loadLater();
      this.#form = new ContactFormElement();
      this.replaceChildren(this.#form);
      this.#form.show(callId, number, variables, draft);
    } catch {
      this.replaceChildren(h("p", { class: "error", role: "alert" }, t("error.load")));
    }
  }
}
