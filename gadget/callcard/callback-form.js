// <callback-form>: schedule a callback, or change one. Fires `callcard-callback-create`,
// `callcard-callback-change` and `callcard-callback-form-closed`.

import {
  dotted,
  emit,
  field,
  h,
  isolate,
  newRequestId,
  onSubmit,
  phoneNumber,
  request,
  uniqueId,
} from "../shared/dom.js";
import { CallcardElement } from "../shared/element.js";
import { formatThere, t } from "../shared/texts.js";
import { dateField, isIncomplete } from "./date-field.js";
import { saveForm, saveRow } from "./form-saving.js";

/** @typedef {import("../shared/types.d.ts").CallbackCustomer} CallbackCustomer */
/** @typedef {{id: string, due_at: string}} ChangedCallback */

const MINUTE_MS = 60_000;
const MORNING_HOUR = 9;

const AFTERNOON_HOUR = 15;

/** Return times that agents often agree on, with their names. @returns {[string, Date][]} */
function quickPicks() {
  const afternoon = atHour(AFTERNOON_HOUR);
  /** @type {[string, Date][]} */
  const picks = [[t("callback.inOneHour"), new Date(Date.now() + 60 * MINUTE_MS)]];
  if (afternoon.getTime() > Date.now()) picks.push([t("callback.afternoon"), afternoon]);
  return [...picks, [t("callback.tomorrow"), atHour(MORNING_HOUR, 1)]];
}

/** Return an hour of a day. @param {number} hour @param {number} [days] from today */
function atHour(hour, days = 0) {
  const date = new Date();
  date.setDate(date.getDate() + days);
  date.setHours(hour, 0, 0, 0);
  return date;
}

/** Return a time as the value of a date and time field, which is local. @param {Date} date */
const toLocalInput = (date) =>
  new Date(date.getTime() - date.getTimezoneOffset() * MINUTE_MS).toISOString().slice(0, 16);

export class CallbackFormElement extends CallcardElement {
  static tag = "callback-form";

  /** Sent with every try, so that a lost answer does not make a second callback. */
  #requestId = newRequestId();
  #when = dateField();
  #note = h("input", { id: uniqueId("note"), maxlength: 1000, dir: "auto", autocomplete: "off" });
  #error = h("p", { class: "error", role: "alert" });
  #save = h("button", { class: "primary" }, t("save"));

  #customerTime = h("p", { class: "about", role: "status" });
  /** @type {CallbackCustomer | null} */
  #customer = null;
  #who = h("span", {});
  /** The note and the time that the form was opened with. */
  #original = "";

  /** Whether the agent has begun to fill the form in. */
  get isEdited() {
    return this.#content !== this.#original || isIncomplete(this.#when);
  }

  get #content() {
    return `${this.#when.value} ${this.#note.value.trim()}`;
  }

  focus() {
    this.#when.focus();
  }

  /**
   * Show the form for a customer.
   * @param {CallbackCustomer} customer
   * @param {ChangedCallback} [callback] the one to change, instead of adding one
   */
  show(customer, callback) {
    const { timeZone, note } = customer;
    this.setCustomer(customer);
    this.#note.value = note;
    if (callback?.due_at) this.#when.value = toLocalInput(new Date(callback.due_at));
    this.#original = this.#content;
    const showTime = () => {
      this.#error.textContent = "";
      this.#showCustomerTime(timeZone);
    };
    this.#when.addEventListener("input", showTime);
    showTime();
    this.#when.min = toLocalInput(new Date());
    const close = () => emit(this, "callcard-callback-form-closed", { isSaved: false });
    const form = h(
      "form",
      { novalidate: true },
      h("h3", {}, t("callback.whom"), " ", this.#who),
      field(t("callback.when"), this.#when),
      h(
        "p",
        { class: "row" },
        quickPicks().map(([label, time]) => this.#quickPick(label, time, showTime)),
      ),
      this.#customerTime,
      field(t("callback.note"), this.#note),
      this.#error,
      saveRow(this.#save, close),
    );
    onSubmit(form, () => this.#submit(callback));
    this.replaceChildren(form);
    this.focus();
  }

  /** @param {string} label @param {Date} time @param {() => void} onPick */
  #quickPick(label, time, onPick) {
    const pick = () => {
      this.#when.value = toLocalInput(time);
      onPick();
    };
    return h("button", { type: "button", onclick: pick }, label);
  }

  /** Show what the clock of the customer says then, if it is another than here. @param {string} timeZone */
  #showCustomerTime(timeZone) {
    const time = new Date(this.#when.value);
    const there = this.#when.value && timeZone && formatThere(time, timeZone);
    const isElsewhere = there && there !== formatThere(time);
    this.#customerTime.textContent = isElsewhere ? t("callback.customerTime", { time: there }) : "";
  }

  /** Take whom the call turned out to be with. @param {CallbackCustomer} customer */
  setCustomer(customer) {
    this.#customer = customer;
    const { name, number, display } = customer;
    this.#who.replaceChildren(...dotted([name && isolate(name), phoneNumber(display || number)]));
  }

  /** @param {ChangedCallback} [changed] */
  async #submit(changed) {
    const { number, name, contact } = /** @type {CallbackCustomer} */ (this.#customer);
    const isNew = !changed?.due_at || toLocalInput(new Date(changed.due_at)) !== this.#when.value;
    const isPast = new Date(this.#when.value).getTime() < Date.now() - MINUTE_MS;
    if (isIncomplete(this.#when)) {
      this.#error.textContent = t("callback.incomplete");
      this.#when.focus();
      return;
    }
    if (this.#when.value && isNew && isPast) {
      this.#error.textContent = t("callback.past");
      this.#when.focus();
      return;
    }
    const due = this.#when.value ? new Date(this.#when.value).toISOString() : "";
    const choice = { due_at: due.replace(/\.\d+Z$/, "Z"), note: this.#note.value.trim() };
    const callback = { number, name, contact, ...choice, request_id: this.#requestId };
    await saveForm(this.#save, this.#error, async () => {
      if (changed) await request(this, "callcard-callback-change", { id: changed.id, ...choice });
      else await request(this, "callcard-callback-create", { callback });
      emit(this, "callcard-callback-form-closed", { isSaved: true, isDated: Boolean(due) });
    });
  }
}
