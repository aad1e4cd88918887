// Searching while the agent types: after a pause, and only the last search counts. No DOM.

/** Milliseconds without typing before a search. */
const DEBOUNCE_MS = 200;

/** @template Result */
export class TypeaheadSearch {
  #abort = new AbortController();
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;
  #send;
  #onResult;
  #onError;

  /**
   * @param {(text: string, signal: AbortSignal) => Promise<Result>} send
   * @param {(result: Result) => void} onResult @param {(error: unknown) => void} onError
   */
  constructor(send, onResult, onError) {
    this.#send = send;
    this.#onResult = onResult;
    this.#onError = onError;
  }

  /** Search after a pause in typing. @param {string} text */
  schedule(text) {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.run(text), DEBOUNCE_MS);
  }

  /** Search now. @param {string} text */
  async run(text) {
    this.cancel();
    this.#abort = new AbortController();
    const { signal } = this.#abort;
    try {
      const result = await this.#send(text, signal);
      if (!signal.aborted) this.#onResult(result);
    } catch (error) {
      if (!signal.aborted) this.#onError(error);
    }
  }

  /** Drop the search that is on its way or scheduled. */
  cancel() {
    clearTimeout(this.#timer);
    this.#abort.abort();
  }
}
