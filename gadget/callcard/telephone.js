// The agent's telephone: Finesse takes one order for it at a time, whatever call it is about. No DOM.

import { api } from "../shared/api.js";
import { desktop } from "../shared/desktop.js";
import { happened } from "./call.js";
import { outcomeSentence, sentence } from "./failures.js";

/** @typedef {import("./call.js").Action} Action */
/** @typedef {import("./call.js").Call} Call */
/** @typedef {import("./call.js").Sent} Sent */
/** @typedef {import("./orders.js").Orders} Orders */

/** What the open orders are known by: to a call, and for a new one. */
const CALL = "phone";
const DIAL = "dial";
/** Milliseconds in which a second press is the same press. */
const DOUBLE_CLICK = 1000;
/** What no call shows; Finesse answers it by the request's id. */
const UNSEEN = ["dtmf", "record", "callback", "cancel-callback"];

export class Telephone {
  /** The order to a call that is waited for; `shown` is the call on whose panel it was given.
   * @type {{call: string, action: Action, sent: Sent, shown: string} | null} */
  pending = null;
  /** @readonly */
  #orders;
  /** @readonly */
  #changed;
  /** When the next call may be dialled, on the page's clock. */
  #dialAgain = 0;

  /** @param {Orders} orders @param {() => void} changed `pending` has */
  constructor(orders, changed) {
    this.#orders = orders;
    this.#changed = changed;
  }

  get isBusy() {
    return this.#orders.isOpen(CALL);
  }

  /** A call as it is now: what was ordered may have happened. @param {Call} call @param {boolean} isNew it was not there before */
  see(call, isNew) {
    const { call: about, action, sent } = this.pending ?? {};
    if (about === call.id && action && happened(call, action, sent ?? {}))
      this.#orders.confirm(CALL);
    if (isNew && call.direction === "out") this.#orders.confirm(DIAL);
  }

  /** @param {string} id of a call that is over */
  ended(id) {
    if (this.pending?.call === id) this.#orders.confirm(CALL);
  }

  /** What Finesse says to a request by its id. @param {string} requestId */
  answered(requestId) {
    if (this.pending && UNSEEN.includes(this.pending.action)) this.#orders.answered(requestId);
  }

  /**
   * Order something for a call. Null when it is busy, else why it failed, or nothing.
   * @param {string} shown @param {{action: Action, sent?: Sent, call?: string}} told `call` is another than the one that is shown
   * @returns {Promise<string> | null}
   */
  order(shown, { action, sent = {}, call = shown }) {
    const given = this.#orders.give(CALL, `/finesse/api/Dialog/${call}`, () =>
      api.act(call, action, sent),
    );
    if (!given) return null;
    this.pending = { call, action, sent, shown };
    this.#changed();
    return given.then(outcomeSentence, sentence).finally(() => {
      this.pending = null;
      this.#changed();
    });
  }

  /** Whether a call can be dialled by now: the second half of a double click may come when the first has done all it can. */
  get isSettled() {
    return performance.now() >= this.#dialAgain && !this.#orders.isOpen(DIAL);
  }

  /** Begin a call. Why it failed, or nothing. @param {() => Promise<{request_id: string}>} send */
  async dial(send) {
    this.#dialAgain = performance.now() + DOUBLE_CLICK;
    const given = this.#orders.give(DIAL, `/finesse/api/User/${desktop.agentId}`, send);
    const failed = await given?.then(outcomeSentence, sentence);
    this.#dialAgain = performance.now() + DOUBLE_CLICK;
    return failed ?? "";
  }
}
