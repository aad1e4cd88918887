// <contact-card>: one record: the last interactions, open cases, numbers to call.
// Fires `callcard-number-dialled` and `callcard-callback-scheduled`.

import { dotted, emit, h, isolate, phoneNumber } from "./dom.js";
import { CallcardElement } from "./element.js";
import { expandable, historyRows } from "./history.js";
import { formatDate, t } from "./texts.js";

/** @typedef {import("./dom.js").Child} Child */
/** @typedef {import("./types.d.ts").Case} Case */
/** @typedef {import("./types.d.ts").Contact} Contact */
/** @typedef {import("./types.d.ts").ContactNumber} ContactNumber */
/** @typedef {import("./types.d.ts").Match} Match */

/** Rows of a list that are shown at first. */
const MAX_ROWS = 3;

export class ContactCardElement extends CallcardElement {
  static tag = "contact-card";

  #shown = "";

  /**
   * Show a record; of one that is shown already, what the agent has opened stays open.
   * @param {Contact} contact @param {Match["how"] | ""} [how] how it was found for the call
   */
  show(contact, how = "") {
    const { source, id, cases, interactions, numbers, email } = contact;
    const isSame = this.#shown === `${source}/${id}`;
    this.#shown = `${source}/${id}`;
    const opened = isSame ? [...this.querySelectorAll("details[open]")].map(textOf) : [];
    const whole = isSame ? [...this.querySelectorAll("section[data-whole]")].map(nameOf) : [];
    const reach = numbers.map((number) => this.#number(contact, number));
    if (email) reach.push([emailLink(email)]);
    this.replaceChildren(
      how === "suffix" ? h("p", { class: "note warning" }, t("card.suffix")) : "",
      h(
        "div",
        { class: "sections" },
        section("past", t("card.interactions"), historyRows(interactions), t("noInteractions")),
        section("cases", t("card.cases"), cases.map(openCase), t("card.noCases")),
        section("reach", t("card.numbers"), reach, t("card.noNumbers")),
      ),
    );
    for (const details of this.querySelectorAll("details"))
      details.open = opened.includes(textOf(details));
    for (const each of this.querySelectorAll("section"))
      if (whole.includes(nameOf(each))) showAll(each);
  }

  /** @param {Contact} contact @param {ContactNumber} number @returns {Child[]} */
  #number(contact, { number, label, e164 }) {
    const { name, company, source, id } = contact;
    const dialled = e164 ?? number;
    const customer = {
      number: dialled,
      display: number,
      name: name || company,
      contact: `${source}/${id}`,
      timeZone: "",
      note: "",
    };
    return [
      h(
        "button",
        {
          type: "button",
          class: "dial",
          "aria-label": t("dial.call", { number }),
          onclick: () => emit(this, "callcard-number-dialled", { number: dialled, contact }),
        },
        phoneNumber(number),
      ),
      label && h("span", { class: "about" }, isolate(label)),
      h(
        "button",
        {
          type: "button",
          class: "quiet later",
          "aria-label": t("callback.scheduleNumber", { number }),
          onclick: () => emit(this, "callcard-callback-scheduled", { customer }),
        },
        t("callback.schedule"),
      ),
    ];
  }
}

/** Return the link to a record in the CRM, or to each source's; nothing if there is none.
 * @param {Contact} contact */
export function recordLink({ url, records = [] }) {
  if (records.length > 1)
    return h(
      "div",
      { class: "records" },
      records.map(({ url: address, source }) => link(address, isolate(source), "open-record")),
    );
  const found = link(url, h("span", {}, t("card.open")), "open-record");
  if (found) found.title = t("card.open");
  return found;
}

/** @param {Case} openCase @returns {Child[]} */
function openCase({ id, subject, status, opened_at, url, notes }) {
  const about = dotted([isolate(id), isolate(status), opened_at && formatDate(opened_at)]);
  const rows = [
    h("span", { class: "what" }, link(url, isolate(subject)) || isolate(subject)),
    h("span", { class: "about" }, about),
  ];
  return notes ? [expandable(rows, notes)] : rows;
}

/** @param {string} email */
function emailLink(email) {
  const address = encodeURIComponent(email).replace("%40", "@");
  return h("a", { href: `mailto:${address}` }, isolate(email));
}

/**
 * Return a list with its heading: three rows, and a button for more.
 * @param {string} name @param {string} title @param {Child[][]} rows
 * @param {string} [empty] the text without rows
 */
export function section(name, title, rows, empty = "") {
  const items = rows.map((row, index) => h("li", { hidden: index >= MAX_ROWS }, row));
  const body = items.length ? h("ul", {}, items) : h("p", { class: "about" }, empty);
  return h("section", { class: name }, h("h3", {}, title), body, moreButton(items));
}

/** Return the button that shows the rows beyond the first. @param {HTMLElement[]} items */
function moreButton(items) {
  const hidden = items.filter((item) => item.hidden);
  if (!hidden.length) return "";
  const button = h("button", { type: "button", class: "quiet more" });
  button.textContent = t("card.more", { count: hidden.length });
  button.addEventListener("click", () => {
    const list = button.closest("section");
    if (list) showAll(list);
    hidden[0].tabIndex = -1;
    hidden[0].focus();
  });
  return button;
}

/** Show all rows of a list. @param {HTMLElement} list */
function showAll(list) {
  list.dataset.whole = "";
  for (const item of list.querySelectorAll("li")) item.hidden = false;
  list.querySelector(".more")?.remove();
}

/** Return what distinguishes a row from the others, also after it was drawn again. @param {Element} row */
const textOf = (row) => row.querySelector("summary")?.textContent ?? "";

/** @param {Element} list */
const nameOf = (list) => list.className;

/**
 * Return a link, if its address is one that a browser may be sent to.
 * @param {string} url @param {Node | string} text @param {string} [name]
 */
function link(url, text, name = "") {
  if (!/^https?:\/\//i.test(url)) return "";
  return h("a", { href: url, target: "_blank", rel: "noopener noreferrer", class: name }, text);
}
