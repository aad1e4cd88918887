// What the lists of number-list entries share: the text of a row, and how one goes.

import { dotted, h, isolate, lockPresses, phoneNumber } from "../shared/dom.js";
import { errorText } from "../shared/errors.js";

/** @typedef {import("../shared/dom.js").Child} Child */
/** @typedef {import("../shared/types.d.ts").ListedNumber} ListedNumber */

/**
 * Return an entry's number, what it is, and who listed it.
 * @param {ListedNumber} entry @param {Child[]} what @param {Child[]} about besides the author
 */
export const entryText = ({ number, author, author_name }, what, about) =>
  h(
    "span",
    { class: "who" },
    h("strong", {}, phoneNumber(number)),
    h("span", {}, dotted(what)),
    h("span", { class: "about" }, dotted([isolate(author_name || author), ...about])),
  );

/**
 * Decide about a row's entry once, and take the row off; the focus goes to the next one's button.
 * @param {HTMLElement} row
 * @param {{status: HTMLElement, error: HTMLElement}} messages
 * @param {() => Promise<unknown>} send
 * @param {() => string} done what to say then
 */
export async function takeOff(row, { status, error }, send, done) {
  if (row.inert) return; // the second press of a double click
  row.inert = true;
  error.textContent = "";
  try {
    await send();
    const list = row.parentElement;
    const next = row.nextElementSibling ?? row.previousElementSibling;
    row.remove();
    (next?.querySelector("button") ?? status).focus();
    if (list) lockPresses(list); // the next entry lies under the pointer now
    status.textContent = done();
  } catch (failure) {
    row.inert = false;
    error.textContent = errorText(failure);
  }
}
