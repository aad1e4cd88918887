// <coaching-thread>: what supervisors wrote to an agent, with what was read and answered, and a form
// for the next message. Fires `callcard-coaching-listed` and `callcard-coaching-sent`.

import {
  dotted,
  every,
  field,
  h,
  isolate,
  newRequestId,
  onSubmit,
  request,
  uniqueId,
} from "../shared/dom.js";
import { CallcardElement } from "../shared/element.js";
import { errorText } from "../shared/errors.js";
import { formatDate, t } from "../shared/texts.js";

/** @typedef {import("./types.d.ts").CoachingMessage} CoachingMessage */
/** @typedef {{agent: string, text: string, request_id: string}} Message */

/** Characters that the service takes. */
const MAX_TEXT = 500;
/** Milliseconds between reads. */
const READ_MS = 5000;
/** Messages that are shown, the latest first, beside those that are not read. */
const MAX_SHOWN = 5;

export class CoachingThreadElement extends CallcardElement {
  static tag = "coaching-thread";

  #agent = "";
  /** What was begun to be written, by agent. @type {Map<string, string>} */
  #drafts = new Map();
  /** Why the last message was not sent, by agent. @type {Map<string, string>} */
  #errors = new Map();
  /** The message that is being sent, or was not. @type {Message | null} */
  #sent = null;
  #text = h("input", { id: uniqueId("coaching"), maxlength: MAX_TEXT, dir: "auto" });
  #send = h("button", {});
  #list = h("ul", { class: "thread" });
  #error = h("p", { class: "error", role: "alert" });
  #shown = "";

  build() {
    this.#send.textContent = t("coaching.send");
    const form = h("form", {}, field(t("coaching.write"), this.#text), this.#send);
    onSubmit(form, () => this.#submit());
    this.append(form, this.#error, this.#list);
  }

  connectedCallback() {
    super.connectedCallback();
    every(READ_MS, () => this.offsetHeight && void this.#read(), this.signal);
  }

  /** Show the messages to an agent, and what was begun to be written to them. @param {string} agent */
  show(agent) {
    if (agent === this.#agent) return;
    this.#drafts.set(this.#agent, this.#text.value);
    this.#agent = agent;
    this.#text.value = this.#drafts.get(agent) ?? "";
    this.#error.textContent = this.#errors.get(agent) ?? "";
    this.#shown = "";
    this.#list.replaceChildren();
    void this.#read();
  }

  async #read() {
    const agent = this.#agent;
    if (!agent) return;
    try {
      const { messages } = await request(this, "callcard-coaching-listed", { agent });
      const shown = messages.filter(({ read_at }, place) => place < MAX_SHOWN || !read_at);
      if (agent === this.#agent) this.#draw(shown);
    } catch {
      // The team's next read says why.
    }
  }

  async #submit() {
    const text = this.#text.value.trim();
    const agent = this.#agent;
    if (!text || this.#send.disabled) return;
    this.#send.disabled = true;
    // The same text again is the same message: the first try may have arrived.
    const isAgain = this.#sent?.agent === agent && this.#sent.text === text;
    const message = (isAgain && this.#sent) || { agent, text, request_id: newRequestId() };
    this.#sent = message;
    this.#errors.delete(agent);
    try {
      await request(this, "callcard-coaching-sent", message);
      this.#sent = null;
      this.#drafts.delete(agent);
      if (agent === this.#agent && this.#text.value.trim() === text) this.#text.value = "";
    } catch (error) {
      this.#errors.set(agent, errorText(error));
    }
    this.#error.textContent = this.#errors.get(this.#agent) ?? "";
    this.#send.disabled = false;
    void this.#read();
  }

  /** @param {CoachingMessage[]} messages */
  #draw(messages) {
    const shown = JSON.stringify(messages);
    if (shown === this.#shown) return;
    this.#shown = shown;
    this.#list.replaceChildren(...messages.map(row));
  }
}

/** @param {CoachingMessage} message */
function row({ supervisor_name: who, text, sent_at, read_at, answer }) {
  const state = read_at
    ? t("coaching.wasRead", { time: formatDate(read_at) })
    : t("coaching.unread");
  return h(
    "li",
    {},
    h("span", { class: "about" }, dotted([isolate(who), formatDate(sent_at), state])),
    h("span", {}, isolate(text)),
    answer ? h("span", { class: "answer" }, t("coaching.answered"), " ", isolate(answer)) : "",
  );
}
