// What supervisors write to the agent: read from the service when it says that something waits, and
// every few seconds while a supervisor listens to the call.

import { send } from "../shared/api.js";
import { listen } from "../shared/dom.js";
import { CoachingMessagesElement } from "./coaching-messages.js";

/** @typedef {import("../supervisor/types.d.ts").CoachingMessage} CoachingMessage */

/** Milliseconds between reads while a supervisor listens. */
const LISTENING_MS = 3000;

export class Coaching {
  /** @type {ReturnType<typeof setInterval> | undefined} */
  #timer;
  #element = new CoachingMessagesElement();

  /**
   * @param {HTMLElement} place where the messages are shown @param {AbortSignal} signal
   */
  constructor(place, signal) {
    place.append(this.#element);
    const path = (/** @type {string} */ id) => `/coaching/${encodeURIComponent(id)}`;
    listen(
      place,
      { "callcard-coaching-answered": ({ id, answer }) => send("PUT", path(id), { answer }) },
      signal,
    );
    signal.addEventListener("abort", () => clearInterval(this.#timer));
  }

  /** Read what waits. A failure is over with the next read. */
  async check() {
    try {
      /** @type {{messages: CoachingMessage[]}} */
      const { messages } = await send("GET", "/coaching");
      this.#element.show(messages.filter(({ read_at }) => !read_at));
    } catch {
      // tried again
    }
  }

  /** Read again and again while a supervisor listens. @param {boolean} isListening */
  follow(isListening) {
    if (isListening === Boolean(this.#timer)) return;
    clearInterval(this.#timer);
    this.#timer = isListening ? setInterval(() => void this.check(), LISTENING_MS) : undefined;
    if (isListening) void this.check();
  }
}
