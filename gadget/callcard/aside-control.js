// What is opened beside the calls (records, forms, explanations), and what is done in it.

import { api } from "../shared/api.js";
import { t } from "../shared/texts.js";
import { loadLater } from "./load-later.js";

/** @typedef {import("../shared/call-state.js").CallState} CallState */
/** @typedef {import("./app-aside.js").AppAsideElement} AppAsideElement */
/** @typedef {import("./app-aside.js").LaterAside} LaterAside */
/** @typedef {import("../shared/types.d.ts").Contact} Contact */

/** Milliseconds for which a success is shown. */
const MESSAGE_MS = 5000;

export class AsideControl {
  #model;
  #agent;
  #search;
  #notices;
  #aside;
  #onChange;
  #focusCall;

  /**
   * @param {object} parts
   * @param {import("../shared/calls-model.js").CallsModel} parts.model
   * @param {import("./agent.js").Agent} parts.agent
   * @param {import("./contact-search.js").ContactSearchElement} parts.search
   * @param {import("./app-notices.js").AppNoticesElement} parts.notices
   * @param {LaterAside} parts.aside
   * @param {() => void} parts.onChange something was opened or closed
   * @param {() => boolean} parts.focusCall gives the focus to the call in front, if there is one
   */
  constructor({ model, agent, search, notices, aside, onChange, focusCall }) {
    this.#model = model;
    this.#agent = agent;
    this.#search = search;
    this.#notices = notices;
    this.#aside = aside;
    this.#onChange = onChange;
    this.#focusCall = focusCall;
  }

  /** @type {import("../shared/events.d.ts").EventHandlers} */
  handlers = {
    "callcard-callback-change": ({ id, due_at, note }) => api.changeCallback(id, { due_at, note }),
    "callcard-callback-create": ({ callback }) => api.createCallback(callback),
    "callcard-callback-form-closed": ({ isSaved, isDated }) =>
      this.#closeCallbackForm(isSaved, isDated),
    "callcard-callback-scheduled": ({ customer, callback }) =>
      this.scheduleCallback(customer, callback),
    "callcard-case-create": ({ callId, contact, newCase }) =>
      this.#createCase(callId, contact, newCase),
    "callcard-case-form-closed": (isSaved) => this.#close(isSaved && t("case.saved")),
    "callcard-case-form-opened": ({ callId }) =>
      this.#openFor(callId, (aside, state) => aside.openCaseForm(state, this.#agent.labels)),
    "callcard-explanation-opened": ({ callId }) =>
      this.#openFor(callId, (aside, state) => aside.openExplanation(state)),
    "callcard-list-form-opened": ({ callId }) =>
      this.#openFor(callId, (aside, state) => aside.openListForm(state, this.#model.contacts)),
    "callcard-lookup-explained": ({ number }) => api.explainLookup(number),
    "callcard-record-closed": () => this.#close(false),
    "callcard-record-opened": ({ contact }) => this.#openRecord(contact),
  };

  /**
   * @param {import("../shared/types.d.ts").CallbackCustomer} customer
   * @param {import("./callback-form.js").ChangedCallback} [callback] the one to change
   */
  scheduleCallback(customer, callback) {
    void this.#open((aside) => aside.openCallbackForm(customer, callback));
  }

  /** @param {Contact} contact */
  #openRecord(contact) {
    const { callId, addedNumber } = this.#search;
    this.#search.clear();
    void this.#open((aside) => aside.openRecord(contact, callId, addedNumber));
  }

  /** @param {string} callId @param {(aside: AppAsideElement, state: CallState) => void} open */
  #openFor(callId, open) {
    const state = this.#model.calls.get(callId);
    if (state) void this.#open((aside) => open(aside, state));
  }

  /** Open something, once what it needs is loaded. @param {(aside: AppAsideElement) => void} open */
  async #open(open) {
    try {
      await loadLater();
      open(/** @type {AppAsideElement} */ (this.#aside));
    } catch (error) {
      console.error(error);
      this.#notices.setMessage(t("error.load"), MESSAGE_MS);
    }
    this.#onChange();
  }

  /** @param {string | false} saved what to say of what was saved, if it was */
  #close(saved) {
    this.#onChange();
    if (saved) this.#aside.showMessage?.(saved, MESSAGE_MS);
    // What was closed had the focus, unless the agent has gone on to something else.
    if (document.activeElement === document.body && !this.#focusCall()) this.#search.focus();
  }

  /**
   * Open a case, and show it in the call's record.
   * @param {string} callId @param {Contact} contact
   * @param {import("../shared/types.d.ts").NewCase} newCase
   */
  async #createCase(callId, contact, newCase) {
    const created = await api.createCase(contact, newCase);
    this.#model.contacts.addCase(callId, contact, created);
    return created;
  }

  /** @param {boolean} isSaved @param {boolean} [isDated] */
  #closeCallbackForm(isSaved, isDated) {
    this.#close(isSaved && (isDated ? t("callback.saved") : t("callback.savedUndated")));
    if (isSaved) void this.#agent.readCallbacks();
  }
}
