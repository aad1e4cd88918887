// <agent-state>: the agent's state, and those that they may change to with their reasons. Fires
// `callcard-state-chosen`.

import { emit, h, uniqueId } from "../shared/dom.js";
import { CallcardElement } from "../shared/element.js";
import { formatDuration, stateLabel, t } from "../shared/texts.js";

/** @typedef {import("../shared/types.d.ts").Reason} Reason */
/** @typedef {import("../shared/types.d.ts").UserData} UserData */

const WRAP_UP_STATES = ["WORK", "WORK_READY"];
/** Where the tab keeps the option that the agent chose last, for a reload. */
const CHOSEN_KEY = "callcard.chosenState";
/** The timer of teams that have none, as recorded on UCCE. */
const NO_TIMER_SECONDS = 7200;

export class AgentStateElement extends CallcardElement {
  static tag = "agent-state";

  #select = h("select", { id: uniqueId("state") });
  #error = h("span", { class: "error", role: "alert" });
  /** @type {Reason[]} */
  #notReadyReasons = [];
  /** @type {Reason[]} */
  #signOutReasons = [];
  /** @type {UserData} */
  #user = {};
  #isPending = false;
  /** The option that stands for the present state. */
  #current = "";
  /** The option that the agent chose last: Finesse does not say why a state will be next. */
  #chosen = sessionStorage.getItem(CHOSEN_KEY) ?? "";

  build() {
    this.append(
      h("label", { for: this.#select.id, class: "hidden" }, t("state.label")),
      this.#select,
      this.#error,
    );
    // A choice by mouse counts at once. Arrow keys pass through other states: theirs counts on
    // Enter, or on leaving.
    let isBrowsing = false;
    const apply = () => {
      isBrowsing = false;
      const { value } = this.#select;
      const [state, reason = null] = value.split(" ");
      if (value === this.#current) return;
      this.#chosen = value;
      sessionStorage.setItem(CHOSEN_KEY, value);
      emit(this, "callcard-state-chosen", { state, reason });
    };
    this.#select.addEventListener("keydown", ({ key }) => {
      if (key === "Enter") apply();
      else if (key === "Escape") this.show(this.#user, this.#isPending);
      else isBrowsing = key !== "Tab";
    });
    this.#select.addEventListener("pointerdown", () => {
      isBrowsing = false;
    });
    this.#select.addEventListener("change", () => isBrowsing || apply());
    this.#select.addEventListener("focusout", () => isBrowsing && apply());
  }

  /**
   * Set the reasons that the agent may choose.
   * @param {Reason[]} notReady @param {Reason[]} signOut
   */
  setReasons(notReady, signOut) {
    this.#notReadyReasons = notReady;
    this.#signOutReasons = signOut;
    this.show(this.#user, this.#isPending);
  }

  /**
   * Show the agent's state.
   * @param {UserData} user @param {boolean} isPending whether a change is awaited
   */
  show(user, isPending) {
    this.#user = user;
    this.#isPending = isPending;
    const state = user.state ?? "";
    const hasReason =
      state === "NOT_READY" && this.#notReadyReasons.some(({ id }) => id === user.reasonCodeId);
    this.#current = hasReason ? `NOT_READY ${user.reasonCodeId}` : state;
    this.dataset.state = state;
    this.#select.replaceChildren(...this.#options(state));
    this.#select.disabled = state === "LOGOUT"; // not while pending: that would take the focus away
    this.#select.setAttribute("aria-busy", String(isPending));
    const next = user.pendingState
      ? t("state.next", { state: this.#label(user.pendingState) })
      : "";
    this.title = next;
    this.dataset.next = next;
  }

  /** Return the text of the state that will be next. @param {string} state */
  #label(state) {
    const isChosen = (/** @type {HTMLOptionElement} */ { value }) =>
      value === this.#chosen && value.startsWith(state);
    return [...this.#select.options].find(isChosen)?.text ?? stateLabel(state);
  }

  /** Show how much of the time for wrap-up is left. @param {number} now the server's clock, in ms */
  tick(now) {
    const { state = "", stateChangeTime, wrapUpTimer, pendingState } = this.#user;
    if (!WRAP_UP_STATES.includes(state ?? "") || pendingState) return;
    const seconds = Number(wrapUpTimer);
    const left = seconds - (now - Date.parse(stateChangeTime ?? "")) / 1000;
    const isCounting = seconds < NO_TIMER_SECONDS && left >= 0;
    this.dataset.next = isCounting ? t("state.workLeft", { time: formatDuration(left) }) : "";
  }

  /** Show why a change failed. @param {string} text */
  setError(text) {
    this.#error.textContent = text;
  }

  /** @param {string} state */
  #options(state) {
    const choices = [["READY", stateLabel("READY")]];
    for (const { id, label } of this.#notReadyReasons)
      choices.push([`NOT_READY ${id}`, t("state.notReadyBecause", { reason: label })]);
    // Where no reasons are defined, the bare states may be chosen.
    if (!this.#notReadyReasons.length) choices.push(["NOT_READY", stateLabel("NOT_READY")]);
    if (![...WRAP_UP_STATES, "READY"].includes(state)) {
      // UCCE signs out only agents who are not ready.
      for (const { id, label } of this.#signOutReasons)
        choices.push([`LOGOUT ${id}`, t("state.signOutBecause", { reason: label })]);
      if (!this.#signOutReasons.length) choices.push(["LOGOUT", t("state.signOut")]);
    }
    if (!choices.some(([value]) => value === this.#current))
      choices.unshift([this.#current, stateLabel(state)]);
    return choices.map(([value, text]) =>
      h("option", { value, selected: value === this.#current }, text),
    );
  }
}
