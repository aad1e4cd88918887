// The form for the value of a call variable.

import { h, onSubmit, uniqueId } from "../shared/dom.js";
import { t } from "../shared/texts.js";

/** @typedef {import("../shared/types.d.ts").Platform} Platform */

/**
 * Bytes of callVariable1 to 10. The length of an ECC variable is the site's: the service knows it.
 */
const MAX_BYTES = { ucce: 40, uccx: 39 };

/**
 * Return the form.
 * @param {{name: string, value: string}} variable @param {Platform} platform
 * @param {(value: string | null) => void} onEnd called with what was typed; null if it is cancelled
 */
export function variableForm({ name, value }, platform, onEnd) {
  const id = uniqueId("variable");
  const input = h("input", { id, value, maxlength: 200, dir: "auto", autocomplete: "off" });
  const count = h("span", { class: "about", role: "status" });
  const measure = () => {
    // Too much stays in the field: the service would refuse it.
    if (name.startsWith("callVariable")) showSize(input.value, platform, count);
  };
  input.addEventListener("input", measure);
  measure();
  const cancel = () => onEnd(null);
  const form = h(
    "form",
    { class: "row" },
    h("label", { for: id, class: "hidden" }, name),
    input,
    h("button", {}, t("save")),
    h("button", { type: "button", class: "quiet", onclick: cancel }, t("cancel")),
    count,
  );
  form.addEventListener("keydown", (event) => {
    if (event.key === "Escape") cancel();
  });
  onSubmit(form, () => {
    if (count.classList.contains("error")) input.focus();
    else onEnd(input.value.trim());
  });
  form.focus = () => input.focus();
  return form;
}

/** Show how many bytes a value has. @param {string} text @param {Platform} platform
 * @param {HTMLElement} count */
function showSize(text, platform, count) {
  // UCCE keeps Latin-1, one byte a character; the service refuses what that does not have.
  const size = platform === "ucce" ? text.length : new TextEncoder().encode(text).length;
  const most = MAX_BYTES[platform];
  count.textContent = t("variables.bytes", { size, most });
  count.classList.toggle("error", size > most);
}
