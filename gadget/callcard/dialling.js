// Dialling: a number, or a callback. One call at a time, and never two for a double click.

import { api } from "../shared/api.js";
import { commandErrorText } from "../shared/errors.js";
import { t } from "../shared/texts.js";

/** @typedef {import("../shared/commands.js").CommandResult} CommandResult */
/** @typedef {import("../shared/types.d.ts").CommandResponse} CommandResponse */
/** @typedef {import("../shared/types.d.ts").Contact} Contact */

export class Dialling {
  #parts;

  /** @param {import("./app-parts.d.ts").AppParts} parts */
  constructor(parts) {
    this.#parts = parts;
  }

  /**
   * Dial a number.
   * @param {string} number @param {Contact} [contact] whose it is, if the agent knows
   */
  async dial(number, contact) {
    const { commands, search, notices } = this.#parts;
    if (!commands.mayDial) return;
    if (commands.isBusy) return notices.setMessage(t("error.busy"));
    search.setDialling(true);
    notices.setMessage(t("dial.dialling", { number }));
    const result = await this.#send(() => api.dial(number), contact && Promise.resolve(contact));
    const error = commandErrorText(result);
    notices.setMessage(error);
    if (!error) search.clear();
    search.setDialling(false);
  }

  /**
   * Dial a callback, with the agent not ready for the reason until the call is over.
   * @param {string} id @param {string} contactRef source/id of whom to call, or empty
   * @param {string} reason
   */
  async dialCallback(id, contactRef, reason) {
    const { commands, agent } = this.#parts;
    if (!commands.mayDial) return;
    if (commands.isBusy) return agent.callbacks?.setError(t("error.busy"));
    agent.callbacks?.setError("");
    const slash = contactRef.indexOf("/");
    const contact =
      slash > 0 ? api.contact(contactRef.slice(0, slash), contactRef.slice(slash + 1)) : undefined;
    const result = await this.#send(() => api.dialCallback(id, reason), contact);
    agent.callbacks?.setError(commandErrorText(result));
  }

  /**
   * Dial, and expect that the call is with a contact; if that cannot be read, the number's look-up
   * will do.
   * @param {() => Promise<CommandResponse>} dial @param {Promise<Contact>} [contact]
   * @returns {Promise<CommandResult | null>}
   */
  async #send(dial, contact) {
    const { commands, model } = this.#parts;
    model.contacts.expect(contact ?? null);
    const result = await commands.dial(dial);
    if (commandErrorText(result)) model.contacts.expect(null);
    return result;
  }
}
