// What the buttons of a call open below them: targets, the keypad, or a time for the dialer's
// callback.

import { desktop } from "../shared/desktop.js";
import { emit, h, onSubmit } from "../shared/dom.js";
import { t } from "../shared/texts.js";
import { CallKeypadElement } from "./call-keypad.js";
import { dateField, isIncomplete } from "./date-field.js";
import { KnownTargets } from "./known-targets.js";
import { TransferTargetsElement } from "./transfer-targets.js";

/** Minutes end the service's form of a date: 2027-03-07T14:30. */
const MINUTES_LENGTH = 16;

/** @type {KnownTargets | undefined} */
let known;

/**
 * Return what a clock shows now, in the form of a date and time field.
 * @param {string} timeZone empty for the agent's
 */
const clockIn = (timeZone) =>
  new Date().toLocaleString("sv", { timeZone: timeZone || undefined }).replace(" ", "T");

/**
 * Return what a drawer of a call shows.
 * @param {import("./call-controls.js").Drawer} drawer @param {string} callId
 * @param {string} timeZone the customer's, or empty
 * @returns {HTMLElement}
 */
export function drawerContent(drawer, callId, timeZone) {
  if (drawer === "callback") return callbackTimeForm(callId, timeZone);
  if (drawer === "keypad") return Object.assign(new CallKeypadElement(), { callId });
  known ??= new KnownTargets(localStorage, desktop.agentId);
  return Object.assign(new TransferTargetsElement(), { callId, known });
}

/**
 * Return the form for when, in their own time, the dialer is to call the customer again.
 * @param {string} callId @param {string} timeZone
 */
function callbackTimeForm(callId, timeZone) {
  const time = dateField();
  const error = h("p", { class: "error", role: "alert" });
  const form = h(
    "form",
    { class: "row", novalidate: true },
    h("label", { for: time.id }, t("callback.whenThere")),
    time,
    h("button", {}, t("save")),
    error,
  );
  onSubmit(form, () => {
    error.textContent = "";
    if (!time.value || isIncomplete(time)) error.textContent = t("callback.incomplete");
    else if (time.value < clockIn(timeZone)) error.textContent = t("callback.past");
    if (error.textContent) return time.focus();
    const params = { callback_time: time.value.slice(0, MINUTES_LENGTH) };
    emit(form, "callcard-call-command", { callId, action: "callback", params });
  });
  form.focus = () => time.focus();
  return form;
}
