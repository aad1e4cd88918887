// Dialling: a number, or a callback. One call at a time, and never two for a double click.

import { api } from "../shared/api.js";
import { commandErrorText } from "../shared/errors.js";
import { t } from "../shared/texts.js";

/** @typedef {import("../shared/commands.js").Commands} Commands */
/** @typedef {import("./app-notices.js").AppNoticesElement} AppNoticesElement */
/** @typedef {import("./callbacks.js").CallbackListElement} CallbackListElement */
/** @typedef {import("./contact-search.js").ContactSearchElement} ContactSearchElement */

export class Dialling {
  #commands;
  #search;
  #notices;
  #callbacks;

  /**
   * @param {Commands} commands @param {ContactSearchElement} search
   * @param {AppNoticesElement} notices @param {CallbackListElement} callbacks
   */
  constructor(commands, search, notices, callbacks) {
    this.#commands = commands;
    this.#search = search;
    this.#notices = notices;
    this.#callbacks = callbacks;
  }

  /** Dial a number. @param {string} number */
  async dial(number) {
    if (!this.#commands.mayDial) return;
    if (this.#commands.isBusy) return this.#notices.setMessage(t("error.busy"));
    this.#search.setDialling(true);
    this.#notices.setMessage(t("dial.dialling", { number }));
    const error = commandErrorText(await this.#commands.dial(() => api.dial(number)));
    this.#notices.setMessage(error);
    if (!error) this.#search.clear();
    this.#search.setDialling(false);
  }

  /**
   * Dial a callback, with the agent not ready for the reason until the call is over.
   * @param {string} id @param {string} reason
   */
  async dialCallback(id, reason) {
    if (!this.#commands.mayDial) return;
    if (this.#commands.isBusy) return this.#callbacks.setError(t("error.busy"));
    this.#callbacks.setError("");
    const result = await this.#commands.dial(() => api.dialCallback(id, reason));
    this.#callbacks.setError(commandErrorText(result));
  }
}
