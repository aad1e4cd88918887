// The caller's number is added to the contact that was chosen for it.

import { api } from "../shared/api.js";
import { errorText } from "../shared/errors.js";
import { t } from "../shared/texts.js";

/** Milliseconds for which a success is shown. */
const ADDED_MS = 8000;

/** The calls whose number is on its way: a second press would add it twice. @type {Set<string>} */
const adding = new Set();

/**
 * Add the number of a call's caller to a contact, and say how it went.
 * @param {import("./app-parts.d.ts").AppParts} parts
 * @param {import("../shared/call-state.js").CallState} state
 * @param {import("../shared/types.d.ts").Contact} contact
 */
export async function addNumber({ model, notices, aside }, state, { source, id }) {
  if (adding.has(state.id)) return;
  adding.add(state.id);
  const { number, display } = state.customer;
  try {
    const changed = await api.addNumber(source, id, number);
    await model.contacts.choose(state.id, { how: "chosen", contact: changed });
    const who = changed.name || changed.company;
    aside.showMessage?.(t("search.numberAdded", { number: display, who }), ADDED_MS);
  } catch (error) {
    notices.setMessage(errorText(error));
  } finally {
    adding.delete(state.id);
  }
}
