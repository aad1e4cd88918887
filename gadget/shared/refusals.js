// Finesse's refusals of requests, as its events report them. No DOM.

import { asList } from "./list.js";

/**
 * Finesse's refusal of a request.
 * @typedef {object} Refusal
 * @property {string} requestId
 * @property {string} source the resource that the request was for, as in /finesse/api/Dialog/1
 * @property {string} type
 * @property {string} message
 * @property {string} code the platform's, where the refusal comes from there
 * @property {string} explanation the platform's own sentence, or its name for the code; often empty
 */

/**
 * Return the refusals in an event's `Update`, or in the answer to a request.
 * @param {any} update @returns {Refusal[]}
 */
export function readRefusals(update) {
  const { apiErrors, apiError } = update?.data ?? {};
  return asList(apiErrors?.apiError ?? apiErrors?.ApiError ?? apiError).map((error) => ({
    requestId: update.requestId ?? "",
    source: update.source ?? "",
    type: error.errorType ?? error.ErrorType ?? "",
    message: error.errorMessage ?? error.ErrorMessage ?? "",
    code: String(error.errorData ?? error.ErrorData ?? ""),
    explanation: error.peripheralErrorText || error.peripheralErrorMsg || "",
  }));
}
