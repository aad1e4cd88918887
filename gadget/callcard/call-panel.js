// <call-panel>: one call from ring to end: who, since when, the buttons, and below them whatever is known of the caller, the notes
// and what came with the call. Fires `order` ({action, sent, call?}), `dial` (number), `later` (whom), `wanted` when it must be
// asked who is calling, `named` when it is known, `contact` when the agent says whose call it is, `redraw` when its buttons have
// changed by themselves, `done` when the agent puts an ended call away.

import { desktop } from "../shared/desktop.js";
import { h, own, phone, tell, uniqueId } from "../shared/dom.js";
import { clock, countryName, t } from "../shared/texts.js";
import { CallControlsElement } from "./call-controls.js";
import { CallKeypadElement } from "./call-keypad.js";
import { CallNotesElement } from "./call-notes.js";
import { CallTargetsElement } from "./call-targets.js";
import { CallVariablesElement } from "./call-variables.js";
import { ContactCardElement } from "./contact-card.js";
import { ContactChoiceElement } from "./contact-choice.js";
import { ContactFormElement } from "./contact-form.js";
import { sentence } from "./failures.js";

/** @typedef {import("./call.js").Call} Call */
/** @typedef {import("./call.js").Action} Action */
/** @typedef {import("./call-controls.js").Borrowed} Borrowed */
/** @typedef {import("./call-controls.js").Drawer} Drawer */
/** @typedef {import("../shared/types.d.ts").Contact} Contact */
/** @typedef {import("../shared/types.d.ts").Lookup} Lookup */
/** @typedef {import("../shared/types.d.ts").Match} Match */
/** @typedef {import("../shared/types.d.ts").Told} Told */

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
  /** Whose record it is, as far as known. @type {Contact | null} */
  contact = null;
  notes = new CallNotesElement();
  #title = h("h2", { tabindex: -1 });
  #about = h("p", { class: "about who-else" });
  #phase = h("span", { class: "phase" });
  #clock = h("span", { class: "clock", role: "timer" });
  #queue = h("span", { class: "queue" });
  #controls = new CallControlsElement();
  #done = h(
    "button",
    { type: "button", class: "done", hidden: true, onclick: () => tell(this, "done") },
    t("call.done"),
  );
  #error = h("p", { class: "error", role: "alert" });
  #drawer = h("div", { class: "drawer", hidden: true });
  #body = h("div", { class: "body" });
  #variables = new CallVariablesElement();
  /** @type {Drawer | ""} */
  #open = "";
  #slow = 0;
  #asked = false;
  /** Whether it is still to be said who is calling. */
  #looking = false;
  #number = { given: "", shown: "", where: "" };

  connectedCallback() {
    if (this.firstChild) return;
    const status = h("p", { class: "status" }, this.#phase, this.#clock, this.#queue);
    this.#variables.className = "variables";
    this.append(
      h("header", {}, status, this.#title, this.#about, this.#controls, this.#done, this.#error),
      this.#drawer,
      this.notes,
      this.#body,
      this.#variables,
    );
    this.notes.hidden = true;
    this.addEventListener("chosen", (event) =>
      this.#choose(/** @type {CustomEvent<Match>} */ (event).detail),
    );
    this.addEventListener("saved", (event) => {
      const contact = /** @type {CustomEvent<Contact>} */ (event).detail;
      this.#card(contact, "");
      tell(this, "contact", contact);
    });
    this.addEventListener("drawer", (event) =>
      this.#toggle(/** @type {CustomEvent<Drawer>} */ (event).detail),
    );
    this.addEventListener("target", (event) => {
      const { action, to } = /** @type {CustomEvent} */ (event).detail;
      this.#toggle("");
      tell(this, "order", { action, sent: { to } });
    });
    this.addEventListener("tones", (event) =>
      tell(this, "order", {
        action: "dtmf",
        sent: { digits: /** @type {CustomEvent<string>} */ (event).detail },
      }),
    );
    this.addEventListener("data", (event) => {
      const { name, value } = /** @type {CustomEvent} */ (event).detail;
      tell(this, "order", { action: "data", sent: { variables: { [name]: value } } });
    });
  }

  /** Whether the agent has typed something that is not saved yet, or has still to choose a reason. */
  get unsaved() {
    return (
      this.querySelector("contact-form form[data-edited]") !== null ||
      this.notes.unsaved ||
      this.notes.lacksReason
    );
  }

  disconnectedCallback() {
    clearTimeout(this.#slow);
  }

  /**
   * @param {Call} call @param {Action | ""} pending the order of this call that is on its way @param {boolean} [waiting] whether
   * the telephone waits for an order, of whatever call @param {Borrowed[]} [borrowed]
   */
  show(call, pending, waiting = pending !== "", borrowed = []) {
    this.call = call;
    this.dataset.phase = call.phase;
    this.#phase.textContent = call.consult
      ? t("phase.consult")
      : PHASES[call.phase](call.direction);
    this.#queue.replaceChildren(...(call.queue ? [t("call.queue"), " ", own(call.queue)] : []));
    const pressed = this.#controls.contains(document.activeElement);
    if (!this.#offers(this.#open, call.actions)) this.#toggle("");
    this.#controls.show(call.actions, pending, waiting, borrowed, this.#open);
    if (pressed && !this.#controls.childElementCount) this.#title.focus(); // the buttons are gone; the focus must not be
    this.#done.hidden = call.phase !== "ended";
    if (this.#open === "targets") this.#targets?.show(this.#passing);
    this.tick();
    this.#variables.show(call.variables, call.actions.includes("data") && !waiting);
    if (this.#asked) return;
    this.#asked = true;
    this.#who("", phone(call.number), "");
    if (call.consult) this.#body.replaceChildren(h("p", { class: "note" }, t("call.consultNote")));
    this.#ask();
  }

  /** @param {string} text */
  fail(text) {
    this.#error.textContent = text;
  }

  /** What the agent's team and platform have. @param {string[]} reasons @param {"ucce" | "uccx"} platform */
  offer(reasons, platform) {
    this.notes.offer(reasons, platform === "uccx");
    this.#variables.platform = platform;
  }

  /** How writing call data went. @param {string} name @param {string} value @param {string} note @param {boolean} [bad] */
  sayData(name, value, note, bad) {
    this.#variables.say(name, value, note, bad);
    if (this.call) this.#variables.show(this.call.variables, this.call.actions.includes("data"));
  }

  /** A second has gone by. */
  tick() {
    const { since = Number.NaN, phase = "ended" } = this.call ?? {};
    const known = !Number.isNaN(since) && phase !== "ended";
    this.#clock.textContent = known ? clock((desktop.now - since) / 1000) : "";
    this.notes.tick();
  }

  #ask() {
    this.#looking = true;
    if (!this.call?.consult) {
      this.#say(t("lookup.looking"));
      this.#slow = setTimeout(() => this.#say(t("lookup.slow")), SLOW);
    }
    tell(this, "wanted");
  }

  /** What the service says of the call. @param {Told} told @param {string} me the agent's id */
  told(told, me) {
    const { interaction, lookup, number } = told;
    this.notes.hidden = !interaction;
    if (interaction) this.notes.show(interaction, me);
    if (told.never_logged) this.fail(t("call.neverLogged"));
    if (this.call?.consult || !lookup) return;
    clearTimeout(this.#slow);
    this.#looking = false;
    if (this.call) this.#found(lookup, number || this.call.number);
  }

  /** The service could not be asked who is calling. @param {unknown} error */
  unanswered(error) {
    // Only a look-up's failure is shown here: what was found stays, and so does a form that somebody fills in.
    if (this.call?.consult || !this.#looking) return;
    clearTimeout(this.#slow);
    this.#looking = false;
    const retry = h("button", { type: "button", onclick: () => this.#ask() }, t("lookup.retry"));
    this.#body.replaceChildren(
      h("div", { class: "failed", role: "alert" }, h("p", {}, sentence(error)), retry),
    );
  }

  /** @param {Lookup} found @param {string} given */
  #found({ number, matches, sources }, given) {
    const call = /** @type {Call} */ (this.call);
    const late = Object.values(sources).some((told) => told !== "answered");
    const shown = number.display || given;
    const where = number.kind === "public" ? countryName(number.country) : "";
    this.#number = { given, shown, where };
    if (number.kind === "withheld" && !matches.length) {
      this.#who(t("caller.withheld"), t("caller.withheld"), "");
      return this.#body.replaceChildren(h("p", { class: "note" }, t("caller.withheldNote")));
    }
    if (matches.length === 1) return this.#card(matches[0].contact, matches[0].how, late);
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
      this.#body.replaceChildren(
        h("p", { class: "note" }, late ? t("lookup.partly") : t("caller.unknown")),
        form,
      );
    }
  }

  /** @param {Match} match */
  #choose({ contact, how }) {
    tell(this, "contact", contact);
    this.#card(contact, how);
    this.#title.focus();
  }

  /** @param {Contact} contact @param {Match["how"] | ""} how @param {boolean} [late] */
  #card(contact, how, late = false) {
    this.contact = contact;
    const { name, company } = contact;
    const who = name || company;
    this.#who(
      how === "suffix" ? t("caller.perhaps", { who }) : who,
      own(name || company),
      this.#number.where,
      name && company ? own(company) : "",
      this.#number.shown ? phone(this.#number.shown) : "",
    );
    const card = new ContactCardElement();
    card.show(contact, how);
    this.#body.replaceChildren(
      late ? h("p", { class: "note warning" }, t("lookup.partly")) : "",
      card,
    );
  }

  /** @param {string} title for the ear @param {Node} shown for the eye @param {...(Node | string)} rest */
  #who(title, shown, ...rest) {
    this.#title.replaceChildren(shown);
    const parts = [...rest.slice(1), rest[0]].filter(Boolean);
    this.#about.replaceChildren(
      ...parts.flatMap((part, place) => (place ? [" · ", part] : [part])),
    );
    if (!title) return;
    this.who = [
      title,
      ...parts.map((part) => (part instanceof Node ? (part.textContent ?? "") : part)),
    ].join(", ");
    tell(this, "named");
  }

  /** @param {string} text */
  #say(text) {
    this.#body.replaceChildren(h("p", { class: "looking", role: "status" }, text));
  }

  // ---- what a button opens

  /** @type {CallTargetsElement | null} */
  #targets = null;

  /** The ways of handing the call on that Finesse allows. @returns {("consult" | "transfer")[]} */
  get #passing() {
    return /** @type {("consult" | "transfer")[]} */ (["consult", "transfer"]).filter((action) =>
      this.call?.actions.includes(action),
    );
  }

  /** @param {Drawer | ""} drawer @param {Action[]} actions */
  #offers(drawer, actions) {
    if (drawer === "targets") return actions.includes("consult") || actions.includes("transfer");
    return drawer === "keypad"
      ? actions.includes("dtmf")
      : drawer !== "callback" || actions.includes("callback");
  }

  /** Open `drawer`, or close it if it is. @param {Drawer | ""} drawer */
  #toggle(drawer) {
    const was = this.#drawer.contains(document.activeElement);
    this.#open = drawer === this.#open ? "" : drawer;
    this.#drawer.hidden = !this.#open;
    this.#targets = this.#open === "targets" ? new CallTargetsElement() : null;
    /** @type {HTMLElement | null} */
    const shown =
      this.#targets ??
      (this.#open === "keypad" ? new CallKeypadElement() : this.#open ? this.#scheduling() : null);
    this.#drawer.replaceChildren(...(shown ? [shown] : []));
    this.#targets?.show(this.#passing);
    if (shown) shown.focus();
    else if (was) this.#title.focus();
    if (this.call && drawer) tell(this, "redraw");
  }

  /** When the dialer shall call the customer again. */
  #scheduling() {
    const id = uniqueId("at");
    const at = h("input", { id, type: "datetime-local" });
    const form = h(
      "form",
      { class: "row" },
      h("label", { for: id }, t("callback.when")),
      at,
      h("button", {}, t("callback.save")),
    );
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      if (at.value)
        tell(this, "order", { action: "callback", sent: { at: at.value.slice(0, 16) } });
    });
    form.focus = () => at.focus();
    return form;
  }

  /** Whom a callback from this call would be for. */
  get caller() {
    const { contact } = this;
    return {
      number: this.#number.given || this.call?.number || "",
      shown: this.#number.shown,
      name: contact ? contact.name || contact.company : "",
      contact: contact ? `${contact.source}/${contact.id}` : "",
    };
  }
}

customElements.define("call-panel", CallPanelElement);
