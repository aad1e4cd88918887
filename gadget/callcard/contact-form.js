// <contact-form>: a new contact for an unknown number, prefilled from the call; nothing is created
// until Save.
// Fires `callcard-contact-create`, `callcard-contact-edited` and `callcard-contact-chosen`.

import { ApiError } from "../shared/api.js";
import { emit, field, h, newRequestId, onSubmit, request, uniqueId } from "../shared/dom.js";
import { CallcardElement } from "../shared/element.js";
import { errorText } from "../shared/errors.js";
import { t } from "../shared/texts.js";
import { ChosenMeanwhile } from "./chosen-meanwhile.js";

/** @typedef {import("../shared/types.d.ts").NewContact} NewContact */

/**
 * Call variables in which routing scripts pass what the caller said, by the field that they
 * prefill.
 */
const PREFILL = {
  name: /^(user\.)?(caller|customer|contact)?_?(full)?_?name$/i,
  company: /^(user\.)?(customer|caller)?_?(company|account|organi[sz]ation)_?(name)?$/i,
  email: /^(user\.)?(customer|caller)?_?e?-?mail$/i,
};

export class ContactFormElement extends CallcardElement {
  static tag = "contact-form";

  callId = "";
  /** Whether the agent has changed what the form was opened with, and it is not saved. */
  isEdited = false;
  #isSaving = false;
  /** Sent with every try, so that a lost answer does not make a second contact. */
  #requestId = newRequestId();
  #form = h("form", { novalidate: true });
  /** The values that the form was opened with. */
  #initial = "";
  #error = h("p", { class: "error", role: "alert" });
  #save = h("button", { class: "primary" }, t("save"));

  build() {
    this.#form.addEventListener("input", () => {
      this.isEdited = JSON.stringify(this.#values) !== this.#initial;
      const draft = this.isEdited ? this.#values : {};
      emit(this, "callcard-contact-edited", { callId: this.callId, draft });
    });
    onSubmit(this.#form, () => {
      if (!this.#isSaving) void this.#submit();
    });
    this.append(this.#form);
  }

  /**
   * Show the form for a call.
   * @param {string} callId @param {string} number
   * @param {{name: string, value: string}[]} variables
   * @param {Record<string, string>} draft what was filled in of it before, by field
   */
  show(callId, number, variables, draft) {
    this.callId = callId;
    this.isEdited = Object.keys(draft).length > 0;
    /** @param {RegExp} names */
    const prefill = (names) => variables.find(({ name }) => names.test(name))?.value ?? "";
    this.#form.replaceChildren(
      h("h3", {}, t("form.title")),
      inputField("name", t("form.name"), draft.name ?? prefill(PREFILL.name)),
      inputField("company", t("form.company"), draft.company ?? prefill(PREFILL.company)),
      inputField("number", t("form.number"), draft.number ?? number, {
        dir: "ltr",
        inputmode: "tel",
      }),
      inputField("email", t("form.email"), draft.email ?? prefill(PREFILL.email), {
        type: "email",
        dir: "ltr",
      }),
      this.#error,
      h("p", { class: "row" }, this.#save, h("span", { class: "about" }, t("form.hint"))),
    );
    // A draft is never what the form was opened with.
    this.#initial = this.isEdited ? "" : JSON.stringify(this.#values);
  }

  /** What is filled in, by field. */
  get #values() {
    return /** @type {Record<string, string>} */ (Object.fromEntries(new FormData(this.#form)));
  }

  async #submit() {
    const { name, company, email, number } = this.#values;
    for (const input of this.#form.querySelectorAll("input")) input.removeAttribute("aria-invalid");
    if (!name.trim() && !company.trim()) return this.#reject("name", t("form.needName"));
    this.#setSaving(true);
    try {
      const numbers = number.trim() ? [number] : [];
      const draft = { name, company, email, numbers, request_id: this.#requestId };
      const { callId } = this;
      const contact = await request(this, "callcard-contact-create", { callId, contact: draft });
      this.#discard();
      const match = { how: /** @type {const} */ ("chosen"), contact };
      emit(this, "callcard-contact-chosen", { callId: this.callId, match });
    } catch (error) {
      const place = error instanceof ApiError ? error.field?.replace(/^numbers.*/, "number") : "";
      if (error instanceof ChosenMeanwhile) this.#offerChosen(error.message);
      else this.#reject(place ?? "", errorText(error));
    } finally {
      this.#setSaving(false);
    }
  }

  #discard() {
    this.isEdited = false;
    emit(this, "callcard-contact-edited", { callId: this.callId, draft: {} });
  }

  /** Let the agent choose between the call's new contact and the form. @param {string} text */
  #offerChosen(text) {
    const show = h("button", { type: "button" }, t("form.showChosen"));
    show.addEventListener("click", () => this.#discard());
    this.#error.replaceChildren(text, " ", show);
  }

  /** @param {boolean} isSaving */
  #setSaving(isSaving) {
    this.#isSaving = isSaving;
    this.#save.setAttribute("aria-disabled", String(isSaving)); // disabled, it would lose the focus
    this.#save.textContent = isSaving ? t("saving") : t("save");
  }

  /**
   * Show an error and focus the field that it is about; what was typed stays.
   * @param {string} name @param {string} text
   */
  #reject(name, text) {
    this.#error.textContent = text;
    const input = name && this.#form.querySelector(`input[name="${CSS.escape(name)}"]`);
    if (!(input instanceof HTMLInputElement)) return;
    input.setAttribute("aria-invalid", "true");
    input.focus();
  }
}

/**
 * @param {string} name @param {string} label @param {string} value
 * @param {Record<string, string>} [attributes]
 */
function inputField(name, label, value, attributes = {}) {
  const given = { name, value, maxlength: 200, autocomplete: "off", dir: "auto" };
  return field(label, h("input", { id: uniqueId(name), ...given, ...attributes }));
}
