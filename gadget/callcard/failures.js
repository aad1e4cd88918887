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
  "finesse-refused": (error) => t("error.refused", { reason: reason(error.finesse) }),
  "finesse-garbled": () => t("error.finesse"),
  "finesse-unreachable": () => t("error.finesse"),
  "finesse-out-of-service": () => t("error.finesse"),
  "finesse-slow": () => t("error.finesse"),
  "source-unavailable": () => t("error.source"),
  "store-unavailable": () => t("error.store"),
  "do-not-call": () => t("error.doNotCall"),
  "interaction-closed": () => t("notes.tooLate"),
};

/** @param {unknown} error */
export function sentence(error) {
  if (error instanceof ApiError)
    return SENTENCES[error.code]?.(error) ?? t("error.other", { detail: error.message });
  return t("error.other", { detail: String(error) });
}

/** What the platform's codes mean, as far as an agent can do something about it. Source: UCCE CTI Server Message Reference.
 * @type {Record<string, () => string>} */
const REFUSALS = {
  14: () => t("refusal.destination"),
  22: () => t("refusal.moment"),
  33: () => t("refusal.duringCall"),
  34: () => t("refusal.telephone"),
  38: () => t("refusal.full"),
  257: () => t("refusal.signIn"),
  260: () => t("refusal.extension"),
  265: () => t("refusal.duringCall"),
  280: () => t("refusal.reason"),
  281: () => t("refusal.reason"),
  283: () => t("refusal.taken"),
  1010: () => t("refusal.signIn"),
  20700: () => t("refusal.full"),
  20999: () => t("refusal.controller"),
};

/** In the agent's words, with Finesse's own behind them for whoever is asked about it. @param {{type?: string, message?: string,
 * code?: string, data?: string} | undefined} refusal */
function reason(refusal) {
  const own = refusal?.message || refusal?.type || "";
  const words = REFUSALS[refusal?.code ?? refusal?.data ?? ""]?.();
  return words ? `${words} (${own})` : own;
}

/** How an order ended, if it did not end well.
 * @param {{outcome: string, refusal?: {type: string, message: string, code: string}}} end */
export function outcomeSentence({ outcome, refusal }) {
  if (outcome === "refused") return t("error.refused", { reason: reason(refusal) });
  return outcome === "unknown" ? t("error.unknown") : "";
}
