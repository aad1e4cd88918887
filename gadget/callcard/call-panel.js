// <call-panel>: one call from ring to end: who it is with the record in brief, the buttons, and
// below them the notes, the record and the call variables. While it rings, nothing is to be written
// yet. Fires `callcard-call-closed` and `callcard-call-command`.

import { recordLink } from "../shared/contact-card.js";
import { DIRECT_ACTIONS } from "../shared/commands.js";
import { emit, h, lockPresses, setText } from "../shared/dom.js";
import { CallcardElement } from "../shared/element.js";
import { commandErrorText } from "../shared/errors.js";
import { t } from "../shared/texts.js";
import { CallBriefElement } from "./call-brief.js";
import { CallControlsElement } from "./call-controls.js";
import { CallDrawerElement } from "./call-drawer.js";
import { CallNotesElement } from "./call-notes.js";
import { slotsOf } from "./call-slots.js";
import { clockText, phaseText, queueText } from "./call-status.js";
import { CallerRecordElement } from "./caller-record.js";
import { describeCaller, situationOf } from "./caller.js";
import { flagList, listTexts } from "./contact-flags.js";

/** @typedef {import("../shared/call-state.js").CallState} CallState */
/** @typedef {import("../shared/types.d.ts").Action} Action */
/** @typedef {import("../shared/types.d.ts").WritableSources} WritableSources */
/** @typedef {import("./call-participants.js").CallParticipantsElement} CallParticipantsElement */
/** @typedef {import("./call-variables.js").CallVariablesElement} CallVariablesElement */

/**
 * What a panel needs to know beside its call.
 * @typedef {object} PanelContext
 * @property {Action | ""} pending this call's action that is awaited
 * @property {boolean} isServiceDown
 * @property {boolean} isBusy whether a command to any call is awaited
 * @property {{action: Action, callId: string}[]} heldCallActions actions of another call, for this one too
 * @property {CallState[]} running the agent's calls that are not over
 * @property {string[]} wrapUpReasons the team's
 * @property {WritableSources | undefined} writableSources undefined until it is known
 * @property {Map<string, string>} labels of the team's call variables
 * @property {import("../shared/types.d.ts").Platform} platform
 * @property {boolean} canBeReady whether the agent can be ready for the next call
 */

/** From this width on, notes stand beside the record. */
const WIDE = "(min-width: 760px)";

/** Milliseconds in which what moved up or down takes no press. */
const MOVED_LOCK_MS = 500;

export class CallPanelElement extends CallcardElement {
  static tag = "call-panel";

  /** @type {import("./caller.js").Caller | null} */
  caller = null;
  /** @type {CallState | null} */
  #state = null;
  /** @type {PanelContext | null} */
  #context = null;
  /** What the body shows. @type {unknown[]} */
  #shown = [{}];
  #phase = h("span", { class: "phase", role: "status" });
  #clock = h("span", { class: "clock", role: "timer" });
  #queue = h("span", { class: "queue" });
  #title = h("h2", { tabindex: -1 });
  #recordLink = h("span", { class: "record-link" });
  #flags = h("div", { class: "flag-row" });
  #about = h("p", { class: "about who-else" });
  #brief = new CallBriefElement();
  #situation = h("p", { class: "situation", role: "status" });
  /** Defined later. @type {CallParticipantsElement | HTMLElement} */
  #participants = document.createElement("call-participants");
  #controls = new CallControlsElement();
  /** Actions beside the usual ones that have had a button. @type {Set<Action>} */
  #extraActions = new Set();
  #close = h("button", { type: "button", class: "done" }, t("close"));
  #closeReady = h("button", { type: "button", class: "ready" }, t("call.closeReady"));
  #closing = h("p", { class: "row closing" });
  #message = h("p", { class: "error", role: "alert" });
  #drawer = new CallDrawerElement();
  #notes = new CallNotesElement();
  #body = new CallerRecordElement();
  /** Defined later. @type {CallVariablesElement | HTMLElement} */
  #variables = document.createElement("call-variables");
  #work = h("div", { class: "work" });
  /** Pixels from the top of the card, when it was last shown. @type {Map<HTMLElement, number>} */
  #tops = new Map();

  build() {
    this.#close.addEventListener("click", () =>
      emit(this, "callcard-call-closed", { callId: this.#callId, isReady: false }),
    );
    this.#closeReady.addEventListener("click", () =>
      emit(this, "callcard-call-closed", { callId: this.#callId, isReady: true }),
    );
    this.#body.className = "body";
    this.#closing.append(this.#closeReady, this.#close);
    this.#variables.className = "variables";
    const header = h(
      "header",
      {},
      h("p", { class: "status" }, this.#phase, this.#clock, this.#queue),
      h("div", { class: "name" }, this.#title, this.#recordLink),
      this.#flags,
      this.#about,
      this.#brief,
      this.#situation,
      this.#participants,
      this.#controls,
      this.#closing,
      this.#message,
    );
    this.append(header, this.#drawer, this.#work, this.#variables);
    this.#arrange();
    new ResizeObserver(() => this.#lockMoved()).observe(header);
    this.#drawer.onToggle = (hadFocus) => this.#onDrawer(hadFocus);
    this.addEventListener("callcard-drawer-toggled", ({ detail: { drawer } }) =>
      this.#drawer.toggle(drawer),
    );
    this.addEventListener("callcard-call-command", ({ detail: { params } }) => {
      if (params?.to && !this.#context?.isBusy) this.#drawer.close(); // a target was chosen
    });
    this.addEventListener("keydown", ({ key }) => {
      if (key === "Escape") this.#drawer.close();
    });
  }

  connectedCallback() {
    super.connectedCallback();
    const arrange = () => this.#arrange();
    window.matchMedia(WIDE).addEventListener("change", arrange, { signal: this.signal });
  }

  /** Put the notes below the brief, or beside the record: the focus goes in the order of reading. */
  #arrange() {
    const isWide = window.matchMedia(WIDE).matches;
    this.#work.append(...(isWide ? [this.#body, this.#notes] : [this.#notes, this.#body]));
  }

  focus() {
    this.#title.focus();
  }

  /** Let what a new line in the header has moved take no press: it was for what was there before. */
  #lockMoved() {
    for (const element of [this.#controls, this.#drawer, this.#work]) {
      if (!element.offsetParent) continue; // not shown
      const top = element.offsetTop - this.offsetTop;
      const before = this.#tops.get(element) ?? top;
      this.#tops.set(element, top);
      // While it rings, the record comes: the agent waits to answer.
      if (top !== before && this.dataset.phase !== "ringing") lockPresses(element, MOVED_LOCK_MS);
    }
  }

  /** Show a call. @param {CallState} state @param {PanelContext} context */
  show(state, context) {
    const before = this.dataset.phase;
    const { phase } = state.call;
    // The closing buttons take the place of the others; the notes come, or move up.
    if (phase === "ended" && before !== phase) {
      lockPresses(this.#closing);
      lockPresses(this.#work);
    }
    if (before === "ringing" && before !== phase) lockPresses(this.#work);
    this.#state = state;
    this.#context = context;
    const { call } = state;
    this.dataset.phase = call.phase;
    this.toggleAttribute("data-consult", call.isConsult || Boolean(call.consultant));
    setText(this.#phase, phaseText(state));
    const situation = situationOf(state, context.running);
    setText(this.#situation, situation);
    this.#queue.replaceChildren(...queueText(state));
    if ("show" in this.#participants)
      this.#participants.show(state, context.isBusy, context.isServiceDown);
    this.#showControls();
    this.#close.hidden = call.phase !== "ended";
    this.#closeReady.hidden = call.phase !== "ended" || !context.canBeReady;
    // What is not saved yet would be lost; the notes say that it is tried again.
    this.#close.disabled = this.#closeReady.disabled =
      context.isServiceDown && state.notes.isUnsaved && !state.notes.isClosed;
    const neverLogged = state.acknowledgement?.never_logged ? t("call.neverLogged") : "";
    // A preview has no notes, below which this stands otherwise.
    const isAsked = state.isPreview && state.notes.status === "contact-unsaved";
    const message =
      commandErrorText(state.failure) || (isAsked ? t("form.unsaved") : "") || neverLogged;
    setText(this.#message, message);
    this.#drawer.show(state, context);
    this.#showBody(context.writableSources);
    this.#brief.show(state, context.labels);
    this.#notes.show(state, context.wrapUpReasons, context.platform, context.writableSources);
    if ("show" in this.#variables) this.#variables.show(state, context.platform, context.labels);
    this.tick();
  }

  /** Update the clock and the time that is left for notes. */
  tick() {
    if (!this.#state) return;
    this.#clock.textContent = clockText(this.#state);
    this.#notes.tick();
  }

  get #callId() {
    return this.#state?.id ?? "";
  }

  #showControls() {
    if (!this.#state || !this.#context) return;
    const { pending, isBusy, isServiceDown, heldCallActions, running } = this.#context;
    const hadFocus = this.#controls.contains(document.activeElement);
    const slots = slotsOf(this.#state, heldCallActions, running, this.#extraActions);
    if (isServiceDown)
      for (const slot of slots) slot.isAllowed &&= Boolean(DIRECT_ACTIONS[slot.action]);
    this.#controls.show(this.#callId, slots, { pending, isBusy, drawer: this.#drawer.opened });
    if (hadFocus && !this.#controls.contains(document.activeElement)) this.#title.focus();
  }

  // ---- who it is

  /**
   * Draw the caller, when the look-up, the chosen contact or what can be added has changed.
   * @param {WritableSources | undefined} sources
   */
  #showBody(sources) {
    const state = /** @type {CallState} */ (this.#state);
    const { lookup, match } = state;
    this.caller = describeCaller(state);
    if (this.#title.textContent !== this.caller.title.textContent) {
      this.#title.replaceChildren(this.caller.title);
      this.#about.replaceChildren(...this.caller.about);
    }
    const shown = [lookup, match, sources];
    if (shown.every((each, index) => each === this.#shown[index])) return;
    this.#shown = shown;
    this.#about.replaceChildren(...this.caller.about);
    this.#flags.replaceChildren(flagList(match?.contact, listTexts(state.listWarnings)));
    this.#recordLink.replaceChildren(match ? recordLink(match.contact) : "");
    const hadFocus = this.#body.contains(document.activeElement);
    // A late answer does not take away what the agent has begun to fill in.
    this.#body.show(state, sources, state.isContactEdited && match?.how !== "chosen");
    if (hadFocus) this.#title.focus();
  }

  get offersTargets() {
    return this.#drawer.offers("targets");
  }

  /**
   * Search for a number in the transfer targets; return whether Finesse allows a consult or a
   * transfer now.
   * @param {string} number
   */
  offerTarget(number) {
    return this.#drawer.offerTarget(number);
  }

  /** A button's drawer was opened or closed. @param {boolean} hadFocus */
  #onDrawer(hadFocus) {
    if (!this.#drawer.opened) {
      lockPresses(this.#work, MOVED_LOCK_MS);
      if (hadFocus) this.#title.focus();
    }
    this.#showControls();
  }
}
