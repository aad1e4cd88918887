// Calls whose notes are not finished, kept in the browser: after a reload, or when the agent signs in
// again, those that have ended come back. Finesse's desktop closes at once when somebody is signed
// out, and the tab's own storage may be emptied then. No DOM.

import { KeptList } from "./kept-list.js";

/** @typedef {import("./call.js").Call} Call */
/** @typedef {import("./call-state.js").CallState} CallState */
/** @typedef {import("./types.d.ts").Interaction} Interaction */
/** @typedef {import("./types.d.ts").ListWarning} ListWarning */

/**
 * A call as it was last. Times are in server milliseconds; null if unknown.
 * @typedef {{call: Call, interaction: Interaction | null, number: string, listWarnings: ListWarning[],
 *   transferredTo: string, talkingSince: number | null, endedAt: number | null,
 *   keptAt: number}} UnfinishedCall
 */

/** Calls to keep; the oldest are dropped. */
const MAX_CALLS = 20;

export class UnfinishedCalls {
  /** @type {KeptList<UnfinishedCall>} */
  #list;

  /** @param {Storage} storage @param {string} agentId */
  constructor(storage, agentId) {
    this.#list = new KeptList(storage, `${agentId}.calls`, MAX_CALLS);
  }

  /** The calls, the oldest first. */
  get all() {
    return this.#list.all;
  }

  /** Whether a call is among them. @param {string} callId */
  has(callId) {
    return this.all.some(({ call }) => call.id === callId);
  }

  /** Keep a call as it is, or drop it if nothing is left to finish. @param {CallState} state */
  update(state) {
    const { call, listWarnings, lookup, notes, transferredTo, talkingSince, endedAt } = state;
    const isKept = state.hasEnded ? state.needsFinishing || notes.isUnsaved : state.isToBeFinished;
    if (!isKept) return this.drop(state.id);
    const number = lookup.status === "found" ? lookup.number : call.number;
    const { interaction } = notes;
    const times = { talkingSince, endedAt, keptAt: Date.now() };
    const kept = { call, interaction, number, listWarnings, transferredTo, ...times };
    this.#list.save([...this.#others(state.id), kept]);
  }

  /** @param {string} callId */
  drop(callId) {
    const others = this.#others(callId);
    if (others.length !== this.all.length) this.#list.save(others);
  }

  /** @param {string} callId */
  #others(callId) {
    return this.all.filter(({ call }) => call.id !== callId);
  }
}
