// <call-panel>: one call from ring to end: who, since when, the buttons, and below them whatever is known of the caller.
// Fires `order` (action), `dial` (number), `named` when it is known who it is, `done` when the agent puts an ended call away.

import { api } from "../shared/api.js";
import { desktop } from "../shared/desktop.js";
import { h, own, phone, tell } from "../shared/dom.js";
import { clock, countryName, t } from "../shared/texts.js";
import { keepChoice, keptChoice } from "./choice.js";
import { ContactCardElement } from "./contact-card.js";
import { ContactChoiceElement } from "./contact-choice.js";
import { ContactFormElement } from "./contact-form.js";
import { CallControlsElement } from "./call-controls.js";
import { sentence } from "./failures.js";

/** @typedef {import("./call.js").Call} Call */
/** @typedef {import("./call.js").Action} Action */
/** @typedef {import("../shared/types.d.ts").Contact} Contact */
/** @typedef {import("../shared/types.d.ts").Lookup} Lookup */
/** @typedef {import("../shared/types.d.ts").Match} Match */
/** @typedef {import("../shared/types.d.ts").NumberRead} NumberRead */

/** Milliseconds until a look-up is called slow. */
const SLOW = 1500;

/** @type {Record<import("./call.js").Phase, (direction: string) => string>} */
const PHASES = {
  ringing: (direction) => (direction === "in" ? t("phase.ringing") : t("phase.dialling")),
  dialling: () => t("phase.dialling"),
  talking: () => t("phase.talking"),
  held: () => t("phase.held"),
  failed: () => t("phase.failed"),
  ended: () => t("phase.ended"),
};

export class CallPanelElement extends HTMLElement {
  /** @type {Call | null} */
  call = null;
  /** Who it is, as far as known: what a screen reader hears and what a tab is called. */
  who = "";
  #title = h("h2", { tabindex: -1 });
  #about = h("p", { class: "about who-else" });
  #phase = h("span", { class: "phase" });
  #clock = h("span", { class: "clock", role: "timer" });
  #queue = h("span", { class: "queue" });
  #controls = new CallControlsElement();
  #done = h("button", { type: "button", class: "done", hidden: true, onclick: () => tell(this, "done") }, t("call.done"));
  #error = h("p", { class: "error", role: "alert" });
  #body = h("div", { class: "body" });
  #variables = h("div", { class: "variables" });
  #looking = new AbortController();
  /** @type {string | null} null before the first: a withheld number may be an empty one */
  #lookedUp = null;

  connectedCallback() {
    if (this.firstChild) return;
    const status = h("p", { class: "status" }, this.#phase, this.#clock, this.#queue);
    this.append(
      h("header", {}, status, this.#title, this.#about, this.#controls, this.#done, this.#error),
      this.#body,
      this.#variables,
    );
    this.addEventListener("chosen", (event) => this.#choose(/** @type {CustomEvent<Match>} */ (event).detail));
    this.addEventListener("saved", (event) => this.#card(/** @type {CustomEvent<Contact>} */ (event).detail, ""));
  }

  /** Whether the agent has typed into a form that is not saved yet. */
  get unsaved() {
    return this.querySelector("contact-form form[data-edited]") !== null;
  }

  disconnectedCallback() {
    this.#looking.abort();
  }

  /** @param {Call} call @param {Action | ""} pending */
  show(call, pending) {
    this.call = call;
    this.dataset.phase = call.phase;
    this.#phase.textContent = PHASES[call.phase](call.direction);
    this.#queue.replaceChildren(...(call.queue ? [t("call.queue"), " ", own(call.queue)] : []));
    const pressed = this.#controls.contains(document.activeElement);
    this.#controls.show(call.actions, pending);
    if (pressed && !call.actions.length) this.#title.focus(); // the buttons are gone; the focus must not be
    this.#done.hidden = call.phase !== "ended";
    this.tick();
    this.#showVariables(call.variables);
    if (this.#lookedUp !== call.number) {
      this.#lookedUp = call.number;
      this.#who("", phone(call.number), "");
      void this.lookUp();
    }
  }

  /** @param {string} text */
  fail(text) {
    this.#error.textContent = text;
  }

  /** A second has gone by. */
  tick() {
    const { since = Number.NaN, phase = "ended" } = this.call ?? {};
    const known = !Number.isNaN(since) && phase !== "ended";
    this.#clock.textContent = known ? clock((Date.now() - desktop.drift - since) / 1000) : "";
  }

  async lookUp() {
    const call = /** @type {Call} */ (this.call);
    this.#looking.abort();
    this.#looking = new AbortController();
    const { signal } = this.#looking;
    this.#say(t("lookup.looking"));
    const slow = setTimeout(() => this.#say(t("lookup.slow")), SLOW);
    try {
      const found = await api.lookup(call.number, signal);
      clearTimeout(slow);
      if (!signal.aborted) this.#found(found, call);
    } catch (error) {
      clearTimeout(slow);
      if (signal.aborted) return;
      const retry = h("button", { type: "button", onclick: () => this.lookUp() }, t("lookup.retry"));
      this.#body.replaceChildren(h("div", { class: "failed", role: "alert" }, h("p", {}, sentence(error)), retry));
    }
  }

  /** @param {Lookup} found @param {Call} call */
  #found({ number, matches, sources }, call) {
    const late = Object.values(sources).some((told) => told !== "answered");
    const shown = number.display || call.number;
    const where = number.kind === "public" ? countryName(number.country) : "";
    if (number.kind === "withheld") {
      this.#who(t("caller.withheld"), t("caller.withheld"), "");
      return this.#body.replaceChildren(h("p", { class: "note" }, t("caller.withheldNote")));
    }
    const chosen =
      matches.length > 1
        ? matches.find(
            ({ contact }) =>
              contact ===
              keptChoice(
                call.id,
                matches.map((m) => m.contact),
              ),
          )
        : matches[0];
    this.#number = { shown, where };
    if (chosen) return this.#card(chosen.contact, chosen.how, late);
    const title = number.kind === "internal" ? t("caller.internal", { number: shown }) : shown;
    this.#who(title, number.kind === "internal" ? own(title) : phone(shown), where);
    if (matches.length) {
      const choice = new ContactChoiceElement();
      choice.show(matches);
      this.#body.replaceChildren(choice);
    } else if (number.kind === "internal") {
      this.#body.replaceChildren(h("p", { class: "note" }, t("caller.internalNote")));
    } else {
      const form = new ContactFormElement();
      form.show(number.kind === "public" ? shown : "", call.variables);
      this.#body.replaceChildren(h("p", { class: "note" }, late ? t("lookup.partly") : t("caller.unknown")), form);
    }
  }
  #number = { shown: "", where: "" };

  /** @param {Match} match */
  #choose({ contact, how }) {
    if (this.call) keepChoice(this.call.id, contact);
    this.#card(contact, how);
    this.#title.focus();
  }

  /** @param {Contact} contact @param {"exact" | "suffix" | ""} how @param {boolean} [late] */
  #card(contact, how, late = false) {
    const { name, company } = contact;
    const who = name || company;
    this.#who(
      how === "suffix" ? t("caller.perhaps", { who }) : who,
      own(name || company),
      this.#number.where,
      name && company ? own(company) : "",
      phone(this.#number.shown),
    );
    const card = new ContactCardElement();
    card.show(contact, how);
    this.#body.replaceChildren(late ? h("p", { class: "note warning" }, t("lookup.partly")) : "", card);
  }

  /** @param {string} title for the ear @param {Node} shown for the eye @param {...(Node | string)} rest */
  #who(title, shown, ...rest) {
    this.#title.replaceChildren(shown);
    const parts = [...rest.slice(1), rest[0]].filter(Boolean);
    this.#about.replaceChildren(...parts.flatMap((part, place) => (place ? [" · ", part] : [part])));
    if (!title) return;
    this.who = [title, ...parts.map((part) => (part instanceof Node ? (part.textContent ?? "") : part))].join(", ");
    tell(this, "named");
  }

  /** @param {string} text */
  #say(text) {
    this.#body.replaceChildren(h("p", { class: "looking", role: "status" }, text));
  }

  /** @param {{name: string, value: string}[]} variables */
  #showVariables(variables) {
    const rows = variables.flatMap(({ name, value }) => [h("dt", {}, own(name)), h("dd", {}, own(value))]);
    this.#variables.replaceChildren(...(rows.length ? [h("h3", {}, t("call.variables")), h("dl", {}, rows)] : []));
  }
}
