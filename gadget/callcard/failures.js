// What went wrong, in the agent's language: the sentence for an error's code, and Finesse's own words where they help.

import { ApiError } from "../shared/api.js";
import { t } from "../shared/texts.js";

/** @type {Record<string, (error: ApiError) => string>} */
const SENTENCES = {
  unreachable: () => t("error.unreachable"),
  "credentials-wrong": () => t("error.credentials"),
  "credentials-missing": () => t("error.credentials"),
  "not-yours": () => t("error.notYours"),
  "not-signed-in": () => t("error.notSignedIn"),
  "invalid-field": (error) => t("error.field", { detail: error.message }),
  "finesse-refused": (error) => t("error.refused", { reason: error.finesse?.message || error.finesse?.type || "" }),
  "finesse-garbled": () => t("error.finesse"),
  "finesse-unreachable": () => t("error.finesse"),
  "finesse-out-of-service": () => t("error.finesse"),
  "finesse-slow": () => t("error.finesse"),
  "source-unavailable": () => t("error.source"),
};

/** @param {unknown} error */
export function sentence(error) {
  if (error instanceof ApiError) return SENTENCES[error.code]?.(error) ?? t("error.other", { detail: error.message });
  return t("error.other", { detail: String(error) });
}

/** How an order ended, if it did not end well. @param {{outcome: string, refusal?: {type: string, message: string}}} end */
export function outcomeSentence({ outcome, refusal }) {
  if (outcome === "refused") return t("error.refused", { reason: refusal?.message || refusal?.type || "" });
  return outcome === "unknown" ? t("error.unknown") : "";
}
