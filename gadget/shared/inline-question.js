// <inline-question>: asks once before something is done that cannot be undone.

import { h } from "./dom.js";
import { CallcardElement } from "./element.js";
import { t } from "./texts.js";

export class InlineQuestionElement extends CallcardElement {
  static tag = "inline-question";

  /** Whether a command is awaited: a press is not sent then, and the question stays. */
  isBusy = false;
  /** Takes the focus back when the question is closed. @type {() => void} */
  #returnFocus = () => {};

  build() {
    this.hidden = true;
    this.setAttribute("role", "alertdialog");
    this.addEventListener("keydown", (event) => {
      if (event.key !== "Escape") return;
      event.stopPropagation(); // it closes nothing around the question
      this.close();
    });
  }

  /**
   * Ask.
   * @param {string} question @param {string} yes what the button says that goes on
   * @param {() => void} goOn
   * @param {() => void} returnFocus focuses what asked
   */
  ask(question, yes, goOn, returnFocus) {
    const isOpening = this.getAttribute("aria-label") !== question;
    this.#returnFocus = returnFocus;
    const onYes = () => {
      const wasBusy = this.isBusy;
      goOn();
      if (!wasBusy) this.close();
    };
    const no = h("button", { type: "button", onclick: () => this.close() }, t("cancel"));
    this.setAttribute("aria-label", question);
    this.replaceChildren(
      h("p", {}, question),
      h("button", { type: "button", class: "yes", onclick: onYes }, yes),
      no,
    );
    this.hidden = false;
    if (isOpening) no.focus();
  }

  close() {
    if (this.hidden) return;
    // First, so that the focus does not leave what is around the question.
    if (this.contains(document.activeElement)) this.#returnFocus();
    this.hidden = true;
    this.removeAttribute("aria-label");
    this.replaceChildren();
  }
}
