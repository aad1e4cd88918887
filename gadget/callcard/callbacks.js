// <callback-form>: schedule a callback. Fires `callcard-callback-create` and
// `callcard-callback-form-closed`.
// <callback-list>: the agent's callbacks. One press dials, with the agent not ready for other calls
// until it is over.
// Fires `callcard-callback-dialled` and `callcard-callback-done`.

import {
  dotted,
  emit,
  h,
  isolate,
  newRequestId,
  phoneNumber,
  request,
  uniqueId,
} from "../shared/dom.js";
import { CallcardElement } from "../shared/element.js";
import { errorText } from "../shared/errors.js";
import { formatDate, t } from "../shared/texts.js";

/** @typedef {import("../shared/types.d.ts").Callback} Callback */
/** @typedef {import("../shared/types.d.ts").CallbackCustomer} CallbackCustomer */
/** @typedef {import("../shared/types.d.ts").Reason} Reason */

const REASON_KEY = "callcard.callbackReason";

const MINUTE_MS = 60_000;
const MORNING_HOUR = 9;

/** Times that agents often agree on. @type {[() => string, () => Date][]} */
const QUICK_PICKS = [
  [() => t("callback.inOneHour"), () => new Date(Date.now() + 60 * MINUTE_MS)],
  [() => t("callback.inThreeHours"), () => new Date(Date.now() + 180 * MINUTE_MS)],
  [() => t("callback.tomorrow"), tomorrowMorning],
];

function tomorrowMorning() {
  const date = new Date();
  date.setDate(date.getDate() + 1);
  date.setHours(MORNING_HOUR, 0, 0, 0);
  return date;
}

/** Return a time as the value of a date and time field, which is local. @param {Date} date */
const toLocalInput = (date) =>
  new Date(date.getTime() - date.getTimezoneOffset() * MINUTE_MS).toISOString().slice(0, 16);

export class CallbackFormElement extends CallcardElement {
  static tag = "callback-form";

  /** Sent with every try, so that a lost answer does not make a second callback. */
  #requestId = newRequestId();
  #when = h("input", { id: uniqueId("when"), type: "datetime-local" });
  #note = h("input", { id: uniqueId("note"), maxlength: 1000, dir: "auto", autocomplete: "off" });
  #error = h("p", { class: "error", role: "alert" });
  #save = h("button", { class: "primary" }, t("callback.save"));

  /** Whether the agent has begun to fill the form in. */
  get isEdited() {
    return Boolean(this.#when.value || this.#note.value.trim());
  }

  /** Show the form for a customer. @param {CallbackCustomer} customer */
  show(customer) {
    const { number, display, name } = customer;
    this.#when.min = toLocalInput(new Date());
    const close = () => emit(this, "callcard-callback-form-closed", { isSaved: false });
    const form = h(
      "form",
      { novalidate: true },
      h(
        "h3",
        {},
        t("callback.whom"),
        " ",
        name ? [isolate(name), " · "] : "",
        phoneNumber(display || number),
      ),
      h(
        "p",
        { class: "field" },
        h("label", { for: this.#when.id }, t("callback.when")),
        this.#when,
      ),
      h(
        "p",
        { class: "row" },
        QUICK_PICKS.map(([label, time]) => this.#quickPick(label(), time)),
      ),
      h(
        "p",
        { class: "field" },
        h("label", { for: this.#note.id }, t("callback.note")),
        this.#note,
      ),
      this.#error,
      h(
        "p",
        { class: "row" },
        this.#save,
        h("button", { type: "button", class: "quiet", onclick: close }, t("variables.cancel")),
      ),
    );
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      if (!this.#save.disabled) void this.#submit(customer);
    });
    this.replaceChildren(form);
    this.#when.focus();
  }

  /** @param {string} label @param {() => Date} time */
  #quickPick(label, time) {
    const pick = () => {
      this.#when.value = toLocalInput(time());
    };
    return h("button", { type: "button", onclick: pick }, label);
  }

  /** @param {CallbackCustomer} customer */
  async #submit({ number, name, contact }) {
    if (this.#when.value && new Date(this.#when.value).getTime() < Date.now() - MINUTE_MS) {
      this.#error.textContent = t("callback.past");
      this.#when.focus();
      return;
    }
    this.#save.disabled = true;
    this.#error.textContent = "";
    const due = this.#when.value ? new Date(this.#when.value).toISOString() : "";
    const callback = {
      number,
      name,
      contact,
      due_at: due.replace(/\.\d+Z$/, "Z"),
      note: this.#note.value.trim(),
      request_id: this.#requestId,
    };
    try {
      await request(this, "callcard-callback-create", { callback });
      emit(this, "callcard-callback-form-closed", { isSaved: true });
    } catch (error) {
      this.#error.textContent = errorText(error);
    } finally {
      this.#save.disabled = false;
    }
  }
}

export class CallbackListElement extends CallcardElement {
  static tag = "callback-list";

  /** The server's clock, in milliseconds. */
  now = () => Date.now();
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

  /** Show the agent's open callbacks. @param {Callback[]} callbacks */
  show(callbacks) {
    this.#callbacks = callbacks;
    if (this.#isReadError) this.setError("");
    this.#draw();
  }

  /** Show why the callbacks could not be read, if there are any. @param {string} text */
  showReadError(text) {
    if (!this.#callbacks.length) return;
    this.setError(text);
    this.#isReadError = true;
  }

  /** Set the reasons to be not ready with while calling back. @param {Reason[]} reasons */
  setReasons(reasons) {
    this.#reasons = reasons;
    this.#draw();
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

  /** @param {Callback} callback @param {HTMLSelectElement} select */
  #row({ id, name, contact, display, number, due_at, note, last_tried_at }, select) {
    const shown = display || number;
    const isOverdue = due_at && Date.parse(due_at) < this.now();
    const about = dotted([
      name && phoneNumber(shown),
      due_at && h("span", { class: isOverdue ? "overdue" : "" }, formatDate(due_at)),
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
          "aria-label": t("callback.doneWho", { who: name || shown }),
          onclick: () => emit(this, "callcard-callback-done", { id }),
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
