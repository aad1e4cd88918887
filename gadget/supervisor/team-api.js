// The service's JSON for supervisors, beside that of shared/api.js.

import { send } from "../shared/api.js";

/** @typedef {import("../shared/types.d.ts").ListedNumber} ListedNumber */
/** @typedef {import("./types.d.ts").CoachingMessage} CoachingMessage */
/** @typedef {import("./types.d.ts").Team} Team */
/** @typedef {import("./types.d.ts").TeamCall} TeamCall */

/** Seconds for which the service waits for what comes of a command; the proxy gives up after 5. */
const WAIT = "wait=3";

const escape = encodeURIComponent;

export const teamApi = {
  /** @param {string} id @returns {Promise<Team>} */
  team: (id) => send("GET", `/teams/${escape(id)}`),
  /** @param {string} id @returns {Promise<{calls: Record<string, TeamCall[]>}>} */
  teamCalls: (id) => send("GET", `/teams/${escape(id)}/calls`),
  /** @returns {Promise<{queues: import("./types.d.ts").Queue[]}>} */
  queues: () => send("GET", "/queues"),
  /** @param {string} id @param {string} state @returns {Promise<{outcome: string}>} */
  setState: (id, state) => send("PUT", `/agents/${escape(id)}/state?${WAIT}`, { state }),
  /** @param {string} id @param {string} action @returns {Promise<{outcome: string}>} */
  supervise: (id, action) => send("POST", `/agents/${escape(id)}/${action}?${WAIT}`),
  /** @param {string} id @returns {Promise<{messages: CoachingMessage[]}>} */
  coaching: (id) => send("GET", `/agents/${escape(id)}/coach`),
  /**
   * @param {string} id @param {{text: string, request_id: string}} message
   * @returns {Promise<CoachingMessage>}
   */
  coach: (id, message) => send("POST", `/agents/${escape(id)}/coach`, message),
  /** @param {string} call the supervisor's own @returns {Promise<{outcome: string}>} */
  leave: (call) => send("POST", `/calls/${escape(call)}/drop?${WAIT}`, {}),
  /**
   * @param {string} call the supervisor's own @param {string} participant their address
   * @returns {Promise<{outcome: string}>}
   */
  remove: (call, participant) =>
    send("POST", `/calls/${escape(call)}/drop-participant?${WAIT}`, { participant }),
  /** @param {string} list @returns {Promise<{numbers: ListedNumber[]}>} */
  proposals: (list) => send("GET", `/lists/${list}?state=proposed`),
  /**
   * @param {string} list @param {string} after `next` of the page before, or nothing
   * @returns {Promise<{numbers: ListedNumber[], next: string}>}
   */
  listed: (list, after) => send("GET", `/lists/${list}${after && `?after=${after}`}`),
  /** @param {ListedNumber} entry @returns {Promise<ListedNumber>} */
  accept: ({ list, id }) => send("PUT", `/lists/${list}/${escape(id)}`, { state: "effective" }),
  /** @returns {Promise<{entries: import("./types.d.ts").AuditEntry[]}>} */
  audit: () => send("GET", "/audit"),
};

/** @typedef {typeof teamApi} TeamApi */
