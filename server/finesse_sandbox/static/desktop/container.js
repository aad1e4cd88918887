// The gadget container's part in the desktop page: tabs, gadgets, the hub, and what gadgets and the
// vendor's library look for in the page around them.

import { setChannel } from "./channels.js";
import { GadgetFrame, createButton } from "./gadget-frame.js";
import { Hub } from "./hub.js";
import { hideDialog, showDialog } from "./overlay.js";
import { dismissPopover, showNotification, showPopover } from "./popovers.js";
import { addShortcut, listShortcuts, onKey, removeShortcuts } from "./shortcuts.js";
import { escapeXml } from "./xml.js";

/** @typedef {import("./gadget-frame.js").GadgetPlace} GadgetPlace */
/** @typedef {{id: string, label: string, columns: GadgetPlace[][]}} Tab */
/** @typedef {{page: GadgetPlace[], tabs: Tab[]}} Layout */

const TIMER_TICK_MS = 1000;
const MAX_SHOWN_ERRORS = 5;
/** The vendor's component that shows other gadgets in tabs of its own. */
const TABBED_GADGETS_SCRIPT = "/tabbedGadgets.js";
const HEADER_HEIGHT_PX = 160;
const MIN_GADGET_HEIGHT_PX = 200;

const maxAvailableHeight = () =>
  Math.max(MIN_GADGET_HEIGHT_PX, window.innerHeight - HEADER_HEIGHT_PX);

export class Container {
  /** @type {Map<string, GadgetFrame>} */
  #gadgets = new Map();
  #activeTab = "";
  #nextGadgetId = 1;
  #tickTimer = 0;
  /** The state of the connection to Finesse, which gadgets may ask for. */
  status = "connected";

  /**
   * @param {Record<string, string>} prefs @param {{lang: string, country: string}} language
   * @param {(node: string, subscribe: boolean) => Promise<string>} setNodeSubscription
   * resolves with an error message, empty if all went well
   * @param {import("./hub.js").HubSettings} [hubSettings]
   */
  constructor(prefs, language, setNodeSubscription, hubSettings = {}) {
    this.prefs = prefs;
    this.language = language;
    this.setNodeSubscription = setNodeSubscription;
    this.hub = new Hub(hubSettings, (message) => this.#showError(message));
    this.#publishToGadgets(hubSettings);
    this.#publishToLibrary();
    window.addEventListener("resize", () => this.#publishMaxAvailableHeight());
    this.hub.subscribe("finesse.info.requests", (_topic, request) => this.#onRequest(request));
    this.hub.subscribe("finesse.containerservices.requests", (_topic, request) =>
      this.#onContainerRequest(request),
    );
    this.hub.subscribe("finext.notification.popover", (_topic, message) =>
      showNotification(message),
    );
    window.addEventListener("keydown", onKey);
    const tickFrequency = TIMER_TICK_MS / 1000;
    this.#tickTimer = setInterval(() => {
      const tick = { tickFrequency, dateQueued: new Date() };
      this.hub.publish("finesse.containerservices.timerTickEvent", tick);
    }, TIMER_TICK_MS);
  }

  /** Show a layout. @param {Layout} layout @param {HTMLElement} tabs @param {HTMLElement} panels */
  fill(layout, tabs, panels) {
    const pageGadgets = layout.page.map((place) => this.#createGadget(place, false));
    panels.replaceChildren(...pageGadgets, ...layout.tabs.map((tab) => this.#createPanel(tab)));
    tabs.replaceChildren(...layout.tabs.map((tab) => this.#createTabButton(tab)));
    if (layout.tabs[0]) this.activateTab(layout.tabs[0].id);
  }

  /** @param {string} id */
  activateTab(id) {
    this.#activeTab = id;
    for (const panel of document.querySelectorAll(".tab-panel"))
      panel.toggleAttribute("hidden", panel.id !== `panel_${id}`);
    for (const tab of document.querySelectorAll("[role=tab]"))
      tab.setAttribute("aria-selected", String(tab.id === `tab_${id}`));
    this.hub.publish("finesse.containerservices.activeTab", id);
  }

  /** @param {string} id */
  reload(id) {
    removeShortcuts(id);
    this.hub.publish("finesse.containerservices.reloadGadget", { gadgetId: id });
    this.#gadgets.get(id)?.reload();
  }

  /** @param {string} status */
  setStatus(status) {
    this.status = status;
    this.hub.publish("finesse.info.connection", { status, resourceID: "desktop" });
  }

  /** Show a gadget's view and inform the gadget. @param {string} id @param {string} view */
  setView(id, view) {
    const gadget = this.#gadgets.get(id);
    if (!gadget) return;
    gadget.setView(view);
    this.hub.publish("finesse.containerservices.gadgetViewChangedEvent", {
      gadgetId: id,
      tabId: gadget.box.closest(".tab-panel")?.id.replace("panel_", "") ?? "",
      maxAvailableHeight: maxAvailableHeight(),
      view,
    });
  }

  close() {
    clearInterval(this.#tickTimer);
    window.removeEventListener("keydown", onKey);
    for (const gadget of this.#gadgets.values()) gadget.remove();
  }

  /** Offer what the gadgets' own runtime (gadgets.js) calls.
   * @param {import("./hub.js").HubSettings} hubSettings */
  #publishToGadgets(hubSettings) {
    const finesseSandbox = {
      hubDelayMs: (hubSettings.connect_delay_seconds ?? 0) * 1000,
      connectHub: (/** @type {string} */ id) =>
        this.#gadgets.get(id)?.connect(this.hub) ?? this.hub.client(id),
      setHeight: (/** @type {string} */ id, /** @type {number} */ height) =>
        this.#gadgets.get(id)?.setHeight(height),
      setTitle: (/** @type {string} */ id, /** @type {string} */ title) =>
        this.#gadgets.get(id)?.setTitle(title),
      showTitleBar: (/** @type {string} */ id) => this.#gadgets.get(id)?.showTitleBar(),
      setCollapsed: (/** @type {string} */ id, /** @type {boolean} */ isCollapsed) =>
        this.#gadgets.get(id)?.setCollapsed(isCollapsed),
      setMarked: (/** @type {string} */ id, /** @type {boolean} */ isMarked) =>
        this.#setMarked(id, isMarked),
      maxAvailableHeight,
      setPref: (
        /** @type {string} */ id,
        /** @type {string} */ name,
        /** @type {string} */ value,
      ) => this.#gadgets.get(id)?.setPref(name, value),
      setView: (/** @type {string} */ id, /** @type {string} */ view) => this.setView(id, view),
      showLoading: (/** @type {string} */ id, /** @type {number} */ timeoutSeconds) =>
        this.#gadgets.get(id)?.showLoading(timeoutSeconds),
      setLoadingTexts: (
        /** @type {string} */ id,
        /** @type {Partial<import("./gadget-frame.js").LoadingTexts>} */ texts,
      ) => this.#gadgets.get(id)?.setLoadingTexts(texts),
      dismissLoading: (/** @type {string} */ id) => this.#gadgets.get(id)?.dismissLoading(),
      setChannel,
      showPopover,
      dismissPopover,
      addShortcut,
      shortcuts: listShortcuts,
      onKey,
      reportError: (/** @type {string} */ message) => {
        if (hubSettings.show_errors) this.#showError(message);
      },
    };
    Object.assign(window, { finesseSandbox });
  }

  /** Offer what the vendor's library looks for on the desktop page. */
  #publishToLibrary() {
    window.finesse = {
      container: {
        Config: this.prefs,
        Tabs: {
          getActiveTab: () => this.#activeTab,
          activateTab: (/** @type {string} */ id) => this.activateTab(id),
        },
        Container: {
          showDialog,
          hideDialog,
          reloadGadget: (/** @type {string} */ id) => this.reload(id),
          modifyGadgetUrl: (/** @type {string} */ id, /** @type {string} */ url) =>
            this.#gadgets.get(id)?.setUrl(url),
        },
      },
    };
  }

  /** @param {any} request */
  #onContainerRequest(request) {
    if (request.type === "ActiveTabReq")
      this.hub.publish("finesse.containerservices.activeTab", this.#activeTab);
    if (request.type === "SetActiveTabReq") this.activateTab(request.data.id);
    if (request.type === "ReloadGadgetReq") this.reload(request.data.gadgetId);
  }

  /** @param {any} request */
  #onRequest(request) {
    if (request.type === "ConnectionInfoReq") {
      const status = this.status === "recovered" ? "connected" : this.status;
      const { invokeID } = request;
      this.hub.publish("finesse.info.connection", { status, resourceID: "desktop", invokeID });
    } else if (request.type === "SubscribeNodeReq") {
      void this.#changeSubscription(request, true);
    } else if (request.type === "UnsubscribeNodeReq") {
      void this.#changeSubscription(request, false);
    }
  }

  /** @param {any} request @param {boolean} subscribe */
  async #changeSubscription(request, subscribe) {
    const error = await this.setNodeSubscription(request.data.node, subscribe);
    const content = `<iq type="error"><error>${escapeXml(error)}</error></iq>`;
    this.hub.publish(
      `finesse.info.responses.${request.invokeID}`,
      error ? { subscribe: { content, object: {} } } : null,
    );
  }

  #publishMaxAvailableHeight() {
    this.hub.publish("finesse.containerservices.maxAvailableHeightChangedEvent", {
      maxAvailableHeight: maxAvailableHeight(),
    });
  }

  /** Mark the tab of a gadget that has something new, or end that.
   * @param {string} id @param {boolean} isMarked */
  #setMarked(id, isMarked) {
    const panel = this.#gadgets.get(id)?.box.closest(".tab-panel");
    const tab = document.getElementById(panel?.id.replace("panel_", "tab_") ?? "");
    tab?.classList.toggle("marked", isMarked);
  }

  /** Show an error of a gadget to its developer. @param {string} message */
  #showError(message) {
    const errors = /** @type {HTMLElement} */ (document.querySelector("#gadget-errors"));
    const line = document.createElement("p");
    line.textContent = message;
    errors.prepend(line);
    while (errors.childElementCount > MAX_SHOWN_ERRORS) errors.lastElementChild?.remove();
  }

  /** @param {Tab} tab */
  #createTabButton(tab) {
    const button = document.createElement("button");
    button.type = "button";
    button.id = `tab_${tab.id}`;
    button.textContent = tab.label;
    button.setAttribute("role", "tab");
    button.setAttribute("aria-controls", `panel_${tab.id}`);
    button.addEventListener("click", () => this.activateTab(tab.id));
    return button;
  }

  /** @param {Tab} tab */
  #createPanel(tab) {
    const panel = document.createElement("div");
    panel.className = "tab-panel";
    panel.id = `panel_${tab.id}`;
    panel.setAttribute("role", "tabpanel");
    panel.setAttribute("aria-labelledby", `tab_${tab.id}`);
    panel.append(...tab.columns.map((places) => this.#createColumn(places)));
    return panel;
  }

  /** @param {GadgetPlace[]} places */
  #createColumn(places) {
    const column = document.createElement("div");
    column.className = "column";
    for (const place of places) {
      if (place.managed_by) continue; // shown by the gadget that manages it
      const isTabbed = place.url.endsWith(TABBED_GADGETS_SCRIPT);
      column.append(
        isTabbed ? this.#createTabbedGadgets(places, place) : this.#createGadget(place, true),
      );
    }
    return column;
  }

  /** Create the vendor's container of several gadgets, of which one is visible.
   * @param {GadgetPlace[]} places @param {GadgetPlace} manager */
  #createTabbedGadgets(places, manager) {
    const managed = places
      .filter((place) => place.managed_by === manager.id)
      .map((place) => this.#createGadget(place, true));
    const show = (/** @type {HTMLElement | undefined} */ visible) => {
      for (const gadget of managed) gadget.hidden = gadget !== visible;
    };
    const bar = document.createElement("nav");
    for (const gadget of managed) {
      const label = gadget.querySelector("h2")?.textContent ?? "";
      bar.append(createButton(label, label, () => show(gadget)));
    }
    show(managed[0]);
    const box = document.createElement("section");
    box.className = "tabbed";
    box.append(bar, ...managed);
    return box;
  }

  /** @param {GadgetPlace} place @param {boolean} hasTitleBar */
  #createGadget(place, hasTitleBar) {
    const id = String(this.#nextGadgetId++);
    const gadget = new GadgetFrame(id, place, {
      prefs: this.prefs,
      language: this.language,
      hasTitleBar,
      onReload: () => this.reload(id),
      onToggleView: (view) => this.setView(id, view),
    });
    this.#gadgets.set(id, gadget);
    return gadget.box;
  }
}
