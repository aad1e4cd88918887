// The button that makes a record the contact of a call. Fires `callcard-contact-chosen`.

import { emit, h } from "../shared/dom.js";
import { InlineQuestionElement } from "../shared/inline-question.js";
import { t } from "../shared/texts.js";

/** @typedef {import("../shared/types.d.ts").Contact} Contact */

/**
 * Return the button that makes a record the contact of a call. If it also adds the number to the
 * record, a question follows it: in a list, another row is easily pressed, and the next caller with
 * the number would be taken for that contact.
 * @param {string} callId @param {Contact} contact
 * @param {string} [number] the caller's, which is added to the record
 */
export function callerButton(callId, contact, number = "") {
  const who = contact.name || contact.company;
  const text = number ? t("search.addNumber", { number }) : t("search.isCaller");
  const button = h("button", { type: "button", "aria-label": `${text}: ${who}` }, text);
  const choose = () =>
    emit(button, "callcard-contact-chosen", {
      callId,
      match: { how: "chosen", contact },
      addedNumber: number,
    });
  if (!number) {
    button.addEventListener("click", choose);
    return [button];
  }
  const question = new InlineQuestionElement();
  const ask = () =>
    question.ask(t("search.addNumberAsk", { number, who }), t("search.add"), choose, () =>
      button.focus(),
    );
  button.addEventListener("click", ask);
  return [button, question];
}
