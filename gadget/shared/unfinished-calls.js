// Calls whose notes are not finished, kept in the browser: after a reload, or when the agent signs in
// again, those that have ended come back. Finesse's desktop closes at once when somebody is signed
// out, and the tab's own storage may be emptied then. No DOM.

/** @typedef {import("./call.js").Call} Call */
/** @typedef {import("./call-state.js").CallState} CallState */
/** @typedef {import("./types.d.ts").Interaction} Interaction */

/**
 * A call as it was last. Times are in server milliseconds; null if unknown.
 * @typedef {{call: Call, interaction: Interaction | null, number: string, transferredTo: string,
 *   talkingSince: number | null, endedAt: number | null, keptAt: number}} UnfinishedCall
 */

const KEY = "callcard.unfinished";
/** Calls to keep; the oldest are dropped. */
const MAX_CALLS = 20;
/** Milliseconds for which a call is kept: nobody comes back to it after their shift. */
const KEEP_MS = 12 * 3_600_000;

export class UnfinishedCalls {
  #storage;
  #key;

  /** @param {Storage} storage @param {string} agentId */
  constructor(storage, agentId) {
    this.#storage = storage;
    this.#key = `${KEY}.${agentId}`;
  }

  /** The calls, the oldest first. @returns {UnfinishedCall[]} */
  get all() {
    try {
      /** @type {UnfinishedCall[]} */
      const calls = JSON.parse(this.#storage.getItem(this.#key) ?? "[]");
      return calls.filter(({ keptAt }) => Date.now() - keptAt < KEEP_MS);
    } catch {
      return [];
    }
  }

  /** Keep a call as it is, or drop it if nothing is left to finish. @param {CallState} state */
  update(state) {
    const isAnswered = !Number.isNaN(state.talkingSince);
    const isKept = state.hasEnded ? state.needsFinishing || state.notes.isUnsaved : isAnswered;
    if (!isKept) return this.drop(state.id);
    const { call, lookup, notes, transferredTo, talkingSince, endedAt } = state;
    const number = lookup.status === "found" ? lookup.number : call.number;
    const { interaction } = notes;
    const keptAt = Date.now();
    const kept = { call, interaction, number, transferredTo, talkingSince, endedAt, keptAt };
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
      this.#storage.setItem(this.#key, JSON.stringify(calls.slice(-MAX_CALLS)));
    } catch {
      // storage is full or forbidden: a reload loses the card, not what is saved
    }
  }
}
