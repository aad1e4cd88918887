// Errors in the agent's language, with Finesse's own words where they help.

import { isolated, t } from "./texts.js";

/** @typedef {import("./api.js").ApiError} ApiError */
/** @typedef {import("./commands.js").CommandResult} CommandResult */

/** By the service's problem codes. @type {Record<string, (error: ApiError) => string>} */
const TEXTS = {
  unreachable: () => t("error.unreachable"),
  "credentials-rejected": () => t("error.credentials"),
  "credentials-missing": () => t("error.credentials"),
  "not-permitted": () => t("error.notPermitted"),
  "not-signed-in": () => t("error.notSignedIn"),
  "invalid-field": ({ field, message }) =>
    field === "to" ? t("error.notDialable") : t("error.field", { detail: message }),
  "finesse-refused": ({ finesse }) =>
    t("error.refused", {
      reason: refusalText({
        type: finesse?.type,
        message: finesse?.message,
        code: finesse?.data,
        explanation: finesse?.peripheral_text || finesse?.peripheral_message,
      }),
    }),
  "finesse-invalid-response": () => t("error.finesse"),
  "finesse-unreachable": () => t("error.finesse"),
  "finesse-out-of-service": () => t("error.finesse"),
  "finesse-timeout": () => t("error.finesse"),
  "source-unavailable": () => t("error.source"),
  "store-unavailable": () => t("error.store"),
  "do-not-call": () => t("error.doNotCall"),
  "interaction-closed": () => t("notes.tooLate"),
};

/** Return the text for an error. @param {any} error */
export const errorText = (error) =>
  TEXTS[error?.code]?.(error) ?? t("error.other", { detail: error?.message || String(error) });

/**
 * Finesse's refusals by the platform's code. The service has the same codes and sentences
 * (callcard/telephony/command_outcome.py); a test compares them.
 * @type {Record<string, () => string>}
 */
const REFUSALS = {
  2: () => t("refusal.signInMode"),
  14: () => t("refusal.destination"),
  22: () => t("refusal.callState"),
  33: () => t("refusal.duringCall"),
  34: () => t("refusal.phone"),
  38: () => t("refusal.conferenceFull"),
  257: () => t("refusal.signIn"),
  260: () => t("refusal.extension"),
  265: () => t("refusal.agentState"),
  280: () => t("refusal.wrapUpReason"),
  281: () => t("refusal.reason"),
  283: () => t("refusal.extensionInUse"),
  1010: () => t("refusal.signIn"),
  13145: () => t("refusal.monitor"),
  20700: () => t("refusal.conferenceFull"),
  20999: () => t("refusal.conferenceOwner"),
  88049: () => t("refusal.monitor"),
};

/** Begins the message for an action that is not allowed now; the code is the extension then. */
const INVALID_ACTION = "INVALID_ACTION ";

/**
 * Return a refusal in the agent's language, followed by Finesse's own words for the help desk.
 * @param {Partial<import("./refusals.js").Refusal>} refusal
 */
function refusalText({ type = "", message = "", code = "", explanation = "" }) {
  const words = explanation || message || type;
  const text = REFUSALS[message.startsWith(INVALID_ACTION) ? "22" : code]?.();
  return text ? `${text} (${words})` : words;
}

/**
 * Return why a command failed, and whom it was about; empty if it did not.
 * @param {CommandResult | null} result
 */
export function commandErrorText(result) {
  const text = reasonText(result);
  return text && result?.who ? `${isolated(result.who)}: ${text}` : text;
}

/** @param {CommandResult | null} result */
function reasonText(result) {
  switch (result?.outcome) {
    case "refused":
      return t("error.refused", { reason: refusalText(result.refusal ?? {}) });
    case "failed":
      return errorText(result.error);
    case "busy":
      return t("error.busy");
    case "unknown":
      return t("error.unknown");
    default:
      return "";
  }
}
