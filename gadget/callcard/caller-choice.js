// The agent chooses whose call it is: a contact of several, or one that was searched.

import { addNumber } from "./number-addition.js";

/**
 * Make a contact the one of a call.
 * @param {object} app what the choice changes
 * @param {import("../shared/calls-model.js").CallsModel} app.model
 * @param {import("./contact-search.js").ContactSearchElement} app.search
 * @param {import("./app-notices.js").AppNoticesElement} app.notices
 * @param {import("./app-aside.js").LaterAside} app.aside
 * @param {import("./call-tabs.js").CallTabsElement} app.tabs
 * @param {import("../shared/events.d.ts").CallcardEvents["callcard-contact-chosen"]} choice
 * `addedNumber` is the caller's number, if it is to be added to the contact
 */
export function chooseCaller({ model, search, notices, aside, tabs }, choice) {
  const { callId, match, addedNumber } = choice;
  search.clear();
  aside.close?.();
  void model.contacts.choose(callId, match);
  if (document.activeElement === document.body) tabs.focusCall(); // what was pressed has gone
  const state = model.calls.get(callId);
  // Never another number than the button said.
  if (state && addedNumber && addedNumber === state.customer.display)
    void addNumber({ model, notices, aside }, state, match.contact);
}
