// The agent chooses whose call it is: a contact of several, or one that was searched.

import { t } from "../shared/texts.js";
import { loadLater } from "./load-later.js";

export class CallerChoice {
  #parts;

  /**
   * @param {object} parts
   * @param {import("../shared/calls-model.js").CallsModel} parts.model
   * @param {import("./contact-search.js").ContactSearchElement} parts.search
   * @param {import("./app-notices.js").AppNoticesElement} parts.notices
   * @param {import("./app-aside.js").LaterAside} parts.aside
   * @param {() => void} parts.onChange
   * @param {() => unknown} parts.focusCall gives the focus to the call in front
   */
  constructor(parts) {
    this.#parts = parts;
  }

  /**
   * @param {string} callId @param {import("../shared/types.d.ts").Match} match
   * @param {string} [addedNumber] the caller's number, if it is to be added to the contact
   */
  choose(callId, match, addedNumber) {
    const { model, search, notices, aside, onChange, focusCall } = this.#parts;
    search.clear();
    aside.close?.();
    void model.contacts.choose(callId, match);
    onChange();
    if (document.activeElement === document.body) focusCall(); // what was pressed has gone
    const state = model.calls.get(callId);
    // Never another number than the button said.
    if (state && addedNumber && addedNumber === state.customer.display)
      loadLater().then(
        ({ addNumber }) => addNumber(model, notices, state, match.contact),
        () => notices.setMessage(t("error.load")),
      );
  }
}
