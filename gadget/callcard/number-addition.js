// The caller's number is added to the contact that was chosen for it.

import { api } from "../shared/api.js";
import { errorText } from "../shared/errors.js";
import { t } from "../shared/texts.js";

/** Milliseconds for which a success is shown. */
const ADDED_MS = 8000;

/**
 * Add the number of a call's caller to a contact, and say how it went.
 * @param {import("../shared/calls-model.js").CallsModel} model
 * @param {import("./app-notices.js").AppNoticesElement} notices
 * @param {import("../shared/call-state.js").CallState} state
 * @param {import("../shared/types.d.ts").Contact} contact
 */
export async function addNumber(model, notices, state, { source, id }) {
  const { number, display } = state.customer;
  try {
    const changed = await api.addNumber(source, id, number);
    await model.contacts.choose(state.id, { how: "chosen", contact: changed });
    const who = changed.name || changed.company;
    notices.setMessage(t("search.numberAdded", { number: display, who }), ADDED_MS);
  } catch (error) {
    notices.setMessage(errorText(error));
  }
}
