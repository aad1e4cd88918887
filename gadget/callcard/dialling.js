// Dialling: a number, or a callback. One call at a time, and never two for a double click.

import { api } from "../shared/api.js";
import { commandErrorText } from "../shared/errors.js";
import { t } from "../shared/texts.js";

/** @typedef {import("../shared/calls-model.js").CallsModel} CallsModel */
/** @typedef {import("../shared/commands.js").CommandResult} CommandResult */
/** @typedef {import("../shared/commands.js").Commands} Commands */
/** @typedef {import("../shared/types.d.ts").CommandResponse} CommandResponse */
/** @typedef {import("../shared/types.d.ts").Contact} Contact */
/** @typedef {import("./agent.js").Agent} Agent */
/** @typedef {import("./app-notices.js").AppNoticesElement} AppNoticesElement */
/** @typedef {import("./contact-search.js").ContactSearchElement} ContactSearchElement */

export class Dialling {
  #model;
  #commands;
  #search;
  #notices;
  #agent;

  /**
   * @param {CallsModel} model @param {Commands} commands @param {ContactSearchElement} search
   * @param {AppNoticesElement} notices @param {Agent} agent
   */
  constructor(model, commands, search, notices, agent) {
    this.#model = model;
    this.#commands = commands;
    this.#search = search;
    this.#notices = notices;
    this.#agent = agent;
  }

  /**
   * Dial a number.
   * @param {string} number @param {Contact} [contact] whose it is, if the agent knows
   */
  async dial(number, contact) {
    if (!this.#commands.mayDial) return;
    if (this.#commands.isBusy) return this.#notices.setMessage(t("error.busy"));
    this.#search.setDialling(true);
    this.#notices.setMessage(t("dial.dialling", { number }));
    const result = await this.#send(() => api.dial(number), contact && Promise.resolve(contact));
    const error = commandErrorText(result);
    this.#notices.setMessage(error);
    if (!error) this.#search.clear();
    this.#search.setDialling(false);
  }

  /**
   * Dial a callback, with the agent not ready for the reason until the call is over.
   * @param {string} id @param {string} contactRef source/id of whom to call, or empty
   * @param {string} reason
   */
  async dialCallback(id, contactRef, reason) {
    if (!this.#commands.mayDial) return;
    if (this.#commands.isBusy) return this.#agent.callbacks?.setError(t("error.busy"));
    this.#agent.callbacks?.setError("");
    const slash = contactRef.indexOf("/");
    const contact =
      slash > 0 ? api.contact(contactRef.slice(0, slash), contactRef.slice(slash + 1)) : undefined;
    const result = await this.#send(() => api.dialCallback(id, reason), contact);
    this.#agent.callbacks?.setError(commandErrorText(result));
  }

  /**
   * Dial, and expect that the call is with a contact; if that cannot be read, the number's look-up
   * will do.
   * @param {() => Promise<CommandResponse>} dial @param {Promise<Contact>} [contact]
   * @returns {Promise<CommandResult | null>}
   */
  async #send(dial, contact) {
    this.#model.contacts.expect(contact ?? null);
    const result = await this.#commands.dial(dial);
    if (commandErrorText(result)) this.#model.contacts.expect(null);
    return result;
  }
}
