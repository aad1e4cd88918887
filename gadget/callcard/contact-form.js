// <contact-form>: nobody is known under the number. Prefilled from the call; nothing exists until Save. Fires `saved` with the contact.

import { api, ApiError } from "../shared/api.js";
import { h, tell, uniqueId } from "../shared/dom.js";
import { t } from "../shared/texts.js";
import { sentence } from "./failures.js";

/** Call variables that routing scripts fill with what the caller said, by the field they prefill. */
const PREFILL = {
  name: /^(user\.)?(caller|customer|contact)?_?(full)?_?name$/i,
  company: /^(user\.)?(customer|caller)?_?(company|account|organi[sz]ation)_?(name)?$/i,
  email: /^(user\.)?(customer|caller)?_?e?-?mail$/i,
};

export class ContactFormElement extends HTMLElement {
  /** Sent with every try to save, so that an answer that was lost does not make a second contact. */
  #requestId = "";

  /** @param {string} number @param {{name: string, value: string}[]} variables */
  show(number, variables) {
    this.#requestId = crypto.randomUUID?.() ?? `${Date.now()}-${Math.random()}`;
    /** @param {RegExp} names */
    const told = (names) => variables.find(({ name }) => names.test(name))?.value ?? "";
    const error = h("p", { class: "error", role: "alert" });
    const save = h("button", { class: "primary" }, t("form.save"));
    const form = h(
      "form",
      { novalidate: true },
      h("h3", {}, t("form.title")),
      field("name", t("form.name"), told(PREFILL.name)),
      field("company", t("form.company"), told(PREFILL.company)),
      field("number", t("form.number"), number, { dir: "ltr", inputmode: "tel" }),
      field("email", t("form.email"), told(PREFILL.email), { type: "email", dir: "ltr" }),
      error,
      h("p", { class: "row" }, save, h("span", { class: "about" }, t("form.hint"))),
    );
    form.addEventListener("input", () => form.toggleAttribute("data-edited", true));
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      if (save.disabled) return;
      const { name, company, email, number } = /** @type {Record<string, string>} */ (
        Object.fromEntries(new FormData(form))
      );
      error.textContent = "";
      for (const input of form.querySelectorAll("input")) input.removeAttribute("aria-invalid");
      if (!name.trim() && !company.trim())
        return this.#wrong(form, "name", error, t("form.needName"));
      save.disabled = true;
      save.textContent = t("form.saving");
      try {
        tell(
          this,
          "saved",
          await api.save({
            name,
            company,
            email,
            numbers: number.trim() ? [number] : [],
            request_id: this.#requestId,
          }),
        );
      } catch (failure) {
        const where =
          failure instanceof ApiError ? failure.field?.replace(/^numbers.*/, "number") : undefined;
        this.#wrong(form, where ?? "", error, sentence(failure));
      } finally {
        save.disabled = false;
        save.textContent = t("form.save");
      }
    });
    this.replaceChildren(form);
  }

  /** What was typed stays; the field that is wrong gets the focus. @param {HTMLFormElement} form @param {string} name @param {HTMLElement} error @param {string} text */
  #wrong(form, name, error, text) {
    error.textContent = text;
    const input = name && form.querySelector(`input[name="${CSS.escape(name)}"]`);
    if (input instanceof HTMLInputElement) {
      input.setAttribute("aria-invalid", "true");
      input.focus();
    }
  }
}

customElements.define("contact-form", ContactFormElement);

/** @param {string} name @param {string} label @param {string} value @param {Record<string, string>} [more] */
function field(name, label, value, more = {}) {
  const id = uniqueId(name);
  return h(
    "p",
    { class: "field" },
    h("label", { for: id }, label),
    h("input", { id, name, value, maxlength: 200, autocomplete: "off", dir: "auto", ...more }),
  );
}
