// Whether the service answers, since when it does not, and the last thing that failed. No DOM.

export class ServiceStatus {
  /** When the service stopped answering, in milliseconds; null while it answers. */
  #downSince = /** @type {number | null} */ (null);
  /** What failed last, for the help desk. */
  lastError = "";
  /** @type {Set<() => void>} */
  #listeners = new Set();
  #now;

  /** @param {() => number} [now] this computer's clock, in milliseconds */
  constructor(now = () => Date.now()) {
    this.#now = now;
  }

  get downSince() {
    return this.#downSince;
  }

  get isDown() {
    return this.#downSince !== null;
  }

  /** Call `listener` when the service stops or begins to answer. @param {() => void} listener */
  subscribe(listener) {
    this.#listeners.add(listener);
  }

  /**
   * Note how a request went.
   * @param {boolean} isAnswered @param {string} [error] what failed, if it did
   */
  note(isAnswered, error = "") {
    if (error) this.lastError = `${new Date(this.#now()).toISOString()} ${error}`;
    if (isAnswered !== this.isDown) return;
    this.#downSince = isAnswered ? null : this.#now();
    for (const listener of this.#listeners) listener();
  }
}
