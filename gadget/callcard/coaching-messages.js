// <coaching-messages>: what supervisors write to the agent, until it is read or answered. Fires
// `callcard-coaching-answered`.

import { h, isolate, lockPresses, onSubmit, request } from "../shared/dom.js";
import { CallcardElement } from "../shared/element.js";
import { formatDate, t } from "../shared/texts.js";
import { saveForm } from "./form-saving.js";

/** @typedef {import("../supervisor/types.d.ts").CoachingMessage} CoachingMessage */

/** The service's limit, in characters. */
const MAX_ANSWER_LENGTH = 500;

export class CoachingMessagesElement extends CallcardElement {
  static tag = "coaching-messages";

  /** @type {Map<string, HTMLElement>} by the messages' ids */
  #rows = new Map();
  /** Messages that were answered here, by id: a read that began before still lists them. */
  #answered = new Set();

  /**
   * Show the messages that are not read. One that is shown stays as it is: an answer may be half
   * written.
   * @param {CoachingMessage[]} unread the latest first
   */
  show(unread) {
    const ids = new Set(unread.map(({ id }) => id));
    // Read elsewhere, as in another window of the agent.
    for (const [id, row] of this.#rows) if (!ids.has(id) && !hasDraft(row)) this.#remove(id);
    for (const message of unread.toReversed())
      if (!this.#rows.has(message.id) && !this.#answered.has(message.id)) {
        const row = this.#row(message);
        this.#rows.set(message.id, row);
        this.append(row);
      }
  }

  /** @param {string} id */
  #remove(id) {
    this.#rows.get(id)?.remove();
    lockPresses(this); // the next message has come there
    this.#rows.delete(id);
  }

  /** @param {CoachingMessage} message */
  #row({ id, supervisor_name: who, text, sent_at }) {
    const answer = h("input", { maxlength: MAX_ANSWER_LENGTH, dir: "auto" });
    answer.setAttribute("aria-label", t("coaching.answerTo", { who }));
    answer.placeholder = t("coaching.answer");
    const button = h("button", { class: "primary" });
    const updateButtonLabel = () => {
      button.textContent = answer.value.trim() ? t("coaching.send") : t("coaching.read");
    };
    updateButtonLabel();
    answer.addEventListener("input", updateButtonLabel);
    const error = h("span", { class: "error", role: "alert" });
    const form = h(
      "form",
      { class: "notice coaching" },
      h(
        "p",
        { role: "alert" },
        h("strong", {}, isolate(who)),
        h("span", { class: "sent" }, ` ${formatDate(sent_at)}`),
        h("span", { class: "text" }, isolate(text)),
      ),
      answer,
      button,
      error,
    );
    onSubmit(form, () =>
      saveForm(button, error, async () => {
        const detail = { id, answer: answer.value.trim() };
        await request(this, "callcard-coaching-answered", detail);
        this.#answered.add(id);
        this.#remove(id);
      }),
    );
    return form;
  }
}

/** Whether the agent has begun to write an answer. @param {HTMLElement} row */
const hasDraft = (row) => Boolean(row.querySelector("input")?.value);
