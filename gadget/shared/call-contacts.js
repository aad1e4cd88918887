// Whose calls they are: the contacts that the agent chooses, rejects or dials. No DOM.

import { SAVE_RETRY_MS, isTemporary } from "./notes.js";
import { isSameNumber, lastDigits } from "./numbers.js";

/** @typedef {import("./call-state.js").CallState} CallState */
/** @typedef {import("./types.d.ts").Contact} Contact */
/** @typedef {import("./types.d.ts").Match} Match */

/** Milliseconds after dialling a contact in which an outgoing call is the one with them. */
const EXPECTED_MS = 20_000;
/** Milliseconds after a preview in which its customer may be called. */
const PREVIEW_MS = 120_000;

export class CallContacts {
  /** Whom the agent passed calls on to, by the last digits of the number. @type {Map<string, string>} */
  targetNames = new Map();
  #calls;
  #now;
  #notify;
  /** @type {{contact: Promise<Contact>, until: number} | null} */
  #expected = null;
  /** @type {{number: string, state: CallState, until: number} | null} */
  #preview = null;

  /**
   * @param {Map<string, CallState>} calls by id
   * @param {() => number} now the server's clock, in milliseconds
   * @param {(type: "caller" | "changed", state: CallState) => void} notify
   */
  constructor(calls, now, notify) {
    this.#calls = calls;
    this.#now = now;
    this.#notify = notify;
  }

  /** Note whose number the agent passes a call on to. @param {string} number @param {string} name */
  nameTarget(number, name) {
    if (name !== number) this.targetNames.set(lastDigits(number), name);
  }

  /**
   * Link a call to the contact that the agent chose or created.
   * @param {string} id @param {Match} match
   */
  async choose(id, match) {
    const state = this.#calls.get(id);
    if (!state) return;
    state.isContactEdited = false;
    if (["contact-unsaved", "contact-open"].includes(state.notes.status)) state.notes.setStatus("");
    await this.#decide(state, match);
  }

  /** Take off the contact of a call: the caller is somebody else. @param {string} id */
  async reject(id) {
    const state = this.#calls.get(id);
    if (state) await this.#decide(state, null);
  }

  /** @param {CallState} state @param {Match | null} match null if the contact is taken off */
  async #decide(state, match) {
    state.decide(match);
    this.#notify("caller", state);
    await this.sendChoice(state);
  }

  /**
   * Note what the agent has filled in of a new contact.
   * @param {string} id @param {Record<string, string>} contactDraft
   */
  setEdited(id, contactDraft) {
    const state = this.#calls.get(id);
    const isContactEdited = Object.keys(contactDraft).length > 0;
    if (!state) return;
    Object.assign(state, { isContactEdited, contactDraft, discardAskedAt: 0 });
    if (!isContactEdited) this.#notify("changed", state);
  }

  /**
   * Note whose number the agent is about to dial: the next outgoing call is with them, even if others
   * have the number.
   * @param {Promise<Contact> | null} contact null if the number is typed
   */
  expect(contact) {
    contact?.catch(() => {}); // it may never be asked for
    this.#expected = contact && { contact, until: this.#now() + EXPECTED_MS };
  }

  /**
   * Note what the agent chose in a preview: the call to the customer has another id.
   * @param {CallState} state
   */
  keepPreview(state) {
    const { customer, match, isRejected, isContactEdited } = state;
    if (match?.how !== "chosen" && !isRejected && !isContactEdited) return;
    this.#preview = { number: customer.number, state, until: this.#now() + PREVIEW_MS };
  }

  /** Link a new call to whom the agent dialled, or chose in a preview. @param {CallState} state */
  link(state) {
    if (state.call.direction === "out") this.#linkDialled(state);
    if (!state.isPreview) this.#linkPreview(state);
  }

  /** @param {CallState} state */
  #linkPreview(state) {
    const preview = this.#preview;
    if (!preview || this.#now() > preview.until) return;
    if (!isSameNumber(state.call.number, preview.number)) return;
    this.#preview = null;
    const { match, isRejected, isContactEdited, contactDraft } = preview.state;
    if (isRejected || match?.how === "chosen") state.decide(isRejected ? null : match);
    // The form goes on in the call's card.
    Object.assign(state, { isContactEdited, contactDraft });
    preview.state.isContactEdited = false;
  }

  /** @param {CallState} state */
  #linkDialled(state) {
    const expected = this.#expected;
    this.#expected = null;
    if (expected && this.#now() < expected.until) void this.#linkTo(state, expected.contact);
  }

  /**
   * Send the service what the agent chose or rejected, once it knows the call.
   * @param {CallState} state
   */
  sendChoice(state) {
    if (state.notes.interaction && state.unsentChoice) state.sending ??= this.#send(state);
    return state.sending;
  }

  /** @param {CallState} state */
  async #send(state) {
    const { notes } = state;
    for (let choice = state.unsentChoice; choice; choice = state.unsentChoice) {
      const { source = "", id = "" } = choice.match?.contact ?? {};
      const change = id ? { contact: { source, id } } : { contact_unknown: true };
      const sent = await notes.change(change).catch((error) => ({ error }));
      const error = "error" in sent ? sent.error : null;
      if (isTemporary(error)) {
        notes.setStatus("failed", error);
        setTimeout(() => void this.sendChoice(state), SAVE_RETRY_MS);
        break;
      }
      if (state.unsentChoice === choice) state.unsentChoice = null; // else chosen anew meanwhile
      if ("error" in sent) state.failure = { outcome: "failed", error };
      else if (notes.status === "failed" && !notes.isUnsaved) notes.setStatus("saved");
      if ("error" in sent) this.#notify("changed", state);
      else notes.update(sent);
    }
    state.sending = null;
  }

  /**
   * Link a call to a contact, as soon as it is read and the service knows the call.
   * @param {CallState} state @param {Promise<Contact>} dialled
   */
  async #linkTo(state, dialled) {
    const contact = await dialled.catch(() => null);
    if (!contact || state.match?.how === "chosen" || state.isRejected) return; // the agent knows better
    void this.choose(state.id, { how: "chosen", contact });
  }
}
