// What the forms beside a call share: their last row, and how they are saved.

import { h } from "../shared/dom.js";
import { errorText } from "../shared/errors.js";
import { t } from "../shared/texts.js";
import { ChosenMeanwhile } from "./chosen-meanwhile.js";

/** Return the row that ends a form. @param {HTMLElement} save @param {() => unknown} cancel */
export const saveRow = (save, cancel) =>
  h(
    "p",
    { class: "row" },
    save,
    h("button", { type: "button", class: "quiet", onclick: cancel }, t("cancel")),
  );

/**
 * Send what a form holds, once at a time, and show why that failed.
 * @param {HTMLButtonElement} save @param {HTMLElement} error @param {() => Promise<void>} send
 */
export async function saveForm(save, error, send) {
  save.disabled = true;
  error.textContent = "";
  try {
    await send();
  } catch (reason) {
    error.textContent = reason instanceof ChosenMeanwhile ? reason.message : errorText(reason);
  } finally {
    save.disabled = false;
  }
}
