// What changes of a contact while their call's card is shown. No DOM.

/** @typedef {import("../shared/calls-model.js").CallsModel} CallsModel */
/** @typedef {import("../shared/types.d.ts").Contact} Contact */

/**
 * Return whether a contact is a source's record, or was put together with it.
 * @param {Contact} contact @param {{source: string, id: string} | null | undefined} record
 */
export const hasRecord = (contact, record) =>
  [contact, ...(contact.records ?? [])].some(
    ({ source, id }) => source === record?.source && id === record.id,
  );

/**
 * Return whether a record is another person's than a contact: its source has the contact too, by
 * another id. Records of two sources may be of one person.
 * @param {Contact} contact @param {string} reference of the record: source/id, or empty
 */
export function isSomebodyElse(contact, reference) {
  const ofSource = [contact, ...(contact.records ?? [])].filter(({ source }) =>
    reference.startsWith(`${source}/`),
  );
  return ofSource.length > 0 && ofSource.every(({ source, id }) => `${source}/${id}` !== reference);
}

/**
 * Show a case that was opened for the contact of a call.
 * @param {CallsModel} model @param {string} callId
 * @param {Contact} contact @param {import("../shared/types.d.ts").Case} added
 */
export function addCase(model, callId, contact, added) {
  const state = model.calls.get(callId);
  if (!state?.match || !hasRecord(state.match.contact, contact)) return;
  const { match, lookup } = state;
  const changed = { ...contact, cases: [added, ...match.contact.cases] };
  state.match = { ...match, contact: changed };
  // As it is found again, if the agent first chooses somebody else.
  const matches = lookup.status === "found" ? lookup.result.matches : [];
  for (const each of matches) if (hasRecord(each.contact, contact)) each.contact = changed;
  model.notify("caller", state);
}

/**
 * Show the entries of number lists that warn of a caller now.
 * @param {CallsModel} model @param {string} callId
 * @param {import("../shared/types.d.ts").ListWarning[]} listed
 */
export function setListed(model, callId, listed) {
  const state = model.calls.get(callId);
  if (!state || (!listed.length && !state.listWarnings.length)) return;
  state.listWarnings = listed;
  state.lookup = { ...state.lookup }; // drawn anew
  model.notify("caller", state);
}
