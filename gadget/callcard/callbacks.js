// <callback-list>: the agent's callbacks. One press dials, with the agent not ready for other calls
// until it is over.
// Fires `callcard-callback-dialled`, `callcard-callback-done` and `callcard-callback-scheduled`.

import { desktop } from "../shared/desktop.js";
import { dotted, emit, h, isolate, phoneNumber, uniqueId } from "../shared/dom.js";
import { CallcardElement } from "../shared/element.js";
import { formatDate, t } from "../shared/texts.js";

/** @typedef {import("../shared/types.d.ts").Callback} Callback */
/** @typedef {import("../shared/types.d.ts").Reason} Reason */

/** Milliseconds in which a second press is for the callback that is gone. */
const DONE_LOCK_MS = 1500;
const REASON_KEY = "callcard.callbackReason";

export class CallbackListElement extends CallcardElement {
  static tag = "callback-list";

  #lockedUntil = 0;

  /** @type {Callback[]} */
  #callbacks = [];
  /** @type {Reason[]} */
  #reasons = [];
  #error = h("p", { class: "error", role: "alert" });
  #list = h("div", {});
  /** Whether the error is about reading the list. */
  #isReadError = false;

  build() {
    this.append(this.#list, this.#error);
  }

  /**
   * Show the agent's open callbacks.
   * @param {Callback[]} callbacks @param {Reason[]} reasons to be not ready with while calling back
   */
  show(callbacks, reasons) {
    this.#callbacks = callbacks;
    this.#reasons = reasons;
    if (this.#isReadError) this.setError("");
    this.#draw();
  }

  /** Show why the callbacks could not be read, if there are any. @param {string} text */
  showReadError(text) {
    if (!this.#callbacks.length) return;
    this.setError(text);
    this.#isReadError = true;
  }

  /** Show why a callback failed. @param {string} text */
  setError(text) {
    this.#isReadError = false;
    this.#error.textContent = text;
  }

  #draw() {
    const { activeElement } = document;
    if (this.contains(activeElement) && activeElement instanceof HTMLSelectElement) return;
    if (!this.#callbacks.length) return this.#list.replaceChildren();
    const id = uniqueId("reason");
    const last = lastReason();
    const select = h(
      "select",
      { id },
      h("option", { value: "" }, t("callback.keepState")),
      this.#reasons.map((reason) =>
        h("option", { value: reason.id, selected: reason.id === last }, reason.label),
      ),
    );
    select.addEventListener("change", () => saveReason(select.value));
    const rows = this.#callbacks.map((callback) => this.#row(callback, select));
    this.#list.replaceChildren(
      h("h3", {}, t("callback.title")),
      h("ul", { class: "callbacks" }, rows),
      h("p", { class: "row about" }, h("label", { for: id }, t("callback.while")), select),
    );
  }

  /** Close a callback; the next press would be for the one that takes its place. @param {string} id */
  #close(id) {
    const now = performance.now();
    if (now < this.#lockedUntil) return;
    this.#lockedUntil = now + DONE_LOCK_MS;
    emit(this, "callcard-callback-done", { id });
  }

  /** @param {Callback} callback @param {HTMLSelectElement} select */
  #row({ id, name, contact, display, number, due_at, note, last_tried_at }, select) {
    const shown = display || number;
    const isOverdue = due_at && Date.parse(due_at) < desktop.now;
    const about = dotted([
      name && phoneNumber(shown),
      due_at && h("span", { class: isOverdue ? "overdue" : "" }, formatDate(due_at, true)),
      last_tried_at && t("callback.tried", { at: formatDate(last_tried_at) }),
      note && isolate(note),
    ]);
    return h(
      "li",
      {},
      h(
        "span",
        { class: "who" },
        h("strong", {}, name ? isolate(name) : phoneNumber(shown)),
        h("span", { class: "about" }, about),
      ),
      h(
        "button",
        {
          type: "button",
          class: "primary",
          "aria-label": t("dial.call", { number: name || shown }),
          onclick: () =>
            emit(this, "callcard-callback-dialled", { id, contact, reason: select.value }),
        },
        t("dial.button"),
      ),
      h(
        "button",
        {
          type: "button",
          class: "quiet",
          "aria-label": t("callback.changeWho", { who: name || shown }),
          onclick: () =>
            emit(this, "callcard-callback-scheduled", {
              customer: { number, display: shown, name, contact, timeZone: "", note },
              callback: { id, due_at },
            }),
        },
        t("callback.change"),
      ),
      h(
        "button",
        {
          type: "button",
          class: "quiet",
          "aria-label": t("callback.doneWho", { who: name || shown }),
          onclick: () => this.#close(id),
        },
        t("callback.done"),
      ),
    );
  }
}

/** Return the reason that the agent chose last. */
function lastReason() {
  try {
    return localStorage.getItem(REASON_KEY) ?? "";
  } catch {
    return "";
  }
}

/** @param {string} reason */
function saveReason(reason) {
  try {
    localStorage.setItem(REASON_KEY, reason);
  } catch {
    // forbidden: the agent chooses it again next time
  }
}
