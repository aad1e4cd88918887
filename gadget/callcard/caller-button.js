// The button that makes a record the contact of a call. Fires `callcard-contact-chosen`.

import { emit, h } from "../shared/dom.js";
import { t } from "../shared/texts.js";

/** @typedef {import("../shared/types.d.ts").Contact} Contact */

/**
 * Return the button that makes a record the contact of a call.
 * @param {string} callId @param {Contact} contact
 * @param {string} [number] the caller's, which is added to the record
 */
export function callerButton(callId, contact, number = "") {
  const text = number ? t("search.addNumber", { number }) : t("search.isCaller");
  const label = `${text}: ${contact.name || contact.company}`;
  const button = h("button", { type: "button", "aria-label": label }, text);
  button.addEventListener("click", () =>
    emit(button, "callcard-contact-chosen", {
      callId,
      match: { how: "chosen", contact },
      addedNumber: number,
    }),
  );
  return button;
}
