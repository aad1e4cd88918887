// Dials what the agent asks for: a number, or a callback.

import { t } from "../shared/texts.js";
import { loadLater } from "./load-later.js";

/** @typedef {import("../shared/types.d.ts").Contact} Contact */
/** @typedef {import("./dialling.js").Dialling} Dialling */

/** Milliseconds for which it is shown why nothing is dialled. */
const MESSAGE_MS = 8000;

export class DialControl {
  #parts;
  #connection;
  /** @type {Dialling | undefined} */
  #dialling;

  /**
   * @param {import("./app-parts.d.ts").AppParts} parts
   * @param {import("./connection.js").Connection} connection
   */
  constructor(parts, connection) {
    this.#parts = parts;
    this.#connection = connection;
  }

  /** @type {import("../shared/events.d.ts").EventHandlers} */
  handlers = {
    "callcard-callback-dialled": async ({ id, contact, reason }) => {
      await this.#run((dialling) => dialling.dialCallback(id, contact, reason));
      void this.#parts.agent.callbacks?.read();
    },
    "callcard-number-dialled": ({ number, contact }) => this.#dialOrOffer(number, contact),
  };

  /** Dial a number. @param {string} number @param {Contact} [contact] whose it is */
  dial(number, contact) {
    return this.#run((dialling) => dialling.dial(number, contact));
  }

  /**
   * Dial a number; on a call, which Finesse does not leave for another one, offer it as whom to
   * consult.
   * @param {string} number @param {Contact} [contact] whose it is
   */
  #dialOrOffer(number, contact) {
    const { model, notices, search, tabs } = this.#parts;
    // Enter, pressed too late, would leave the caller ringing. Without a connection, they may be gone.
    if (!this.#connection.isLost && model.running.some((state) => state.isRinging)) {
      tabs.focusCall(); // the results of the search would cover the notice
      return notices.setMessage(t("dial.ringing"), MESSAGE_MS);
    }
    if (!tabs.offerTarget(number)) return this.dial(number, contact);
    search.clear();
  }

  /** Dial, once what it needs is loaded. @param {(dialling: Dialling) => Promise<void>} dial */
  async #run(dial) {
    try {
      const { Dialling } = await loadLater();
      this.#dialling ??= new Dialling(this.#parts);
    } catch {
      return this.#parts.notices.setMessage(t("error.load"), MESSAGE_MS);
    }
    await dial(this.#dialling);
  }
}
