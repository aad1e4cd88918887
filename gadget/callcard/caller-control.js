// Finds out whose call it is: the agent chooses a contact, searches, creates one, or rejects what was
// found.

import { api } from "../shared/api.js";
import { t } from "../shared/texts.js";
import { loadLater } from "./load-later.js";

/** @typedef {import("../shared/events.d.ts").CallcardEvents} CallcardEvents */

/** Milliseconds for which an error is shown. */
const MESSAGE_MS = 8000;

export class CallerControl {
  #parts;

  /** @param {import("./app-parts.d.ts").AppParts} parts */
  constructor(parts) {
    this.#parts = parts;
  }

  /** @type {import("../shared/events.d.ts").EventHandlers} */
  handlers = {
    "callcard-contact-chosen": (choice) => void this.#choose(choice),
    "callcard-contact-create": async ({ callId, contact }) =>
      (await loadLater()).createContact(this.#parts.model, callId, contact),
    "callcard-contact-edited": ({ callId, draft }) =>
      this.#parts.model.contacts.setEdited(callId, draft),
    "callcard-contact-rejected": ({ callId }) => this.#parts.model.contacts.reject(callId),
    "callcard-contact-search": ({ text, signal }) => api.searchContacts(text, signal),
    "callcard-search-opened": ({ callId, addsNumber }) => this.#openSearch(callId, addsNumber),
  };

  /** @param {CallcardEvents["callcard-contact-chosen"]} choice */
  async #choose(choice) {
    const { notices, show } = this.#parts;
    try {
      const { chooseCaller } = await loadLater();
      chooseCaller(this.#parts, choice);
      show();
    } catch (error) {
      console.error(error);
      notices.setMessage(t("error.load"), MESSAGE_MS);
    }
  }

  /** @param {string} callId @param {boolean} addsNumber */
  #openSearch(callId, addsNumber) {
    const { model, search } = this.#parts;
    const { customer } = model.calls.get(callId) ?? {};
    search.findCaller((addsNumber && customer?.display) || "");
  }
}
