// <agent-state>: the agent's state, and the ones they may ask for with their reasons. Fires `state` with {state, reason}.

import { h, tell, uniqueId } from "../shared/dom.js";
import { t } from "../shared/texts.js";

/** @typedef {import("../shared/types.d.ts").Reason} Reason */
/** @typedef {import("../shared/types.d.ts").UserData} UserData */

/** Finesse's states in words; one that is not here is shown as it came. @type {Record<string, () => string>} */
export const STATES = {
  READY: () => t("state.ready"),
  NOT_READY: () => t("state.notReady"),
  LOGOUT: () => t("state.signedOut"),
  RESERVED: () => t("state.reserved"),
  RESERVED_OUTBOUND: () => t("state.reserved"),
  RESERVED_OUTBOUND_PREVIEW: () => t("state.reserved"),
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
  /** The option that stands for the state as it is. */
  #now = "";

  connectedCallback() {
    if (this.firstChild) return;
    this.append(
      h("label", { for: this.#select.id, class: "hidden" }, t("state.label")),
      this.#select,
      this.#error,
    );
    // By mouse, a choice is meant. By arrow keys one passes through others: it is meant once Enter says so, or on leaving.
    let browsing = false;
    const apply = () => {
      browsing = false;
      const [state, reason] = this.#select.value.split(" ");
      if (this.#select.value !== this.#now) tell(this, "state", { state, reason: reason ?? null });
    };
    this.#select.addEventListener("keydown", ({ key }) => {
      if (key === "Enter") apply();
      else if (key === "Escape") this.show(this.#user, this.#pending);
      else browsing = key !== "Tab";
    });
    this.#select.addEventListener("pointerdown", () => (browsing = false));
    this.#select.addEventListener("change", () => browsing || apply());
    this.#select.addEventListener("focusout", () => browsing && apply());
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
    const now =
      state === "NOT_READY" && this.#notReady.some(({ id }) => id === user.reasonCodeId)
        ? `NOT_READY ${user.reasonCodeId}`
        : state;
    this.#now = now;
    /** @param {string} value @param {string} text */
    const option = (value, text) => h("option", { value, selected: value === now }, text);
    // On UCCE one signs out from not ready, so that is the only place from where it is offered.
    const listed = [
      option("READY", STATES.READY()),
      ...this.#notReady.map(({ id, label }) =>
        option(`NOT_READY ${id}`, t("state.notReadyBecause", { reason: label })),
      ),
      ...(state === "READY" ? [] : this.#signOut).map(({ id, label }) =>
        option(`LOGOUT ${id}`, t("state.signOutBecause", { reason: label })),
      ),
    ];
    // Where no reasons are defined, the bare states are what one may ask for.
    if (!this.#notReady.length) listed.push(option("NOT_READY", STATES.NOT_READY()));
    if (!this.#signOut.length && state !== "READY")
      listed.push(option("LOGOUT", t("state.signOut")));
    const current = listed.some(({ value }) => value === now)
      ? []
      : [option(now, STATES[state]?.() ?? state)];
    this.#select.replaceChildren(...current, ...listed);
    this.#select.disabled = state === "LOGOUT"; // not while a change is pending: that would take the focus away
    this.#select.setAttribute("aria-busy", String(pending));
    const next = user.pendingState
      ? t("state.next", { state: STATES[user.pendingState]?.() ?? user.pendingState })
      : "";
    this.title = next;
    this.dataset.next = next;
  }

  /** @param {string} text */
  fail(text) {
    this.#error.textContent = text;
  }
}

customElements.define("agent-state", AgentStateElement);
