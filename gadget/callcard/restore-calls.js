// Bring back the cards of ended calls after a reload, as long as their notes can be finished.

import { hasRecord } from "./contact-updates.js";

/** @typedef {import("../shared/api.js").Api} Api */
/** @typedef {import("../shared/calls-model.js").CallsModel} CallsModel */
/** @typedef {import("../shared/types.d.ts").Match} Match */
/** @typedef {import("../shared/unfinished-calls.js").UnfinishedCalls} UnfinishedCalls */

/**
 * Restore the calls that were not finished when the page was left. Call it again to retry the
 * requests that failed.
 * @param {CallsModel} model @param {UnfinishedCalls} unfinished
 * @param {Pick<Api, "interaction" | "lookUp" | "contact">} api
 */
export async function restoreCalls(model, unfinished, api) {
  for (const each of unfinished.all) {
    const state = model.restore(each);
    const isRunning = !state && model.calls.has(each.call.id);
    if (isRunning) continue;
    if (!state) unfinished.drop(each.call.id);
    else if (state.lookup.status !== "found") {
      state.lookup = { status: "looking" };
      await loadCallerAndNotes(model, state, each.number, api).catch((error) => {
        state.lookup = { status: "failed", error };
        model.notify("changed", state);
      });
    }
    if (state && !state.needsFinishing && !state.notes.isUnsaved) model.close(state.id);
  }
}

/**
 * Load the interaction and the contact of a restored call.
 * @param {CallsModel} model @param {import("../shared/call-state.js").CallState} state
 * @param {string} number @param {Pick<Api, "interaction" | "lookUp" | "contact">} api
 */
async function loadCallerAndNotes(model, state, number, api) {
  const { notes } = state;
  const { interaction, changes } = notes;
  if (interaction) {
    const read = await api.interaction(interaction.id);
    // What was changed meanwhile is newer: the choice of an outage is saved at the same time.
    if (notes.changes === changes) notes.update(read);
  }
  const { id: own = "", contact: chosen } = notes.interaction ?? {};
  const result = await api.lookUp(number, own);
  const found = result.matches.find(({ contact }) => hasRecord(contact, chosen));
  /** @type {Match | null | undefined} */
  const match =
    chosen &&
    (found ?? { how: "chosen", contact: await api.contact(chosen.source, chosen.id, own) });
  clearTimeout(state.lookupTimer);
  state.lookup = { status: "found", number, result };
  state.match = match ?? null;
  model.notify("caller", state);
}
