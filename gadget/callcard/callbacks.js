// <callback-list>: the agent's callbacks. One press dials, with the agent not ready for other calls
// until it is over. One that is done stays for a while, so that it can be opened again.
// Fires `callcard-callback-dialled`, `callcard-callback-scheduled` and `callcard-callback-status`.

import { desktop } from "../shared/desktop.js";
import { dotted, emit, h, isolate, lockPresses, phoneNumber, uniqueId } from "../shared/dom.js";
import { CallcardElement } from "../shared/element.js";
import { afterPress } from "../shared/press.js";
import { formatDate, t } from "../shared/texts.js";

/** @typedef {import("../shared/types.d.ts").Callback} Callback */
/** @typedef {import("../shared/types.d.ts").Reason} Reason */

/** Milliseconds in which a second press on Done is no press on what has taken its place. */
const DONE_LOCK_MS = 1500;
/** Milliseconds in which a callback that is done can be opened again. */
const UNDO_MS = 10_000;
const REASON_KEY = "callcard.callbackReason";

export class CallbackListElement extends CallcardElement {
  static tag = "callback-list";

  /** @type {Callback[]} */
  #callbacks = [];
  /**
   * Those that were done a moment ago, with their places and the timers that take them off.
   * @type {Map<string, {callback: Callback, place: number, timer?: ReturnType<typeof setTimeout>}>}
   */
  #done = new Map();
  #drawn = "";
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

  /** The open callbacks, and between them those that were done a moment ago. */
  get #shown() {
    const shown = this.#callbacks.filter(({ id }) => !this.#done.has(id));
    for (const { callback, place } of this.#done.values()) shown.splice(place, 0, callback);
    return shown;
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
    if (!text || !this.#done.size) return;
    this.#done.clear(); // it may be open still
    this.#draw();
  }

  #draw() {
    const { activeElement } = document;
    if (this.contains(activeElement) && activeElement instanceof HTMLSelectElement) return;
    const shown = this.#shown;
    const isOverdue = (/** @type {Callback} */ { due_at }) =>
      Boolean(due_at) && Date.parse(due_at) < desktop.now;
    const drawn = JSON.stringify([
      shown.map((callback) => [callback, this.#done.has(callback.id), isOverdue(callback)]),
      this.#reasons,
    ]);
    if (drawn === this.#drawn) return; // the focus stays
    this.#drawn = drawn;
    if (!shown.length) return this.#list.replaceChildren();
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
    const rows = shown.map((callback) =>
      this.#done.has(callback.id)
        ? this.#doneRow(callback)
        : this.#row(callback, isOverdue(callback), select),
    );
    this.#list.replaceChildren(
      h("h3", {}, t("callback.title")),
      h("ul", { class: "callbacks" }, rows),
      h("p", { class: "row about" }, h("label", { for: id }, t("callback.while")), select),
    );
  }

  /**
   * Offer to open callbacks again that are done.
   * @param {Callback[]} callbacks @param {number} [milliseconds]
   */
  showDone(callbacks, milliseconds = UNDO_MS) {
    for (const callback of callbacks) {
      clearTimeout(this.#done.get(callback.id)?.timer);
      this.#done.set(callback.id, { callback, place: this.#shown.indexOf(callback) });
      this.#forgetLater(callback.id, milliseconds);
    }
    this.#draw();
  }

  /** Close a callback, and offer to open it again. @param {Callback} callback */
  #close(callback) {
    const { id } = callback;
    this.showDone([callback]);
    const undo = /** @type {HTMLElement | null} */ (this.querySelector(`[data-undo="${id}"]`));
    undo?.focus();
    lockPresses(this.#list, DONE_LOCK_MS);
    emit(this, "callcard-callback-status", { id, status: "done" });
  }

  /** @param {string} id */
  #reopen(id) {
    this.#callbacks = this.#shown; // with it, until they are read again
    clearTimeout(this.#done.get(id)?.timer);
    this.#done.delete(id);
    this.#draw();
    emit(this, "callcard-callback-status", { id, status: "open" });
  }

  /** Not while a call hides the list. @param {string} id @param {number} milliseconds */
  #forgetLater(id, milliseconds) {
    const forget = () => (this.hidden ? this.#forgetLater(id, milliseconds) : this.#forget(id));
    const done = this.#done.get(id);
    if (done) done.timer = setTimeout(() => afterPress(forget), milliseconds);
  }

  /** Take a callback that is done off the list. @param {string} id */
  #forget(id) {
    if (!this.#done.delete(id)) return;
    this.#draw();
    lockPresses(this.#list);
  }

  /** @param {Callback} callback */
  #doneRow({ id, name, display, number }) {
    const who = name || display || number;
    const undo = h(
      "button",
      { type: "button", "aria-label": t("callback.undoWho", { who }) },
      t("callback.undo"),
    );
    undo.dataset.undo = id;
    undo.addEventListener("click", () => this.#reopen(id));
    return h("li", {}, h("span", { class: "who about" }, t("callback.doneWho", { who })), undo);
  }

  /** @param {Callback} callback @param {boolean} isOverdue @param {HTMLSelectElement} select */
  #row(callback, isOverdue, select) {
    const { id, name, contact, display, number, due_at, note, last_tried_at } = callback;
    const timeZone = callback.time_zone;
    const shown = display || number;
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
              customer: { number, display: shown, name, contact, timeZone, note },
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
          onclick: () => this.#close(callback),
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
