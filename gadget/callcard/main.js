// <callcard-app>: the gadget. Brings the desktop's events to the elements, and what the agent does to the service.

import { api } from "../shared/api.js";
import { desktop } from "../shared/desktop.js";
import { h, own } from "../shared/dom.js";
import { t } from "../shared/texts.js";
import { AgentStateElement } from "./agent-state.js";
import { happened, readCall } from "./call.js";
import { CallControlsElement } from "./call-controls.js";
import { CallPanelElement } from "./call-panel.js";
import { ContactCardElement } from "./contact-card.js";
import { ContactChoiceElement } from "./contact-choice.js";
import { ContactFormElement } from "./contact-form.js";
import { ContactSearchElement } from "./contact-search.js";
import { outcomeSentence, sentence } from "./failures.js";
import { Orders } from "./orders.js";

/** @typedef {import("./call.js").Action} Action */
/** @typedef {import("../shared/types.d.ts").Contact} Contact */
/** @typedef {import("../shared/types.d.ts").DialogData} DialogData */
/** @typedef {import("../shared/types.d.ts").UserData} UserData */

/** Milliseconds in which a second press is the same press. */
const DOUBLE_CLICK = 1000;

class CallcardAppElement extends HTMLElement {
  #orders = new Orders();
  #state = new AgentStateElement();
  #search = new ContactSearchElement();
  #connection = h("div", { class: "notice", role: "alert", hidden: true });
  /** What came of dialling: gone with the next event. */
  #notice = h("div", { class: "notice", role: "alert", hidden: true });
  /** What a screen reader hears: who calls. */
  #spoken = h("div", { class: "hidden", "aria-live": "assertive" });
  #tabs = h("div", { class: "tabs", role: "tablist", "aria-label": t("call.tabs") });
  #calls = h("div", { class: "calls" });
  #idle = h("p", { class: "idle" }, t("idle"));
  #picked = h("div", { class: "picked" });
  /** @type {Map<string, CallPanelElement>} by the call's id */
  #panels = new Map();
  /** @type {Map<string, Action>} the action under way, by the call's id */
  #pending = new Map();
  /** @type {UserData} */
  #user = {};
  #selected = "";
  #heard = false;
  /** When the next call may be dialled, on the page's clock. */
  #dialAgain = 0;

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
      this.#tabs,
      this.#picked,
      this.#calls,
      this.#idle,
    );
    this.addEventListener("state", (event) => void this.#setState(/** @type {CustomEvent} */ (event).detail));
    this.addEventListener("dial", (event) => void this.#dial(/** @type {CustomEvent<string>} */ (event).detail));
    this.addEventListener("order", (event) => void this.#order(event.target, /** @type {CustomEvent<Action>} */ (event).detail));
    this.addEventListener("named", (event) => this.#named(event.target));
    this.addEventListener("done", (event) => {
      if (event.target instanceof CallPanelElement) this.#close(event.target.call?.id ?? "");
      this.#selected = [...this.#panels.keys()].at(-1) ?? "";
      this.#arrange();
      this.#search.focus();
    });
    this.addEventListener("picked", (event) => this.#pick(/** @type {CustomEvent<Contact>} */ (event).detail));
    setInterval(() => this.#panels.forEach((panel) => panel.tick()), 1000);
    desktop.fit(this);
    this.#lost(t("connecting"));
    desktop
      .follow({
        agent: (user) => this.#agent(user),
        calls: (dialogs) => this.#show(dialogs),
        ended: (dialog) => this.#end(dialog.id),
        refused: (refusal) => this.#orders.refuse(refusal),
        connected: (now) => this.#lost(now ? (this.#heard ? "" : t("connecting")) : t("connection.lost")),
        failed: () => this.#lost(t("connection.failed"), () => location.reload()),
      })
      .catch(() => this.#lost(t("connection.failed"), () => location.reload()))
      .finally(desktop.dismissLoading);
  }

  async #readReasons() {
    try {
      const me = await api.me();
      this.#state.offer(me.not_ready_reasons, me.sign_out_reasons);
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
    if (user.state !== this.#user.state || user.reasonCodeId !== this.#user.reasonCodeId || user.pendingState)
      this.#orders.confirm("state");
    this.#user = user;
    this.#state.show(user, this.#orders.isOpen("state"));
  }

  /** @param {DialogData[]} dialogs every call the agent has */
  #show(dialogs) {
    for (const dialog of dialogs) {
      const call = readCall(dialog, this.#user.extension ?? "");
      const pending = this.#pending.get(call.id);
      if (pending && happened(call, pending)) this.#orders.confirm(call.id);
      if (call.direction === "out" && !this.#panels.has(call.id)) this.#orders.confirm("dial");
      const panel = this.#panel(call.id);
      panel.show(call, this.#pending.get(call.id) ?? "");
    }
    this.#arrange();
  }

  /** The panel of a call; a new call comes to the front. @param {string} id */
  #panel(id) {
    let panel = this.#panels.get(id);
    if (!panel) {
      for (const [old, { call, unsaved }] of this.#panels) if (call?.phase === "ended" && !unsaved) this.#close(old);
      // Whoever is typing goes on typing: the new call is announced, and its tab is there.
      const typing = this.#calls.contains(document.activeElement) && document.activeElement instanceof HTMLInputElement;
      panel = new CallPanelElement();
      panel.id = `call-${id}`;
      this.#panels.set(id, panel);
      this.#calls.append(panel);
      if (!typing) this.#selected = id;
      this.#picked.replaceChildren();
    }
    return panel;
  }

  /** A call that is over stays in view until the next one: there may be something left to read or to save. @param {string} id */
  #end(id) {
    this.#orders.confirm(id);
    this.#say("");
    const panel = this.#panels.get(id);
    if (!panel?.call) return;
    const running = [...this.#panels.values()].find(({ call }) => call && call.id !== id && call.phase !== "ended");
    panel.show({ ...panel.call, phase: "ended", actions: [] }, "");
    if (running?.call && !panel.unsaved) {
      this.#close(id);
      if (this.#selected === id) this.#selected = running.call.id;
    }
    this.#arrange();
  }

  /** @param {string} id */
  #close(id) {
    this.#panels.get(id)?.remove();
    this.#panels.delete(id);
    this.#pending.delete(id);
  }

  /** Tabs when there are several calls; only the selected call's panel is seen. */
  #arrange() {
    const several = this.#panels.size > 1;
    const focused = this.#tabs.contains(document.activeElement);
    this.#tabs.hidden = !several;
    this.#tabs.replaceChildren(...(several ? [...this.#panels].map(([id, panel]) => this.#tab(id, panel)) : []));
    for (const [id, panel] of this.#panels) {
      panel.hidden = several && id !== this.#selected;
      if (several) {
        panel.setAttribute("role", "tabpanel");
        panel.setAttribute("aria-labelledby", `tab-${id}`);
      } else panel.removeAttribute("role");
    }
    if (focused) /** @type {HTMLElement | null} */ (this.#tabs.querySelector("[aria-selected=true]"))?.focus();
    this.#idle.hidden = this.#panels.size > 0 || this.#picked.childElementCount > 0;
  }

  /** @param {string} id @param {CallPanelElement} panel */
  #tab(id, panel) {
    const selected = id === this.#selected;
    const select = (/** @type {string} */ other) => {
      this.#selected = other;
      this.#arrange();
    };
    const keys = (/** @type {KeyboardEvent} */ event) => {
      const ids = [...this.#panels.keys()];
      const [next, before] = document.documentElement.dir === "rtl" ? ["ArrowLeft", "ArrowRight"] : ["ArrowRight", "ArrowLeft"];
      const step = { [next]: 1, [before]: -1 }[event.key];
      if (step) select(ids[(ids.indexOf(id) + step + ids.length) % ids.length]);
    };
    return h(
      "button",
      {
        type: "button",
        role: "tab",
        dir: "auto",
        id: `tab-${id}`,
        "aria-selected": selected,
        "aria-controls": panel.id,
        tabindex: selected ? 0 : -1,
        "data-phase": panel.call?.phase,
        onclick: () => select(id),
        onkeydown: keys,
      },
      own(panel.who.split(", ")[0] || panel.call?.number || ""),
    );
  }

  /** @param {EventTarget | null} target */
  #named(target) {
    if (!(target instanceof CallPanelElement) || !target.call) return;
    if (target.call.phase === "ringing" && target.call.direction === "in")
      this.#spoken.textContent = t("caller.announced", { who: target.who });
    this.#arrange();
  }

  /** @param {EventTarget | null} target @param {Action} action */
  async #order(target, action) {
    const panel = target instanceof Element ? target.closest("call-panel") : null;
    if (!(panel instanceof CallPanelElement) || !panel.call) return;
    const { id } = panel.call;
    const given = this.#orders.give(id, `/finesse/api/Dialog/${id}`, () => api.act(id, action));
    if (!given) return;
    this.#pending.set(id, action);
    panel.fail("");
    panel.show(panel.call, action);
    try {
      panel.fail(outcomeSentence(await given));
    } catch (error) {
      panel.fail(sentence(error));
    }
    this.#pending.delete(id);
    if (panel.call) panel.show(panel.call, "");
  }

  /** @param {string} number */
  async #dial(number) {
    // The second half of a double click may come when the first has done all it can.
    if (performance.now() < this.#dialAgain) return;
    this.#dialAgain = performance.now() + DOUBLE_CLICK;
    const given = this.#orders.give("dial", `/finesse/api/User/${desktop.agentId}`, () => api.dial(number));
    if (!given) return;
    this.#search.dialling(true);
    this.#say(t("dial.dialling", { number }));
    try {
      const end = await given;
      this.#say(outcomeSentence(end));
      if (end.outcome === "confirmed") this.#search.clear();
      this.#dialAgain = performance.now() + DOUBLE_CLICK;
    } catch (error) {
      this.#say(sentence(error));
    }
    this.#search.dialling(false);
  }

  /** @param {{state: string, reason: string | null}} wanted */
  async #setState({ state, reason }) {
    const given = this.#orders.give("state", `/finesse/api/User/${desktop.agentId}`, () => api.setState(state, reason));
    if (!given) return this.#state.show(this.#user, true);
    this.#state.fail("");
    this.#state.show({ ...this.#user, state, reasonCodeId: reason }, true);
    try {
      this.#state.fail(outcomeSentence(await given));
    } catch (error) {
      this.#state.fail(sentence(error));
    }
    this.#state.show(this.#user, false);
  }

  /** A contact found by searching, without a call. @param {Contact} contact */
  #pick(contact) {
    const card = new ContactCardElement();
    card.show(contact);
    const close = () => (this.#picked.replaceChildren(), this.#arrange(), this.#search.focus());
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
    this.#arrange();
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

customElements.define("agent-state", AgentStateElement);
customElements.define("contact-search", ContactSearchElement);
customElements.define("contact-card", ContactCardElement);
customElements.define("contact-choice", ContactChoiceElement);
customElements.define("contact-form", ContactFormElement);
customElements.define("call-controls", CallControlsElement);
customElements.define("call-panel", CallPanelElement);
customElements.define("callcard-app", CallcardAppElement);
