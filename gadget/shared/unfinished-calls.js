// Calls that have ended and whose notes are not finished, kept while the browser tab lives: a reload
// brings their cards back. No DOM.

/** @typedef {import("./call.js").Call} Call */
/** @typedef {import("./call-state.js").CallState} CallState */
/** @typedef {import("./types.d.ts").Interaction} Interaction */

/**
 * A call as it ended. Times are in server milliseconds; null if unknown.
 * @typedef {{call: Call, interaction: Interaction | null, number: string, transferredTo: string,
 *   talkingSince: number | null, endedAt: number | null}} UnfinishedCall
 */

const KEY = "callcard.unfinished";
/** Calls to keep; the oldest are dropped. */
const MAX_CALLS = 20;

export class UnfinishedCalls {
  #storage;

  /** @param {Storage} storage */
  constructor(storage) {
    this.#storage = storage;
  }

  /** The calls, the oldest first. @returns {UnfinishedCall[]} */
  get all() {
    try {
      return JSON.parse(this.#storage.getItem(KEY) ?? "[]");
    } catch {
      return [];
    }
  }

  /** Keep a call as it is, or drop it if nothing is left to finish. @param {CallState} state */
  update(state) {
    if (!state.needsFinishing && !state.notes.isUnsaved) return this.drop(state.id);
    const { call, lookup, notes, transferredTo, talkingSince, endedAt } = state;
    const number = lookup.status === "found" ? lookup.number : call.number;
    const { interaction } = notes;
    const kept = { call, interaction, number, transferredTo, talkingSince, endedAt };
    this.#save([...this.#others(state.id), kept]);
  }

  /** @param {string} callId */
  drop(callId) {
    const others = this.#others(callId);
    if (others.length !== this.all.length) this.#save(others);
  }

  /** @param {string} callId */
  #others(callId) {
    return this.all.filter(({ call }) => call.id !== callId);
  }

  /** @param {UnfinishedCall[]} calls */
  #save(calls) {
    try {
      this.#storage.setItem(KEY, JSON.stringify(calls.slice(-MAX_CALLS)));
    } catch {
      // storage is full or forbidden: a reload loses the card, not what is saved
    }
  }
}
