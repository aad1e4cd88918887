// <call-participants>: takes one participant off a conference, where Finesse allows it to this agent.
// Fires `callcard-call-command`.

import { emit, h } from "../shared/dom.js";
import { CallcardElement } from "../shared/element.js";
import { t } from "../shared/texts.js";
import { participantsOf } from "./caller.js";
import { InlineQuestionElement } from "../shared/inline-question.js";

/** @typedef {import("../shared/call-state.js").CallState} CallState */

export class CallParticipantsElement extends CallcardElement {
  static tag = "call-participants";

  #callId = "";
  #shown = "";
  /** Whom the open question is about, by address. */
  #asked = "";
  #buttons = h("p", { class: "row" });
  #question = new InlineQuestionElement();

  build() {
    this.append(this.#buttons, this.#question);
  }

  /**
   * Show who can be taken off a call.
   * @param {CallState} state @param {boolean} isBusy whether a command is awaited
   * @param {boolean} isServiceDown
   */
  show(state, isBusy, isServiceDown) {
    const { id, call } = state;
    const mayDrop = call.actions.includes("drop-participant") && call.others.length > 1;
    const participants = mayDrop ? participantsOf(state) : [];
    const shown = JSON.stringify([id, isBusy, isServiceDown, participants]);
    if (shown === this.#shown) return;
    this.#shown = shown;
    this.#callId = id;
    this.#question.isBusy = isBusy;
    this.hidden = !participants.length;
    this.#buttons.replaceChildren(
      ...participants.map(({ address, name }) => {
        const label = t("participant.drop", { who: name });
        const ask = () => isBusy || this.#ask(address, name, label);
        return h(
          "button",
          { type: "button", disabled: isServiceDown, "aria-disabled": isBusy, onclick: ask },
          label,
        );
      }),
    );
    if (!participants.some(({ address }) => address === this.#asked)) this.#question.close();
  }

  /** @param {string} address @param {string} who @param {string} label */
  #ask(address, who, label) {
    this.#asked = address;
    const send = () =>
      emit(this, "callcard-call-command", {
        callId: this.#callId,
        action: "drop-participant",
        params: { participant: address },
      });
    const asking = document.activeElement;
    const focus = () => asking instanceof HTMLElement && asking.focus();
    this.#question.ask(t("participant.dropAsk", { who }), label, send, focus);
  }
}
