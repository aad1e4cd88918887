// <case-form>: open a case for the contact of a call. Fires `callcard-case-create` and
// `callcard-case-form-closed`.

import {
  emit,
  field,
  h,
  isolate,
  newRequestId,
  onSubmit,
  request,
  uniqueId,
} from "../shared/dom.js";
import { CallcardElement } from "../shared/element.js";
import { t } from "../shared/texts.js";
import { saveForm, saveRow } from "./form-saving.js";

/** @typedef {import("../shared/types.d.ts").Contact} Contact */

export class CaseFormElement extends CallcardElement {
  static tag = "case-form";

  /** Sent with every try, so that a lost answer does not make a second case. */
  #requestId = newRequestId();
  #subject = h("input", { id: uniqueId("subject"), maxlength: 200, dir: "auto", required: true });
  #notes = h("textarea", { id: uniqueId("notes"), rows: 3, maxlength: 4000, dir: "auto" });
  #error = h("p", { class: "error", role: "alert" });
  #save = h("button", { class: "primary" }, t("save"));
  #original = "";
  /** Whose case it will be. @type {Contact | null} */
  #contact = null;
  #who = h("span", {});

  /** Whether the agent has changed what the form was opened with. */
  get isEdited() {
    return this.#content !== this.#original;
  }

  get #content() {
    return `${this.#subject.value}\n${this.#notes.value}`;
  }

  focus() {
    this.#subject.focus();
    if (!this.isEdited) this.#subject.select(); // else the next key would replace what was typed
  }

  /**
   * Show the form, filled with what is known of the call.
   * @param {string} callId @param {Contact} contact @param {string} subject @param {string} notes
   */
  show(callId, contact, subject, notes) {
    this.setContact(contact);
    this.#subject.value = subject;
    this.#notes.value = notes;
    this.#original = this.#content;
    const close = () => emit(this, "callcard-case-form-closed", false);
    const form = h(
      "form",
      {},
      h("h3", {}, t("case.title"), this.#who),
      field(t("case.subject"), this.#subject),
      field(t("notes.label"), this.#notes),
      this.#error,
      saveRow(this.#save, close),
    );
    onSubmit(form, () => this.#submit(callId));
    this.replaceChildren(form);
    this.focus();
  }

  /**
   * Take the contact whose call it is; null if that is not known any more.
   * @param {Contact | null} contact
   */
  setContact(contact) {
    this.#contact = contact;
    this.#error.textContent = "";
    this.#who.replaceChildren(
      ...(contact ? [" · ", isolate(contact.name || contact.company)] : []),
    );
  }

  /** @param {string} callId */
  async #submit(callId) {
    const contact = this.#contact;
    if (!contact) {
      this.#error.textContent = t("case.whose");
      return;
    }
    await saveForm(this.#save, this.#error, async () => {
      await request(this, "callcard-case-create", {
        callId,
        contact,
        newCase: {
          subject: this.#subject.value.trim(),
          notes: this.#notes.value.trim(),
          request_id: this.#requestId,
        },
      });
      emit(this, "callcard-case-form-closed", true);
    });
  }
}
