// The contact that somebody else has chosen for a call, a colleague or the agent at another desktop:
// this card shows it too, and says so before a new contact is saved. No DOM.

import { api } from "../shared/api.js";
import { t } from "../shared/texts.js";

/** @typedef {import("../shared/call-state.js").CallState} CallState */
/** @typedef {import("../shared/calls-model.js").CallsModel} CallsModel */
/** @typedef {import("../shared/types.d.ts").Contact} Contact */

/** Milliseconds for which it is said whose contact a call has now. */
const MESSAGE_MS = 8000;

/** A new contact is not saved, as the call has got one. */
export class ChosenMeanwhile extends Error {}

/** Calls whose agent has read that they have a contact. @type {WeakSet<CallState>} */
const knownToAgent = new WeakSet();

/**
 * Return the contact that the service has for a call, if the card does not show it.
 * @param {CallState} state
 */
function chosenElsewhere(state) {
  const chosen = state.notes.interaction?.contact;
  const isOwnOnItsWay = state.contactChanges > 0 || state.unsentMatch;
  if (!chosen || !state.isForCustomer || isOwnOnItsWay) return null;
  const { contact } = state.match ?? {};
  const shown = contact ? [contact, ...(contact.records ?? [])] : [];
  const isShown = shown.some(({ source, id }) => source === chosen.source && id === chosen.id);
  return isShown ? null : chosen;
}

/**
 * Show on each card the contact that was chosen elsewhere, unless the agent fills in a new one.
 * @param {CallsModel} model @param {import("./app-aside.js").LaterAside} aside
 */
export function followChoices(model, aside) {
  /** The contact that was asked for, by call. @type {WeakMap<CallState, string>} */
  const asked = new WeakMap();
  const follow = async (/** @type {CallState} */ state) => {
    const chosen = chosenElsewhere(state);
    if (!chosen || state.isContactEdited || asked.get(state) === chosen.id) return;
    asked.set(state, chosen.id);
    const contact = await api.contact(chosen.source, chosen.id).catch(() => null);
    asked.delete(state);
    if (!contact || chosenElsewhere(state)?.id !== chosen.id || state.isContactEdited) return;
    state.match = { how: "chosen", contact };
    state.isRejected = false;
    model.notify("caller", state);
    aside.showMessage?.(t("caller.chosen", { who: chosen.name }), MESSAGE_MS);
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
  const { interaction } = state?.notes ?? {};
  if (state && interaction && !knownToAgent.has(state)) {
    const { changes } = state.notes;
    const read = await api.interaction(interaction.id).catch(() => interaction);
    if (state.notes.changes === changes) state.notes.update(read);
    const chosen = chosenElsewhere(state);
    if (chosen) {
      knownToAgent.add(state);
      throw new ChosenMeanwhile(t("form.chosenMeanwhile", { who: chosen.name }));
    }
  }
  return api.createContact(draft);
}
