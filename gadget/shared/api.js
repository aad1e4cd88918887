// The only file that speaks the service's JSON.

import { desktop } from "./desktop.js";

/** @typedef {import("./types.d.ts").Lookup} Lookup */
/** @typedef {import("./types.d.ts").Contact} Contact */
/** @typedef {import("./types.d.ts").Me} Me */
/** @typedef {import("./types.d.ts").Accepted} Accepted */
/** @typedef {import("./types.d.ts").CallSeen} CallSeen */
/** @typedef {import("./types.d.ts").Told} Told */
/** @typedef {import("./types.d.ts").Interaction} Interaction */
/** @typedef {import("./types.d.ts").Target} Target */
/** @typedef {import("./types.d.ts").Callback} Callback */

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
  const { status, text } = await desktop.request(
    method,
    `${desktop.service}/api/v1${path}`,
    body,
    signal,
  );
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
  lookup: (number, signal) =>
    ask("GET", `/contacts?number=${encodeURIComponent(number)}`, { signal }),
  /** @param {string} text @param {AbortSignal} signal @returns {Promise<{contacts: Contact[]}>} */
  search: (text, signal) => ask("GET", `/contacts?q=${encodeURIComponent(text)}`, { signal }),
  /** @param {{name: string, company: string, email: string, numbers: string[], request_id: string}} contact @returns {Promise<Contact>} */
  save: (contact) => ask("POST", "/contacts", { body: contact }),
  /** @returns {Promise<Me>} */
  me: () => ask("GET", "/me"),
  /** @param {string} state @param {string | null} reason @returns {Promise<Accepted>} */
  setState: (state, reason) =>
    ask("PUT", "/me/state", { body: reason ? { state, reason } : { state } }),
  /** @param {string} to @returns {Promise<Accepted>} */
  dial: (to) => ask("POST", "/calls", { body: { to } }),
  /** @param {string} call @param {string} action @param {object} [sent] @returns {Promise<Accepted>} */
  act: (call, action, sent) =>
    ask("POST", `/calls/${encodeURIComponent(call)}/${encodeURIComponent(action)}`, { body: sent }),
  /** @param {string} text @param {AbortSignal} signal @returns {Promise<{targets: Target[], missing: string[]}>} */
  targets: (text, signal) => ask("GET", `/targets?q=${encodeURIComponent(text)}`, { signal }),
  /** @param {CallSeen} seen @param {boolean} lookup @returns {Promise<Told>} */
  tell: (seen, lookup) => ask("POST", `/interactions${lookup ? "?lookup=1" : ""}`, { body: seen }),
  /** @param {string} id @param {object} change @returns {Promise<Interaction>} */
  change: (id, change) => ask("PUT", `/interactions/${encodeURIComponent(id)}`, { body: change }),
  /** Those the CRM does not take. @returns {Promise<{interactions: Interaction[]}>} */
  parked: () => ask("GET", "/interactions"),
  /** @param {string} id @returns {Promise<Interaction>} */
  retry: (id) => ask("POST", `/interactions/${encodeURIComponent(id)}/retry`),
  /** @returns {Promise<{callbacks: Callback[]}>} */
  callbacks: () => ask("GET", "/callbacks"),
  /** @param {object} callback @returns {Promise<Callback>} */
  saveCallback: (callback) => ask("POST", "/callbacks", { body: callback }),
  /** @param {string} id @param {string} status @returns {Promise<Callback>} */
  closeCallback: (id, status) =>
    ask("PUT", `/callbacks/${encodeURIComponent(id)}`, { body: { status } }),
  /** @param {string} id @param {string} reason @returns {Promise<Accepted>} */
  dialCallback: (id, reason) =>
    ask("POST", `/callbacks/${encodeURIComponent(id)}/dial`, { body: { reason } }),
};
