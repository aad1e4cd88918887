// Bring back the cards of ended calls after a reload, as long as their notes can be finished.

/** @typedef {import("../shared/api.js").Api} Api */
/** @typedef {import("../shared/calls-model.js").CallsModel} CallsModel */
/** @typedef {import("../shared/unfinished-calls.js").UnfinishedCall} UnfinishedCall */
/** @typedef {import("../shared/unfinished-calls.js").UnfinishedCalls} UnfinishedCalls */

/**
 * Restore the calls that were not finished when the page was left.
 * @param {CallsModel} model @param {UnfinishedCalls} unfinished
 * @param {Pick<Api, "interaction" | "lookUp" | "contact">} api
 */
export async function restoreCalls(model, unfinished, api) {
  for (const each of unfinished.all) {
    try {
      await restoreCall(model, unfinished, api, each);
    } catch {
      // The service does not answer: the next reload tries again.
    }
  }
}

/**
 * @param {CallsModel} model @param {UnfinishedCalls} unfinished
 * @param {Pick<Api, "interaction" | "lookUp" | "contact">} api @param {UnfinishedCall} call
 */
async function restoreCall(model, unfinished, api, call) {
  const interaction = await api.interaction(call.interactionId);
  const state = model.restore(call, interaction);
  if (!state) return unfinished.drop(call.call.id);
  const result = await api.lookUp(call.number);
  const { contact: chosen } = interaction;
  const found = result.matches.find(
    ({ contact }) => contact.source === chosen?.source && contact.id === chosen.id,
  );
  const match =
    chosen && !found
      ? {
          how: /** @type {const} */ ("chosen"),
          contact: await api.contact(chosen.source, chosen.id),
        }
      : (found ?? null);
  model.showCaller(state, call.number, result, match);
}
