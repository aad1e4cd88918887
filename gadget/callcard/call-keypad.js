// <call-keypad>: tones for the other side's menus. Fires `callcard-call-command`.

import { emit, h, onSubmit, uniqueId } from "../shared/dom.js";
import { CallcardElement } from "../shared/element.js";
import { t } from "../shared/texts.js";

const KEYS = "123456789*0#";
/** Where a digit is text. */
export const TYPING = "input:not([type=radio], [type=checkbox]), textarea, select";
/** Digits of one command. */
const MAX_DIGITS = 32;
/** Digits that stay in view. */
const MAX_SHOWN = 40;

export class CallKeypadElement extends CallcardElement {
  static tag = "call-keypad";

  callId = "";
  /** Digits that were typed while a command was awaited. */
  #waiting = "";
  #isBusy = false;
  #hasFailed = false;
  /** Digits that were sent and are not confirmed yet. */
  #awaited = "";
  #sent = h("output", { class: "tones", dir: "ltr", "aria-label": t("keypad.sent") });

  build() {
    const input = h("input", {
      id: uniqueId("tones"),
      dir: "ltr",
      inputmode: "tel",
      maxlength: 32,
      autocomplete: "off",
    });
    input.placeholder = t("keypad.digits");
    const error = h("p", { class: "error", role: "alert" });
    const form = h(
      "form",
      { class: "row" },
      h("label", { for: input.id, class: "hidden" }, t("keypad.digits")),
      input,
      h("button", {}, t("keypad.send")),
    );
    onSubmit(form, () => {
      const digits = input.value.replace(/[\s-]/g, "").toUpperCase();
      const isValid = /^[\dA-D*#]*$/.test(digits);
      error.textContent = isValid ? "" : t("keypad.invalid");
      if (!isValid) return;
      if (digits) this.#send(digits);
      input.value = "";
    });
    const keys = [...KEYS].map((key) =>
      h("button", { type: "button", onclick: () => this.#send(key) }, key),
    );
    this.append(h("div", { class: "keys", dir: "ltr" }, keys), this.#sent, form, error);
  }

  connectedCallback() {
    super.connectedCallback();
    const onKey = (/** @type {KeyboardEvent} */ event) => {
      const { key, target, ctrlKey, altKey, metaKey } = event;
      const isTyped = target instanceof Element && Boolean(target.closest(TYPING));
      if (isTyped || ctrlKey || altKey || metaKey || !this.checkVisibility()) return;
      if (key.length === 1 && KEYS.includes(key)) this.#send(key);
    };
    // Wherever the focus is: the agent hears the other side's menu.
    document.addEventListener("keydown", onKey, { signal: this.signal });
  }

  focus() {
    this.querySelector("button")?.focus();
  }

  /**
   * Send what waits, once no command is awaited. What could not be sent is not shown as sent.
   * @param {boolean} isBusy @param {boolean} hasFailed whether the last command failed
   */
  setBusy(isBusy, hasFailed) {
    this.#isBusy = isBusy;
    if (!isBusy && hasFailed && this.#awaited) {
      const { textContent: sent } = this.#sent;
      this.#sent.textContent = sent.slice(0, -this.#awaited.length);
      this.#awaited = "";
    }
    this.#hasFailed = hasFailed;
    // Not at once: whether the last command failed is said a moment after it has ended.
    setTimeout(() => {
      if (!this.#isBusy && !this.#hasFailed) this.#awaited = "";
      this.#flush();
    });
  }

  /** @param {string} digits */
  #send(digits) {
    this.#waiting += digits;
    this.#flush();
  }

  #flush() {
    if (this.#isBusy || !this.#waiting) return;
    const digits = this.#waiting.slice(0, MAX_DIGITS);
    this.#waiting = this.#waiting.slice(MAX_DIGITS);
    this.#sent.textContent = `${this.#sent.textContent}${digits}`.slice(-MAX_SHOWN);
    this.#awaited = digits;
    emit(this, "callcard-call-command", {
      callId: this.callId,
      action: "dtmf",
      params: { digits },
    });
  }
}
