// The agent chooses whose call it is: a contact of several, or one that was searched.

import { api } from "../shared/api.js";
import { errorText } from "../shared/errors.js";
import { t } from "../shared/texts.js";

/** @typedef {import("../shared/call-state.js").CallState} CallState */
/** @typedef {import("../shared/types.d.ts").Contact} Contact */

/** Milliseconds for which a success is shown. */
const ADDED_MS = 8000;

export class CallerChoice {
  #parts;

  /**
   * @param {object} parts
   * @param {import("../shared/calls-model.js").CallsModel} parts.model
   * @param {import("./contact-search.js").ContactSearchElement} parts.search
   * @param {import("./app-notices.js").AppNoticesElement} parts.notices
   * @param {import("./app-aside.js").AppAsideElement} parts.aside
   * @param {() => void} parts.onChange
   */
  constructor(parts) {
    this.#parts = parts;
  }

  /**
   * @param {string} callId @param {import("../shared/types.d.ts").Match} match
   * @param {string} [addedNumber] the caller's number, if it is to be added to the contact
   */
  choose(callId, match, addedNumber) {
    const { model, search, aside, onChange } = this.#parts;
    search.clear();
    aside.close();
    void model.contacts.choose(callId, match);
    onChange();
    const state = model.calls.get(callId);
    // Never another number than the button said.
    if (state && addedNumber && addedNumber === state.customer.display)
      void this.#addNumber(state, match.contact);
  }

  /**
   * Add the caller's number to the contact that was chosen for it.
   * @param {CallState} state @param {Contact} contact
   */
  async #addNumber(state, { source, id }) {
    const { model, notices } = this.#parts;
    const { number, display } = state.customer;
    try {
      const changed = await api.addNumber(source, id, number);
      await model.contacts.choose(state.id, { how: "chosen", contact: changed });
      const who = changed.name || changed.company;
      notices.setMessage(t("search.numberAdded", { number: display, who }), ADDED_MS);
    } catch (error) {
      notices.setMessage(errorText(error));
    }
  }
}
