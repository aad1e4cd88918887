// <callcard-app>: the gadget's page. Wires the desktop's events, the calls' model, the elements and
// the service together.

import { api, serviceStatus } from "../shared/api.js";
import { CallActions } from "../shared/call-actions.js";
import { CallsModel } from "../shared/calls-model.js";
import { Commands } from "../shared/commands.js";
import { desktop } from "../shared/desktop.js";
import { every, h, listen, lockPresses } from "../shared/dom.js";
import { CallcardElement } from "../shared/element.js";
import { afterPress, followPresses } from "../shared/press.js";
import { HEARTBEAT_MS } from "../shared/reporter.js";
import { t } from "../shared/texts.js";
import { UnfinishedCalls } from "../shared/unfinished-calls.js";
import { AgentStateElement } from "./agent-state.js";
import { Agent } from "./agent.js";
import { AppInfoElement } from "./app-info.js";
import { arrangeFor } from "./app-layout.js";
import { AppNoticesElement } from "./app-notices.js";
import { AsideControl } from "./aside-control.js";
import { Attention } from "./attention.js";
import { CallTabsElement } from "./call-tabs.js";
import { CallerControl } from "./caller-control.js";
import { CoachingPlace } from "./coaching-place.js";
import { Connection } from "./connection.js";
import { ContactSearchElement } from "./contact-search.js";
import { DialControl } from "./dial-control.js";
import { NotesDrafts } from "./drafts.js";
import { defineElements } from "./elements.js";
import { loadLater, scheduleLater, startCallView } from "./load-later.js";
import { StateControl } from "./state-control.js";
import { tabName } from "./tab-name.js";

/** Milliseconds between reads of where a consult's customer is. */
const CONSULTS_MS = 4000;
/** Milliseconds between reads of the callbacks and the parked calls. */
const LISTS_MS = 60_000;
/** Milliseconds after a call until its callback may be done. */
const CALLBACK_DONE_MS = 2000;

class CallcardAppElement extends CallcardElement {
  static tag = "callcard-app";

  #unfinished = new UnfinishedCalls(localStorage, desktop.agentId);
  #drafts = new NotesDrafts(localStorage, desktop.agentId, tabName());
  #model = new CallsModel({
    api,
    agentId: desktop.agentId,
    tab: tabName(),
    storage: localStorage,
    drafts: this.#drafts,
    unfinished: this.#unfinished,
    now: () => desktop.now,
  });
  #commands = new Commands({
    api,
    agentId: desktop.agentId,
    sendDirectly: (id, action) => desktop.command(id, this.#agent.user?.extension ?? "", action),
    isServiceDown: () => serviceStatus.isDown,
    onChange: () => this.#show(),
  });
  #actions = new CallActions(this.#model, this.#commands);
  #state = new AgentStateElement();
  #search = new ContactSearchElement();
  #notices = new AppNoticesElement();
  #attention = new Attention();
  #tabs = new CallTabsElement();
  /** Defined later, as the next two. @type {import("./app-aside.js").LaterAside} */
  #aside = document.createElement("app-aside");
  #callbacks = document.createElement("callback-list");
  #parked = document.createElement("parked-list");
  /** @type {Agent} */
  #agent = new Agent(this.#commands, this.#state, this.#parked);
  #info = new AppInfoElement(this.#agent);
  #idle = h("p", { class: "idle" }, t("idle"));
  /** @type {import("./app-parts.d.ts").AppParts} */
  #parts = {
    model: this.#model,
    commands: this.#commands,
    actions: this.#actions,
    agent: this.#agent,
    search: this.#search,
    notices: this.#notices,
    tabs: this.#tabs,
    aside: this.#aside,
    show: () => this.#show(),
  };
  #coaching = new CoachingPlace(this.signal, () => lockPresses(this.#tabs));
  #connection = new Connection(this.#parts, {
    onMonitored: (isMonitored) => this.#coaching.follow(isMonitored),
    onReady: () => void this.#restoreCalls().catch(console.error),
  });
  #asideControl = new AsideControl(this.#parts);
  #callerControl = new CallerControl(this.#parts);
  #dialControl = new DialControl(this.#parts, this.#connection);
  #stateControl = new StateControl(this.#parts);

  build() {
    const bar = h("div", { class: "bar" }, this.#state, this.#search, this.#info.button);
    // Below the call: what is opened there must not push the call's buttons away.
    const calls = [this.#tabs, this.#aside, this.#idle];
    this.append(bar, this.#info, this.#notices, this.#attention.element);
    this.append(this.#coaching.element, ...calls, this.#callbacks, this.#parked);
    this.#notices.onShift = this.#search.onUncover = () => lockPresses(this.#tabs);
  }

  connectedCallback() {
    super.connectedCallback();
    document.documentElement.lang = desktop.language;
    document.documentElement.dir = document.body.dir || "ltr";
    document.title = t("title");
    desktop.fitHeight(this, this.signal);
    this.#handleEvents();
    every(1000, () => this.#tick(), this.signal);
    every(HEARTBEAT_MS, () => this.#model.heartbeat(), this.signal);
    every(CONSULTS_MS, () => this.#model.readConsults(), this.signal);
    every(LISTS_MS, () => this.#readLists(), this.signal);
    this.#connection.follow(this.signal);
    const showCalls = (/** @type {typeof import("./call-view.js")} */ { CallPanelElement }) => {
      this.#tabs.createPanel = () => new CallPanelElement();
      this.#notices.setMessage("");
      this.#show();
    };
    startCallView(showCalls, () => this.#notices.setMessage(t("error.load")));
    scheduleLater((later) => later.start(this.#parts, this.#callbacks, this.signal));
    // Notes survive a reload; a form does not: the browser asks.
    const ask = (/** @type {Event} */ event) =>
      this.#stateControl.hasOpenForm && event.preventDefault();
    window.addEventListener("beforeunload", ask, { signal: this.signal });
    window.addEventListener("pagehide", () => this.#drafts.leave(), { signal: this.signal });
    void desktop.followWorkflows(
      (params) => void this.#runWorkflow(params).catch(console.error),
      this.signal,
    );
  }

  #readLists() {
    this.#agent.readLists();
    this.#coaching.check();
  }

  #tick() {
    this.#tabs.tick();
    this.#state.tick(desktop.now);
    // The last call stays in view, even if the time for its notes is over.
    if (this.#model.calls.size > 1) this.#model.closeDone();
    const { callbacks } = this.#agent;
    for (const callback of callbacks?.takeDue(desktop.now, this.#model.running) ?? [])
      this.#attention.remind(t("callback.due", { who: callback.name || callback.display }));
    this.#showTitle();
  }

  #showTitle() {
    const { running } = this.#model;
    const overdue = this.#agent.callbacks?.overdue(desktop.now, running) ?? "";
    this.#attention.showTitle(running, overdue);
  }

  #handleEvents() {
    const model = this.#model;
    const actions = this.#actions;
    const unsubscribe = model.subscribe((change) => afterPress(() => this.#onChange(change)));
    this.signal.addEventListener("abort", unsubscribe);
    /** @type {import("../shared/events.d.ts").EventHandlers} */
    const handlers = {
      ...this.#asideControl.handlers,
      ...this.#callerControl.handlers,
      ...this.#dialControl.handlers,
      ...this.#stateControl.handlers,
      "callcard-call-closed": ({ callId, isReady }) => this.#closeCall(callId, isReady),
      "callcard-call-command": (command) => actions.run(command),
      "callcard-call-selected": () => this.#showAnotherCall(),
      "callcard-callback-status": ({ id, status }) => this.#agent.callbacks?.setStatus(id, status),
      "callcard-delivery-retry": ({ id }) => api.retryDelivery(id),
      "callcard-lookup-retried": ({ callId }) => this.#retryLookup(callId),
      "callcard-notes-edited": ({ callId, text }) => model.calls.get(callId)?.notes.edit(text),
      "callcard-notes-left": ({ callId }) => model.calls.get(callId)?.notes.save(),
      "callcard-target-search": ({ text, signal, kinds }) =>
        api.transferTargets(text, signal, kinds),
      "callcard-variable-edited": async ({ callId, name, value }) =>
        (await loadLater()).writeVariable(model, this.#commands, callId, name, value),
      "callcard-wrap-up-chosen": ({ callId, reasons }) => actions.chooseWrapUp(callId, reasons),
    };
    listen(this, handlers, this.signal);
  }

  /** @param {import("../shared/calls-model.js").Change} change */
  #onChange(change) {
    const { type, state } = change;
    if (type === "opened") {
      this.#aside.close?.();
      this.#info.close();
      this.#tabs.open(state);
    }
    if (type === "closed") {
      this.#tabs.close(state.id);
      this.#aside.leaveCall?.(state.id);
    }
    if (type === "caller") this.#aside.follow?.(state);
    if (type === "answered") this.#notices.setMessage("");
    if (type === "ended") {
      this.#notices.setMessage("");
      this.#agent.callbacks?.finishReached(state);
      setTimeout(() => void this.#agent.callbacks?.read(), CALLBACK_DONE_MS);
    }
    this.#attention.follow(change);
    this.#coaching.observe(state.acknowledgement);
    this.#show();
  }

  /** Show the calls as the model has them. */
  #show() {
    afterPress(() => this.#draw());
  }

  #draw() {
    const { pending, isBusy } = this.#commands;
    const { wrapUpReasons, writableSources, platform, labels } = this.#agent;
    const { calls, running } = this.#model;
    this.#agent.callbacks?.noteOn(calls.values());
    this.#tabs.show([...calls.values()], ({ id, call }) => ({
      pending: pending?.shownOn === id ? pending.action : "",
      isBusy,
      isServiceDown: serviceStatus.isDown,
      heldCallActions: call.phase === "talking" ? this.#actions.heldCallActions : [],
      running,
      wrapUpReasons,
      writableSources,
      platform,
      labels,
      canBeReady: !running.length && this.#agent.user?.state !== "READY",
    }));
    this.#attention.bringToFront = this.#agent.bringToFront;
    this.#showTitle();
    const shown = this.#model.calls.get(this.#tabs.selected);
    arrangeFor(this, this.#search, running, shown);
    this.#search.setOnCall(this.#tabs.offersTargets);
    this.#search.numberSources = writableSources?.numbers;
    this.#search.setInFront(shown?.mayGetContact ? shown.id : "");
    this.#idle.hidden = calls.size > 0 || Boolean(this.#aside.isOpen);
    this.#callbacks.hidden = running.length > 0;
    this.#parked.hidden = running.length > 0;
  }

  /** @param {string} callId @param {boolean} isReady */
  async #closeCall(callId, isReady) {
    if (!(await this.#actions.finish(callId, !isReady))) return;
    // Once it is seen which card is in front now.
    afterPress(() => this.#tabs.focusCall() || this.#search.placeFocus());
    if (isReady) void this.#agent.setState("READY", null);
  }

  /** What was found was offered as the caller of the call that was in front. */
  #showAnotherCall() {
    this.#search.clear();
    this.#aside.close?.();
    this.#show();
  }

  /** @param {string} callId */
  #retryLookup(callId) {
    this.#model.retryLookup(callId);
    void this.#restoreCalls().catch(console.error); // of a call that is over
  }

  /** Bring back the ended calls that were not finished when the page was left. */
  async #restoreCalls() {
    if (!this.#unfinished.all.length) return;
    const { restoreCalls } = await loadLater();
    await restoreCalls(this.#model, this.#unfinished, api);
  }

  /** @param {Record<string, string>} params of an action, with Finesse's variables filled in */
  async #runWorkflow(params) {
    const { runWorkflow } = await loadLater();
    await runWorkflow(params, this.#parts, this.#asideControl, this.#dialControl);
  }
}

followPresses();
defineElements();
CallcardAppElement.define();
