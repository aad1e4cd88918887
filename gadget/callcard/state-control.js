// Changes the agent's state. Signing out with a form half filled in is asked for twice.

import { t } from "../shared/texts.js";

/** Milliseconds for which it is shown what signing out loses. */
const MESSAGE_MS = 8000;

export class StateControl {
  #parts;
  /** The state that the agent chose last. */
  #chosen = "";
  /** Whether the agent knows that signing out loses what is in a form. */
  #wasAsked = false;

  /** @param {import("./app-parts.d.ts").AppParts} parts */
  constructor(parts) {
    this.#parts = parts;
  }

  /** @type {import("../shared/events.d.ts").EventHandlers} */
  handlers = {
    "callcard-state-chosen": ({ state, reason }) => this.#set(state, reason),
  };

  /** Whether the agent has begun to fill in a form. */
  get hasOpenForm() {
    const { model, aside } = this.#parts;
    const isContactEdited = [...model.calls.values()].some((each) => each.isContactEdited);
    return isContactEdited || Boolean(aside.isEdited);
  }

  /** @param {string} state @param {string | null} reason */
  async #set(state, reason) {
    const { actions, agent, notices } = this.#parts;
    const mayLose = state !== "LOGOUT" || !this.hasOpenForm || this.#wasAsked;
    this.#wasAsked = !mayLose;
    if (mayLose) {
      this.#chosen = state;
      // The desktop closes as soon as the agent is signed out.
      if (state === "LOGOUT") await actions.saveNotes();
      if (this.#chosen === state) void agent.setState(state, reason);
      return;
    }
    notices.setMessage(t("state.unsaved"), MESSAGE_MS);
    agent.showState();
  }
}
