// Opens beside the calls what the agent asks for: records, forms, explanations.

import { t } from "../shared/texts.js";
import { loadLater } from "./load-later.js";

/** @typedef {import("../shared/call-state.js").CallState} CallState */
/** @typedef {import("./app-aside.js").AppAsideElement} AppAsideElement */
/** @typedef {import("../shared/types.d.ts").Contact} Contact */

/** Milliseconds for which an error is shown. */
const MESSAGE_MS = 5000;

export class AsideControl {
  #parts;
  #isHandled = false;

  /** @param {import("./app-parts.d.ts").AppParts} parts */
  constructor(parts) {
    this.#parts = parts;
  }

  /** @type {import("../shared/events.d.ts").EventHandlers} */
  handlers = {
    "callcard-callback-scheduled": (wanted) => this.scheduleCallback(wanted),
    "callcard-case-form-opened": ({ callId }) =>
      this.#openFor(callId, (aside, state) => aside.openCaseForm(state, this.#parts.agent.labels)),
    "callcard-explanation-opened": ({ callId }) =>
      this.#openFor(callId, (aside, state) => aside.openExplanation(state)),
    "callcard-list-form-opened": ({ callId }) =>
      this.#openFor(callId, (aside, state) => aside.openListForm(state, this.#parts.model)),
    "callcard-record-opened": ({ contact }) => this.#openRecord(contact),
  };

  /** @param {import("../shared/events.d.ts").CallcardEvents["callcard-callback-scheduled"]} wanted */
  scheduleCallback(wanted) {
    return this.#open((aside) => aside.openCallbackForm(wanted));
  }

  /** @param {Contact} contact */
  #openRecord(contact) {
    const { search } = this.#parts;
    const { callId } = search;
    const addedNumber = search.addedTo(contact);
    search.clear();
    void this.#open((aside) => aside.openRecord(contact, callId, addedNumber));
  }

  /** @param {string} callId @param {(aside: AppAsideElement, state: CallState) => void} open */
  #openFor(callId, open) {
    const state = this.#parts.model.calls.get(callId);
    if (state) void this.#open((aside) => open(aside, state));
  }

  /** Open something, once what it needs is loaded. @param {(aside: AppAsideElement) => void} open */
  async #open(open) {
    const { aside, notices, show } = this.#parts;
    try {
      const { handleAside } = await loadLater();
      const opened = /** @type {AppAsideElement} */ (aside);
      if (!this.#isHandled) handleAside(opened, this.#parts);
      this.#isHandled = true;
      open(opened);
    } catch (error) {
      console.error(error);
      notices.setMessage(t("error.load"), MESSAGE_MS);
    }
    show();
  }
}
