// <agent-state>: the agent's state, and the ones they may ask for with their reasons. Fires `state` with {state, reason}.

import { h, tell, uniqueId } from "../shared/dom.js";
import { t } from "../shared/texts.js";

/** @typedef {import("../shared/types.d.ts").Reason} Reason */
/** @typedef {import("../shared/types.d.ts").UserData} UserData */

/** Finesse's states in words; one that is not here is shown as it came. @type {Record<string, () => string>} */
const STATES = {
  READY: () => t("state.ready"),
  NOT_READY: () => t("state.notReady"),
  LOGOUT: () => t("state.signedOut"),
  RESERVED: () => t("state.reserved"),
  TALKING: () => t("state.talking"),
  HOLD: () => t("state.hold"),
  WORK: () => t("state.work"),
  WORK_READY: () => t("state.work"),
};

export class AgentStateElement extends HTMLElement {
  #select = h("select", { id: uniqueId("state") });
  #error = h("span", { class: "error", role: "alert" });
  /** @type {Reason[]} */
  #notReady = [];
  /** @type {Reason[]} */
  #signOut = [];
  /** @type {UserData} */
  #user = {};
  #pending = false;

  connectedCallback() {
    if (this.firstChild) return;
    this.append(h("label", { for: this.#select.id, class: "hidden" }, t("state.label")), this.#select, this.#error);
    this.#select.addEventListener("change", () => {
      const [state, reason] = this.#select.value.split(" ");
      tell(this, "state", { state, reason: reason ?? null });
    });
  }

  /** @param {Reason[]} notReady @param {Reason[]} signOut */
  offer(notReady, signOut) {
    [this.#notReady, this.#signOut] = [notReady, signOut];
    this.show(this.#user, this.#pending);
  }

  /** @param {UserData} user @param {boolean} pending whether a change is on its way */
  show(user, pending) {
    [this.#user, this.#pending] = [user, pending];
    const state = user.state ?? "";
    this.dataset.state = state;
    const now = state === "NOT_READY" && this.#notReady.some(({ id }) => id === user.reasonCodeId) ? `NOT_READY ${user.reasonCodeId}` : state;
    /** @param {string} value @param {string} text */
    const option = (value, text) => h("option", { value, selected: value === now }, text);
    const listed = [
      option("READY", STATES.READY()),
      ...this.#notReady.map(({ id, label }) => option(`NOT_READY ${id}`, t("state.notReadyBecause", { reason: label }))),
      ...this.#signOut.map(({ id, label }) => option(`LOGOUT ${id}`, t("state.signOutBecause", { reason: label }))),
    ];
    // Where no reasons are defined, the bare states are what one may ask for.
    if (!this.#notReady.length) listed.push(option("NOT_READY", STATES.NOT_READY()));
    if (!this.#signOut.length) listed.push(option("LOGOUT", t("state.signOut")));
    const current = listed.some(({ value }) => value === now) ? [] : [option(now, STATES[state]?.() ?? state)];
    this.#select.replaceChildren(...current, ...listed);
    this.#select.disabled = pending || state === "LOGOUT";
    this.#select.setAttribute("aria-busy", String(pending));
    const next = user.pendingState ? t("state.next", { state: STATES[user.pendingState]?.() ?? user.pendingState }) : "";
    this.title = next;
    this.dataset.next = next;
  }

  /** @param {string} text */
  fail(text) {
    this.#error.textContent = text;
  }
}
