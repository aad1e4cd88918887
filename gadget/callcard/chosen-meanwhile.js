// The contact that somebody else has chosen for a call, a colleague or the agent at another desktop:
// this card shows it too, and says so before a new contact is saved. No DOM.

import { api } from "../shared/api.js";
import { t } from "../shared/texts.js";
import { hasRecord } from "./contact-updates.js";

/** @typedef {import("../shared/call-state.js").CallState} CallState */
/** @typedef {import("../shared/calls-model.js").CallsModel} CallsModel */
/** @typedef {import("../shared/types.d.ts").Contact} Contact */

/** Milliseconds for which it is said whose contact a call has now. */
const MESSAGE_MS = 8000;

/** What the agent saves is not saved, as the call has got another contact. */
export class ChosenMeanwhile extends Error {}

/** Calls whose agent has read that they have a contact. @type {WeakSet<CallState>} */
const knownToAgent = new WeakSet();

/**
 * Return the contact that the service has for a call, if the card does not show it.
 * @param {CallState} state
 */
function chosenElsewhere(state) {
  const chosen = state.notes.interaction?.contact;
  if (!chosen || !mayFollow(state)) return null;
  return state.match && hasRecord(state.match.contact, chosen) ? null : chosen;
}

/** Whether the service's contact is newer than what this card shows. @param {CallState} state */
const mayFollow = ({ isForCustomer, unsentChoice, lookup }) =>
  isForCustomer && !unsentChoice && lookup.status !== "looking"; // which brings it

/** Whether the service has no contact for a call, and the card shows one. @param {CallState} state */
const isTakenOff = (state) =>
  state.notes.interaction?.contact_rejected && state.match && mayFollow(state);

/**
 * Show on each card what was chosen elsewhere, unless the agent fills in a new contact.
 * @param {CallsModel} model @param {import("./app-aside.js").LaterAside} aside
 * @param {() => string} inFront returns the id of the call in front
 */
export function followChoices(model, aside, inFront) {
  /** The contact that was asked for, by call. @type {WeakMap<CallState, string>} */
  const asked = new WeakMap();
  /** @param {CallState} state @param {import("../shared/types.d.ts").Match | null} match */
  const take = (state, match) => {
    const { name = "", company = "" } = (match ?? state.match)?.contact ?? {};
    const who = name || company;
    state.match = match;
    state.isRejected = !match;
    model.notify("caller", state);
    const text = match ? t("caller.chosen", { who }) : t("caller.takenOff", { who });
    if (state.id === inFront()) aside.showMessage?.(text, MESSAGE_MS);
  };
  const follow = async (/** @type {CallState} */ state) => {
    const error = /** @type {{code?: string}} */ (state.failure?.error);
    if (error?.code === "contact-chosen") {
      state.failure = null;
      aside.showMessage?.(t("error.contactChosen"), MESSAGE_MS);
    }
    if (isTakenOff(state)) return take(state, null);
    const chosen = chosenElsewhere(state);
    if (!chosen || state.isContactEdited || asked.get(state) === chosen.id) return;
    asked.set(state, chosen.id);
    const contact = await api
      .contact(chosen.source, chosen.id, state.notes.interaction?.id)
      .catch(() => null);
    asked.delete(state);
    if (!contact || chosenElsewhere(state)?.id !== chosen.id || state.isContactEdited) return;
    take(state, { how: "chosen", contact });
  };
  model.subscribe(({ state }) => void follow(state));
}

/**
 * Save a new contact for a call, unless the call has got one that the agent does not know of.
 * @param {CallsModel} model @param {string} callId
 * @param {import("../shared/types.d.ts").NewContact} draft @returns {Promise<Contact>}
 */
export async function createContact(model, callId, draft) {
  const state = model.calls.get(callId);
  if (state && !knownToAgent.has(state)) {
    await model.readInteraction(state); // the cards follow it
    const chosen = chosenElsewhere(state);
    if (chosen) {
      knownToAgent.add(state);
      throw new ChosenMeanwhile(t("form.chosenMeanwhile", { who: chosen.name }));
    }
  }
  return api.createContact(draft);
}

/**
 * Open a case for the contact of a call, unless the call has got another one.
 * @param {CallsModel} model @param {string} callId
 * @param {Contact} contact @param {import("../shared/types.d.ts").NewCase} newCase
 */
export async function createCase(model, callId, contact, newCase) {
  const state = model.calls.get(callId);
  if (state) {
    await model.readInteraction(state); // the cards follow it
    if (chosenElsewhere(state) || !state.match || !hasRecord(state.match.contact, contact))
      throw new ChosenMeanwhile(t("case.chosenMeanwhile"));
  }
  return api.createCase(contact, newCase);
}
