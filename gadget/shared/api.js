// The service's JSON API. No other file knows its paths and fields.

import { desktop } from "./desktop.js";
import { afterPress } from "./press.js";
import { ServiceStatus } from "./service-status.js";

/** @typedef {import("./types.d.ts").Callback} Callback */
/** @typedef {import("./types.d.ts").CallReport} CallReport */
/** @typedef {import("./types.d.ts").CommandParams} CommandParams */
/** @typedef {import("./types.d.ts").CommandResponse} CommandResponse */
/** @typedef {import("./types.d.ts").Contact} Contact */
/** @typedef {import("./types.d.ts").Interaction} Interaction */
/** @typedef {import("./types.d.ts").InteractionChange} InteractionChange */
/** @typedef {import("./types.d.ts").Me} Me */
/** @typedef {import("./types.d.ts").NewCallback} NewCallback */
/** @typedef {import("./types.d.ts").NewContact} NewContact */
/** @typedef {import("./types.d.ts").ReportAcknowledgement} ReportAcknowledgement */
/** @typedef {import("./types.d.ts").TransferTarget} TransferTarget */

/** A problem that the service reports; without an answer its `code` is `unreachable`. */
export class ApiError extends Error {
  /** @param {number} status @param {any} problem application/problem+json */
  constructor(status, problem) {
    super(problem.detail || problem.title || String(status));
    this.status = status;
    /** @type {string} */
    this.code = problem.code || "unreachable";
    /** @type {string | undefined} */
    this.field = problem.field;
    /** Finesse's own error. @type {import("./types.d.ts").FinesseError | undefined} */
    this.finesse = problem.finesse;
  }
}

export const serviceStatus = new ServiceStatus();

/**
 * Send a request to the service and return its JSON.
 * @param {string} method @param {string} path @param {object} [body] @param {AbortSignal} [signal]
 * @returns {Promise<any>}
 */
export async function send(method, path, body, signal) {
  const url = `${desktop.service}/api/v1${path}`;
  const { status, text } = await desktop.request(method, url, body, signal);
  await new Promise((resolve) => afterPress(() => resolve(null))); // what comes is drawn
  let content;
  try {
    content = JSON.parse(text);
  } catch {
    // From the proxy, or from something else in between.
    serviceStatus.note(false, `${method} ${path.split("?")[0]}: ${status}`);
    throw new ApiError(status, {});
  }
  const isOk = status >= 200 && status <= 299;
  serviceStatus.note(true, isOk ? "" : `${method} ${path.split("?")[0]}: ${content.code}`);
  if (!isOk) throw new ApiError(status, content);
  return content;
}

const escape = encodeURIComponent;

export const api = {
  /** @param {string} text @param {AbortSignal} signal @returns {Promise<import("./types.d.ts").ContactSearchResult>} */
  searchContacts: (text, signal) => send("GET", `/contacts?q=${escape(text)}`, undefined, signal),
  /**
   * @param {string} number @param {string} [without] an interaction that the history leaves out
   * @returns {Promise<import("./types.d.ts").LookupResult>}
   */
  lookUp: (number, without = "") =>
    send("GET", `/contacts?number=${escape(number)}&without=${escape(without)}`),
  /** @param {string} number @returns {Promise<import("./types.d.ts").Explanation>} */
  explainLookup: (number) => send("GET", `/contacts/explanation?number=${escape(number)}`),
  /** @param {NewContact} contact @returns {Promise<Contact>} */
  createContact: (contact) => send("POST", "/contacts", contact),
  /**
   * @param {string} source @param {string} id
   * @param {string} [without] an interaction that the history leaves out
   * @returns {Promise<Contact>}
   */
  contact: (source, id, without = "") =>
    send("GET", `/contacts/${escape(source)}/${escape(id)}?without=${escape(without)}`),
  /** @param {string} source @param {string} id @param {string} number @returns {Promise<Contact>} */
  addNumber: (source, id, number) =>
    send("POST", `/contacts/${escape(source)}/${escape(id)}/numbers`, { number }),
  /** @param {Contact} contact @param {import("./types.d.ts").NewCase} newCase */
  createCase: ({ source, id }, newCase) =>
    send("POST", `/contacts/${escape(source)}/${escape(id)}/cases`, newCase),
  /** @param {string} number @returns {Promise<import("./types.d.ts").NumberLists>} */
  numberLists: (number) => send("GET", `/lists?number=${escape(number)}`),
  /** @param {string} list @param {{number: string, reason: string}} entry */
  addToList: (list, entry) => send("POST", `/lists/${list}`, entry),
  /** @param {string} list @param {string} id */
  removeFromList: (list, id) => send("DELETE", `/lists/${list}/${escape(id)}`),
  /** @returns {Promise<Me>} */
  me: () => send("GET", "/me"),
  /** @param {string} state @param {string | null} reason @returns {Promise<CommandResponse>} */
  setState: (state, reason) => send("PUT", "/me/state", reason ? { state, reason } : { state }),
  /** @param {string} state the agent's, for their colleagues' lists */
  notePresence: (state) => send("PUT", "/me/presence", { state }),
  /** @param {string} to @returns {Promise<CommandResponse>} */
  dial: (to) => send("POST", "/calls", { to }),
  /**
   * @param {string} id @param {string} action @param {CommandParams} params
   * @returns {Promise<CommandResponse>}
   */
  command: (id, action, params) => send("POST", `/calls/${escape(id)}/${escape(action)}`, params),
  /**
   * @param {string} text @param {AbortSignal} signal @param {string[]} kinds none for all
   * @returns {Promise<{targets: TransferTarget[], missing: string[]}>}
   */
  transferTargets: (text, signal, kinds = []) =>
    send("GET", `/transfer-targets?q=${escape(text)}&kinds=${kinds}`, undefined, signal),
  /**
   * @param {CallReport} report @param {import("./reporter.js").LookupWish} lookup
   * @returns {Promise<ReportAcknowledgement>}
   */
  report: (report, lookup) =>
    send(
      "POST",
      `/interactions${lookup ? `?lookup=${lookup === "all" ? lookup : 1}` : ""}`,
      report,
    ),
  /** @param {string} id @param {InteractionChange} change @returns {Promise<Interaction>} */
  updateInteraction: (id, change) => send("PUT", `/interactions/${escape(id)}`, change),
  /** @param {string} id @returns {Promise<Interaction>} */
  interaction: (id) => send("GET", `/interactions/${escape(id)}`),
  /** @returns {Promise<{interactions: Interaction[]}>} */
  parkedInteractions: () => send("GET", "/interactions"),
  /** @param {string} id @returns {Promise<Interaction>} */
  retryDelivery: (id) => send("POST", `/interactions/${escape(id)}/retry`),
  /** @returns {Promise<{callbacks: Callback[]}>} */
  callbacks: () => send("GET", "/callbacks"),
  /** @param {NewCallback} callback @returns {Promise<Callback>} */
  createCallback: (callback) => send("POST", "/callbacks", callback),
  /** @param {string} id @param {{due_at: string, note: string} | {status: "done" | "open"}} change @returns {Promise<Callback>} */
  changeCallback: (id, change) => send("PUT", `/callbacks/${escape(id)}`, change),
  /** @param {string} id @param {string} reason @returns {Promise<CommandResponse>} */
  dialCallback: (id, reason) => send("POST", `/callbacks/${escape(id)}/dial`, { reason }),
};

/** @typedef {typeof api} Api */
