// The agent chooses whose call it is: a contact of several, or one that was searched.

import { addNumber } from "./number-addition.js";

/**
 * Make a contact the one of a call.
 * @param {import("./app-parts.d.ts").AppParts} parts
 * @param {import("../shared/events.d.ts").CallcardEvents["callcard-contact-chosen"]} choice
 * `addedNumber` is the caller's number, if it is to be added to the contact
 */
export function chooseCaller(parts, choice) {
  const { model, search, aside, tabs } = parts;
  const { callId, match, addedNumber } = choice;
  search.clear();
  aside.close?.();
  void model.contacts.choose(callId, match);
  if (document.activeElement === document.body) tabs.focusCall(); // what was pressed has gone
  const state = model.calls.get(callId);
  // Never another number than the button said.
  if (state && addedNumber && addedNumber === state.customer.display)
    void addNumber(parts, state, match.contact);
}
