// The only file that speaks the service's JSON.

import { desktop } from "./desktop.js";

/** @typedef {import("./types.d.ts").Lookup} Lookup */
/** @typedef {import("./types.d.ts").Contact} Contact */
/** @typedef {import("./types.d.ts").Me} Me */
/** @typedef {import("./types.d.ts").Accepted} Accepted */

/** The service's refusal, or its silence: then `code` is `unreachable`. */
export class ApiError extends Error {
  /** @param {number} status @param {any} problem */
  constructor(status, problem) {
    super(problem.detail || problem.title || String(status));
    this.status = status;
    /** @type {string} */
    this.code = problem.code || "unreachable";
    /** @type {string | undefined} */
    this.field = problem.field;
    /** Finesse's own words, if it was Finesse that refused. @type {{type: string, message: string, data: string} | undefined} */
    this.finesse = problem.finesse;
  }
}

/** @param {string} method @param {string} path @param {{body?: object, signal?: AbortSignal}} [told] @returns {Promise<any>} */
async function ask(method, path, { body, signal } = {}) {
  const { status, text } = await desktop.request(method, `${desktop.service}/api/v1${path}`, body, signal);
  let content;
  try {
    content = JSON.parse(text);
  } catch {
    throw new ApiError(status, {}); // the proxy's own answer, or something else in between
  }
  if (status < 200 || status > 299) throw new ApiError(status, content);
  return content;
}

export const api = {
  /** @param {string} number @param {AbortSignal} signal @returns {Promise<Lookup>} */
  lookup: (number, signal) => ask("GET", `/contacts?number=${encodeURIComponent(number)}`, { signal }),
  /** @param {string} text @param {AbortSignal} signal @returns {Promise<{contacts: Contact[]}>} */
  search: (text, signal) => ask("GET", `/contacts?q=${encodeURIComponent(text)}`, { signal }),
  /** @param {{name: string, company: string, email: string, numbers: string[], request_id: string}} contact @returns {Promise<Contact>} */
  save: (contact) => ask("POST", "/contacts", { body: contact }),
  /** @returns {Promise<Me>} */
  me: () => ask("GET", "/me"),
  /** @param {string} state @param {string | null} reason @returns {Promise<Accepted>} */
  setState: (state, reason) => ask("PUT", "/me/state", { body: reason ? { state, reason } : { state } }),
  /** @param {string} to @returns {Promise<Accepted>} */
  dial: (to) => ask("POST", "/calls", { body: { to } }),
  /** @param {string} call @param {string} action @returns {Promise<Accepted>} */
  act: (call, action) => ask("POST", `/calls/${encodeURIComponent(call)}/${encodeURIComponent(action)}`),
};
