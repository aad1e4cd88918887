// <callcard-app>: the gadget. Brings the desktop's events to the elements, and what the agent does to the service.

import { api } from "../shared/api.js";
import { desktop } from "../shared/desktop.js";
import { h, own } from "../shared/dom.js";
import { t } from "../shared/texts.js";
import { AgentStateElement } from "./agent-state.js";
import { kept, readCall, readSeen } from "./call.js";
import { CallPanelElement } from "./call-panel.js";
import { CallTabsElement } from "./call-tabs.js";
import { CallbackFormElement } from "./callback-form.js";
import { CallbackListElement } from "./callback-list.js";
import { ContactCardElement } from "./contact-card.js";
import { ContactSearchElement } from "./contact-search.js";
import { outcomeSentence, sentence } from "./failures.js";
import { Orders } from "./orders.js";
import { ParkedListElement } from "./parked-list.js";
import { REPEAT, Reports } from "./reports.js";
import { Telephone } from "./telephone.js";
import { perform } from "./workflows.js";

/** @typedef {import("./call.js").Action} Action */
/** @typedef {import("./call.js").Call} Call */
/** @typedef {import("./call.js").Sent} Sent */
/** @typedef {import("../shared/types.d.ts").Contact} Contact */
/** @typedef {import("../shared/types.d.ts").DialogData} DialogData */
/** @typedef {import("../shared/types.d.ts").Told} Told */
/** @typedef {import("../shared/types.d.ts").UserData} UserData */

/** Milliseconds between looks for callbacks and for what the CRM does not take. */
const LOOK = 60_000;

class CallcardAppElement extends HTMLElement {
  #orders = new Orders();
  #telephone = new Telephone(this.#orders, () => this.#redraw());
  #state = new AgentStateElement();
  #search = new ContactSearchElement();
  #connection = h("div", { class: "notice", role: "alert", hidden: true });
  /** What came of dialling: gone with the next event. */
  #notice = h("div", { class: "notice", role: "alert", hidden: true });
  /** What a screen reader hears: who calls. */
  #spoken = h("div", { class: "hidden", "aria-live": "assertive" });
  #calls = new CallTabsElement();
  #idle = h("p", { class: "idle" }, t("idle"));
  #picked = h("div", { class: "picked" });
  #callbacks = new CallbackListElement();
  #parked = new ParkedListElement();
  #reports = new Reports(
    (seen, lookup) => api.tell(seen, lookup),
    (id, told, error) => this.#told(id, told, error),
    localStorage,
    desktop.agentId,
    tab(),
  );
  /** @type {string[]} */
  #reasons = [];
  /** @type {"ucce" | "uccx"} */
  #platform = "ucce";
  /** @type {UserData} */
  #user = {};
  #heard = false;

  connectedCallback() {
    document.documentElement.lang = desktop.language;
    document.documentElement.dir = document.body.dir || "ltr";
    document.title = t("title");
    desktop.setTitle(document.title);
    this.append(
      h("div", { class: "bar" }, this.#state, this.#search),
      this.#connection,
      this.#notice,
      this.#spoken,
      this.#picked,
      this.#calls,
      this.#idle,
      this.#callbacks,
      this.#parked,
    );
    this.addEventListener(
      "state",
      (event) => void this.#setState(/** @type {CustomEvent} */ (event).detail),
    );
    this.addEventListener(
      "dial",
      (event) => void this.#dial(/** @type {CustomEvent<string>} */ (event).detail),
    );
    this.addEventListener(
      "order",
      (event) => void this.#order(event.target, /** @type {CustomEvent} */ (event).detail),
    );
    this.addEventListener("redraw", () => this.#redraw());
    this.addEventListener("wanted", (event) => {
      if (event.target instanceof CallPanelElement) this.#report(event.target.call?.id ?? "", true);
    });
    this.addEventListener(
      "contact",
      (event) =>
        void this.#choose(event.target, /** @type {CustomEvent<Contact>} */ (event).detail),
    );
    this.addEventListener(
      "reasons",
      (event) =>
        void this.#wrapUp(event.target, /** @type {CustomEvent<string[]>} */ (event).detail),
    );
    this.addEventListener(
      "callback",
      (event) => void this.#callBack(/** @type {CustomEvent} */ (event).detail),
    );
    this.addEventListener("later", (event) => this.#later(/** @type {CustomEvent} */ (event)));
    this.addEventListener("arranged", () => this.#arranged());
    this.addEventListener("named", (event) => this.#named(event.target));
    this.addEventListener("done", (event) => void this.#putAway(event.target));
    this.addEventListener("picked", (event) =>
      this.#pick(/** @type {CustomEvent<Contact>} */ (event).detail),
    );
    setInterval(() => this.#calls.panels.forEach((panel) => panel.tick()), 1000);
    setInterval(() => this.#reports.again(), REPEAT);
    setInterval(() => this.#look(), LOOK);
    desktop.fit(this);
    this.#lost(t("connecting"));
    desktop
      .follow({
        agent: (user) => this.#agent(user),
        calls: (dialogs) => this.#show(dialogs),
        ended: (dialog) => this.#end(dialog),
        refused: (refusal) => this.#orders.refuse(refusal),
        answered: (requestId) => this.#telephone.answered(requestId),
        connected: (now) =>
          this.#lost(now ? (this.#heard ? "" : t("connecting")) : t("connection.lost")),
        failed: () => this.#lost(t("connection.failed"), () => location.reload()),
      })
      .catch(() => this.#lost(t("connection.failed"), () => location.reload()))
      .finally(desktop.dismissLoading);
    const actions = {
      note: (/** @type {string} */ line) => this.#calls.current?.notes.addLine(line),
      search: (/** @type {string} */ text) => this.#search.find(text),
      dial: (/** @type {string} */ number) => void this.#dial(number),
      callback: () => this.#calls.current && this.#schedule(this.#calls.current.caller),
    };
    void desktop.followWorkflows((params) => perform(params, actions));
  }

  #look() {
    void this.#callbacks.read();
    void this.#parked.read();
  }

  async #readReasons() {
    try {
      const me = await api.me();
      this.#state.offer(me.not_ready_reasons, me.sign_out_reasons);
      this.#callbacks.offer(me.not_ready_reasons);
      [this.#reasons, this.#platform] = [me.wrap_up_reasons, me.platform];
      for (const panel of this.#calls.panels.values()) panel.offer(this.#reasons, this.#platform);
      this.#look();
    } catch {
      setTimeout(() => void this.#readReasons(), 10_000); // states without reasons meanwhile
    }
  }

  /** @param {UserData} user */
  #agent(user) {
    if (!this.#heard) {
      this.#lost("");
      void this.#readReasons();
    }
    this.#heard = true;
    if (
      user.state !== this.#user.state ||
      user.reasonCodeId !== this.#user.reasonCodeId ||
      user.pendingState
    )
      this.#orders.confirm("state");
    this.#user = user;
    this.#reports.agent(user.state ?? "", user.stateChangeTime ?? "");
    this.#state.show(user, this.#orders.isOpen("state"));
  }

  /** @type {Map<string, DialogData>} the calls that are on */
  #dialogs = new Map();
  /** @type {Set<string>} calls whose caller was asked for */
  #wanted = new Set();

  /** @param {DialogData[]} dialogs every call the agent has */
  #show(dialogs) {
    this.#dialogs = new Map(dialogs.map((dialog) => [dialog.id, dialog]));
    for (const dialog of dialogs) {
      const call = readCall(dialog, this.#user.extension ?? "");
      this.#telephone.see(call, !this.#calls.panels.has(call.id));
      this.#panel(call.id).call = call;
    }
    this.#redraw();
    for (const id of this.#dialogs.keys()) this.#report(id);
    this.#calls.arrange();
  }

  /** Every panel as its call is now; a consult offers what can be done with the call behind it, which is on hold. */
  #redraw() {
    const calls = [...this.#calls.panels.values()].flatMap((panel) => panel.call ?? []);
    /** @type {("complete-transfer" | "conference")[]} */
    const joining = ["complete-transfer", "conference"];
    const lent = calls.flatMap(({ id, actions, phase }) =>
      phase === "held"
        ? joining
            .filter((action) => actions.includes(action))
            .map((action) => ({ action, call: id }))
        : [],
    );
    const { pending } = this.#telephone;
    for (const panel of this.#calls.panels.values()) {
      if (!panel.call) continue;
      const shown = pending?.shown === panel.call.id ? pending.action : "";
      panel.show(panel.call, shown, pending !== null, panel.call.phase === "talking" ? lent : []);
    }
  }

  /** Tell the service's log of a call. @param {string} id @param {boolean} [lookup] */
  #report(id, lookup = false) {
    const dialog = this.#dialogs.get(id);
    if (lookup) this.#wanted.add(id);
    if (dialog) this.#reports.see(readSeen(dialog, false), lookup);
  }

  /** @param {string} id @param {Told | null} told @param {unknown} error */
  #told(id, told, error) {
    const panel = this.#calls.panels.get(id);
    if (!panel) return;
    const shown = this.#dialogs.get(id);
    if (told?.gone && shown) this.#end(shown); // an event was lost
    if (told) {
      panel.told(told, desktop.agentId);
      panel.offer(this.#reasons, this.#platform);
    } else panel.unanswered(error);
  }

  /** The panel of a call. @param {string} id */
  #panel(id) {
    const known = this.#calls.panels.get(id);
    if (known) return known;
    for (const [old, { call, unsaved }] of this.#calls.panels)
      if (call?.phase === "ended" && !unsaved) this.#close(old);
    const panel = this.#calls.open(id);
    panel.offer(this.#reasons, this.#platform);
    this.#picked.replaceChildren();
    return panel;
  }

  /** A call that is over stays in view until the next one: there may be something left to read, to write or to save.
   * @param {DialogData} dialog */
  #end(dialog) {
    const { id } = dialog;
    const last = this.#dialogs.get(id);
    this.#telephone.ended(id);
    this.#say("");
    // Finesse's last word may hold less than the one before; what the call was is known from that.
    this.#reports.see(readSeen(dialog.participants ? dialog : { ...last, ...dialog }, true));
    this.#dialogs.delete(id);
    const panel = this.#calls.panels.get(id);
    if (!panel?.call) return;
    const running = [...this.#calls.panels.values()].find(
      ({ call }) => call && call.id !== id && call.phase !== "ended",
    );
    panel.call = { ...panel.call, phase: "ended", actions: [] };
    if (running?.call && !panel.unsaved) this.#close(id, running.call.id);
    this.#redraw();
    this.#calls.arrange();
    setTimeout(() => void this.#callbacks.read(), 2000);
  }

  /** @param {string} id @param {string} [next] */
  #close(id, next) {
    this.#calls.close(id, next);
    this.#reports.forget(id);
  }

  #arranged() {
    const { panels } = this.#calls;
    this.#idle.hidden = panels.size > 0 || this.#picked.childElementCount > 0;
    const busy = [...panels.values()].some(({ call }) => call && call.phase !== "ended");
    this.#callbacks.hidden = this.#parked.hidden = busy;
  }

  /** @param {EventTarget | null} target */
  #named(target) {
    if (!(target instanceof CallPanelElement) || !target.call) return;
    if (target.call.phase === "ringing" && target.call.direction === "in")
      this.#spoken.textContent = t("caller.announced", { who: target.who });
    this.#calls.arrange();
  }

  /** @param {EventTarget | null} target @param {{action: Action, sent?: Sent, call?: string}} told `call` is another than the panel's own */
  async #order(target, told) {
    const panel = target instanceof Element ? target.closest("call-panel") : null;
    if (!(panel instanceof CallPanelElement) || !panel.call) return;
    const [[name, value] = ["", ""]] = Object.entries(told.sent?.variables ?? {});
    const given = this.#telephone.order(panel.call.id, told);
    if (!given) {
      if (name) panel.sayData(name, value, t("error.busy"), true);
      return;
    }
    panel.fail("");
    if (name) panel.sayData(name, value, t("variables.saving"));
    const failed = await given;
    if (name) this.#sayWritten(panel, name, value, failed);
    else if (panel.isConnected) panel.fail(failed);
  }

  /** A value counts as saved when the call shows it, and what is shown of it is told. @param {CallPanelElement} panel @param {string} name
   * @param {string} value @param {string} failed */
  #sayWritten(panel, name, value, failed) {
    const shows = panel.call ? kept(panel.call, name, value) : null;
    if (failed) panel.sayData(name, value, failed, true);
    else if (shows === null) panel.sayData(name, value, t("variables.unchanged"), true);
    else if (shows !== value)
      panel.sayData(name, value, t("variables.cut", { value: shows }), true);
    else panel.sayData(name, value, t("variables.saved"));
  }

  /** Whose call it is, chosen or created by the agent. @param {EventTarget | null} target @param {Contact} contact */
  async #choose(target, contact) {
    const panel = target instanceof Element ? target.closest("call-panel") : null;
    const interaction = panel instanceof CallPanelElement ? panel.notes.interaction : null;
    if (!interaction || !(panel instanceof CallPanelElement)) return;
    try {
      panel.notes.show(
        await api.change(interaction.id, { contact: { source: contact.source, id: contact.id } }),
        desktop.agentId,
      );
    } catch (error) {
      panel.fail(sentence(error));
    }
  }

  /** Wrap-up reasons: into Finesse while it has the call, and into the log. @param {EventTarget | null} target @param {string[]} reasons */
  async #wrapUp(target, reasons) {
    const panel = target instanceof Element ? target.closest("call-panel") : null;
    if (!(panel instanceof CallPanelElement) || !panel.notes.interaction) return;
    const { id } = panel.notes.interaction;
    if (reasons.length && panel.call?.actions.includes("wrap-up"))
      await this.#order(panel, { action: "wrap-up", sent: { reasons } });
    try {
      panel.notes.show(await api.change(id, { reasons }), desktop.agentId);
      panel.notes.say(t("notes.saved"));
    } catch (error) {
      panel.notes.say(sentence(error), true);
    }
  }

  /** The agent is done with a call that is over: what they wrote is brought to the service first. @param {EventTarget | null} target */
  async #putAway(target) {
    if (!(target instanceof CallPanelElement)) return;
    const { notes } = target;
    if (notes.lacksReason) return notes.say(t("reason.missing"), true);
    await notes.save();
    if (notes.unsaved) return; // it says why, and tries again
    // Should this not arrive, the time for notes ends by itself.
    if (notes.interaction)
      void api.change(notes.interaction.id, { finished: true }).catch(() => {});
    this.#close(target.call?.id ?? "");
    this.#calls.arrange();
    this.#search.focus();
  }

  // ---- calling later

  /** `later` is fired by whom it is about, and by the form when it is saved. @param {CustomEvent} event */
  #later(event) {
    if (event.target instanceof CallbackFormElement) {
      this.#picked.replaceChildren();
      this.#say(t("callback.saved"));
      this.#calls.arrange();
      void this.#callbacks.read();
    } else {
      const panel = event.target instanceof Element ? event.target.closest("call-panel") : null;
      this.#schedule(
        event.detail ??
          (panel instanceof CallPanelElement
            ? panel.caller
            : { number: "", shown: "", name: "", contact: "" }),
      );
    }
  }

  /** @param {{number: string, shown: string, name: string, contact: string}} whom */
  #schedule(whom) {
    const form = new CallbackFormElement();
    form.addEventListener("left", () => (this.#picked.replaceChildren(), this.#calls.arrange()));
    this.#picked.replaceChildren(form);
    form.show(whom);
    this.#calls.arrange();
  }

  /** @param {{id: string, reason: string}} told */
  async #callBack({ id, reason }) {
    if (!this.#telephone.isSettled) return;
    if (this.#telephone.isBusy) return this.#callbacks.fail(t("error.busy"));
    this.#callbacks.fail("");
    this.#callbacks.fail(await this.#telephone.dial(() => api.dialCallback(id, reason)));
    void this.#callbacks.read();
  }

  /** @param {string} number */
  async #dial(number) {
    if (!this.#telephone.isSettled) return;
    if (this.#telephone.isBusy) return this.#say(t("error.busy"));
    this.#search.dialling(true);
    this.#say(t("dial.dialling", { number }));
    const failed = await this.#telephone.dial(() => api.dial(number));
    this.#say(failed);
    if (!failed) this.#search.clear();
    this.#search.dialling(false);
  }

  /** @param {{state: string, reason: string | null}} wanted */
  async #setState({ state, reason }) {
    const given = this.#orders.give("state", `/finesse/api/User/${desktop.agentId}`, () =>
      api.setState(state, reason),
    );
    if (!given) return this.#state.show(this.#user, true);
    this.#state.fail("");
    this.#state.show({ ...this.#user, state, reasonCodeId: reason }, true);
    this.#state.fail(await given.then(outcomeSentence, sentence));
    this.#state.show(this.#user, false);
  }

  /** A contact found by searching, without a call. @param {Contact} contact */
  #pick(contact) {
    const card = new ContactCardElement();
    card.show(contact);
    const close = () => (
      this.#picked.replaceChildren(),
      this.#calls.arrange(),
      this.#search.focus()
    );
    this.#picked.replaceChildren(
      h(
        "header",
        {},
        h("h2", { tabindex: -1 }, own(contact.name || contact.company)),
        contact.name && contact.company ? h("p", { class: "about" }, own(contact.company)) : "",
        h("button", { type: "button", onclick: close }, t("search.close")),
      ),
      card,
    );
    this.#search.clear();
    this.#calls.arrange();
    this.#picked.querySelector("h2")?.focus();
  }

  /** @param {string} text */
  #say(text) {
    this.#notice.hidden = !text;
    this.#notice.textContent = text;
  }

  /** How the line to Finesse is; empty when it is well. @param {string} text @param {() => void} [retry] */
  #lost(text, retry) {
    this.#connection.hidden = !text;
    this.#connection.replaceChildren(
      h("span", {}, text),
      retry ? h("button", { type: "button", onclick: retry }, t("lookup.retry")) : "",
    );
  }
}

/** A name for this tab of the browser, the same after a reload. */
function tab() {
  const known = sessionStorage.getItem("callcard.tab") ?? Math.random().toString(36).slice(2);
  sessionStorage.setItem("callcard.tab", known);
  return known;
}

customElements.define("callcard-app", CallcardAppElement);
