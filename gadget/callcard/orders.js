// What was asked of Finesse and has not been seen yet. A 202 is not success: an order ends as confirmed, refused or unknown. No DOM.

/** Milliseconds until an order that nothing was heard of counts as unknown. */
export const PATIENCE = 6000;

/** @typedef {"confirmed" | "refused" | "unknown"} Outcome */
/** @typedef {import("../shared/desktop.js").Refusal} Refusal */

export class Orders {
  /** @type {Map<string, {requestId: string, source: string, early: Refusal[], done: string[], end: (outcome: Outcome, refusal?: Refusal) => void}>} */
  #open = new Map();

  /**
   * Give an order. Only one at a time for a `key` (a call, the agent's state, the dialled number): null if one is open.
   * @param {string} key
   * @param {string} source where Finesse's refusal would come from, as in /finesse/api/Dialog/1
   * @param {() => Promise<{request_id: string}>} send
   * @returns {Promise<{outcome: Outcome, refusal?: Refusal}> | null} rejects with what `send` rejects with
   */
  give(key, source, send) {
    if (this.#open.has(key)) return null;
    /** @type {Promise<{outcome: Outcome, refusal?: Refusal}>} */
    const ended = new Promise((resolve) => {
      const timer = setTimeout(() => order.end("unknown"), PATIENCE);
      const order = {
        requestId: "",
        source,
        /** @type {Refusal[]} */
        early: [],
        /** @type {string[]} */
        done: [],
        end: (
          /** @type {Outcome} */ outcome,
          /** @type {Refusal | undefined} */ refusal = undefined,
        ) => {
          clearTimeout(timer);
          if (this.#open.get(key) === order) this.#open.delete(key);
          resolve({ outcome, refusal });
        },
      };
      this.#open.set(key, order);
    });
    const order = this.#open.get(key);
    return send().then(
      ({ request_id }) => {
        if (order) order.requestId = request_id;
        const early = order?.early.find((refusal) => refusal.requestId === request_id);
        if (early)
          order?.end("refused", early); // the event was faster than the answer
        else if (order?.done.includes(request_id)) order.end("confirmed");
        return ended;
      },
      (error) => {
        order?.end("unknown");
        throw error;
      },
    );
  }

  /** What was ordered under `key` can be seen. @param {string} key */
  confirm(key) {
    this.#open.get(key)?.end("confirmed");
  }

  /** Finesse has done what was asked under this id. @param {string} requestId */
  answered(requestId) {
    for (const order of [...this.#open.values()]) {
      if (requestId === order.requestId) order.end("confirmed");
      else if (!order.requestId) order.done.push(requestId);
    }
  }

  /** Finesse refused: matched by its request, else by where the refusal comes from. @param {Refusal} refusal */
  refuse(refusal) {
    for (const order of [...this.#open.values()]) {
      const same = refusal.requestId
        ? refusal.requestId === order.requestId
        : refusal.source === order.source;
      if (same) order.end("refused", refusal);
      else if (!order.requestId) order.early.push(refusal);
    }
  }

  /** @param {string} key */
  isOpen(key) {
    return this.#open.has(key);
  }
}
