// <call-keypad>: tones for the other side's menus. Fires `tones` with the digits.

import { h, tell, uniqueId } from "../shared/dom.js";
import { t } from "../shared/texts.js";

const KEYS = "123456789*0#";

export class CallKeypadElement extends HTMLElement {
  #sent = h("output", { class: "tones", dir: "ltr", "aria-label": t("keypad.sent") });

  connectedCallback() {
    if (this.firstChild) return;
    const input = h("input", {
      id: uniqueId("tones"),
      dir: "ltr",
      inputmode: "tel",
      maxlength: 32,
      autocomplete: "off",
    });
    const form = h(
      "form",
      { class: "row" },
      h("label", { for: input.id, class: "hidden" }, t("keypad.several")),
      input,
      h("button", {}, t("keypad.send")),
    );
    input.placeholder = t("keypad.several");
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      const digits = input.value.replace(/[\s-]/g, "").toUpperCase();
      if (digits) this.#press(digits);
      input.value = "";
    });
    this.append(
      h(
        "div",
        { class: "keys", dir: "ltr" },
        [...KEYS].map((key) =>
          h("button", { type: "button", onclick: () => this.#press(key) }, key),
        ),
      ),
      this.#sent,
      form,
    );
  }

  focus() {
    this.querySelector("button")?.focus();
  }

  /** @param {string} digits */
  #press(digits) {
    this.#sent.textContent = `${this.#sent.textContent}${digits}`.slice(-40);
    tell(this, "tones", digits);
  }
}

customElements.define("call-keypad", CallKeypadElement);
