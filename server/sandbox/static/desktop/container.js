// The desktop page's half of the gadget container: iframes with their prefs, heights, titles and loading indicators, tabs, the hub.

import { Hub } from "./hub.js";

/** @typedef {{id: string, url: string, hidden: boolean}} GadgetPlace */
/** @typedef {{id: string, label: string, columns: GadgetPlace[][]}} Tab */
/** @typedef {{page: GadgetPlace[], tabs: Tab[]}} Layout */

/** Milliseconds after which a gadget that did not dismiss its loading indicator gets a Retry button. */
const LOADING = 10_000;

export class Container {
  hub = new Hub();
  /** @type {Map<string, {frame: HTMLIFrameElement, box: HTMLElement, leave: () => void}>} */
  #gadgets = new Map();
  /** @type {string} */
  #activeTab = "";
  #next = 1;
  #ticking = 0;
  /** What is answered to a gadget that asks how the connection is. */
  status = "connected";

  /**
   * @param {Record<string, string>} prefs @param {{lang: string, country: string}} language
   * @param {(node: string, wanted: boolean) => Promise<string>} subscribe asks for a node; answers what was wrong
   */
  constructor(prefs, language, subscribe) {
    this.subscribe = subscribe;
    this.prefs = prefs;
    this.language = language;
    Object.assign(window, {
      // What the gadget's own runtime calls.
      standin: {
        connectHub: (/** @type {string} */ id) => this.#connect(id),
        setHeight: (/** @type {string} */ id, /** @type {number} */ height) => this.#setHeight(id, height),
        setTitle: (/** @type {string} */ id, /** @type {string} */ title) => this.#setTitle(id, title),
        setPref: (/** @type {string} */ id, /** @type {string} */ name, /** @type {string} */ value) =>
          localStorage.setItem(`pref.${id}.${name}`, value),
        dismissLoading: (/** @type {string} */ id) => this.#dismissLoading(id),
      },
      // What the vendor's library looks for on the desktop page.
      finesse: {
        container: { Container: { showDialog() {}, hideDialog() {}, reloadGadget: (/** @type {string} */ id) => this.reload(id) } },
      },
    });
    this.hub.subscribe("finesse.info.requests", (_topic, request) => this.#answer(request));
    this.hub.subscribe("finesse.containerservices.requests", (_topic, request) => {
      if (request.type === "ActiveTabReq") this.hub.publish("finesse.containerservices.activeTab", this.#activeTab);
      if (request.type === "SetActiveTabReq") this.show(request.data.id);
      if (request.type === "ReloadGadgetReq") this.reload(request.data.gadgetId);
    });
    this.#ticking = setInterval(
      () => this.hub.publish("finesse.containerservices.timerTickEvent", { dateQueued: new Date() }),
      1000,
    );
  }

  /** @param {Layout} layout @param {HTMLElement} tabs @param {HTMLElement} panels */
  fill(layout, tabs, panels) {
    const above = layout.page.map((place) => this.#gadget(place, false));
    panels.replaceChildren(...above, ...layout.tabs.map((tab) => this.#panel(tab)));
    tabs.replaceChildren(
      ...layout.tabs.map((tab) => {
        const button = document.createElement("button");
        Object.assign(button, { type: "button", textContent: tab.label, id: `tab_${tab.id}` });
        button.setAttribute("role", "tab");
        button.setAttribute("aria-controls", `panel_${tab.id}`);
        button.addEventListener("click", () => this.show(tab.id));
        return button;
      }),
    );
    if (layout.tabs[0]) this.show(layout.tabs[0].id);
  }

  /** @param {string} id */
  show(id) {
    this.#activeTab = id;
    for (const panel of document.querySelectorAll(".tab-panel")) {
      /** @type {HTMLElement} */ (panel).hidden = panel.id !== `panel_${id}`;
    }
    for (const tab of document.querySelectorAll("[role=tab]")) tab.setAttribute("aria-selected", String(tab.id === `tab_${id}`));
    this.hub.publish("finesse.containerservices.activeTab", id);
  }

  /** @param {string} id */
  reload(id) {
    this.#gadgets.get(id)?.frame.contentWindow?.location.reload();
  }

  /** @param {string} status */
  setStatus(status) {
    this.status = status;
    this.hub.publish("finesse.info.connection", { status, resourceID: "desktop" });
  }

  close() {
    clearInterval(this.#ticking);
    this.#gadgets.forEach(({ frame, leave }) => (leave(), frame.remove()));
  }

  /** @param {any} request */
  #answer(request) {
    if (request.type === "ConnectionInfoReq") {
      const status = this.status === "recovered" ? "connected" : this.status;
      this.hub.publish("finesse.info.connection", { status, resourceID: "desktop", invokeID: request.invokeID });
    } else if (request.type === "SubscribeNodeReq" || request.type === "UnsubscribeNodeReq") {
      void this.subscribe(request.data.node, request.type === "SubscribeNodeReq").then((wrong) => {
        const content = `<iq type="error"><error>${wrong}</error></iq>`;
        this.hub.publish(`finesse.info.responses.${request.invokeID}`, wrong ? { subscribe: { content, object: {} } } : null);
      });
    }
  }

  /** @param {Tab} tab */
  #panel(tab) {
    const panel = document.createElement("div");
    panel.className = "tab-panel";
    panel.id = `panel_${tab.id}`;
    panel.setAttribute("role", "tabpanel");
    panel.setAttribute("aria-labelledby", `tab_${tab.id}`);
    panel.append(
      ...tab.columns.map((places) => {
        const column = document.createElement("div");
        column.className = "column";
        column.append(...places.map((place) => this.#gadget(place, true)));
        return column;
      }),
    );
    return panel;
  }

  /** @param {GadgetPlace} place @param {boolean} titled */
  #gadget(place, titled) {
    const id = String(this.#next++);
    const url = new URL(place.url, location.href);
    const box = document.createElement("section");
    box.className = "gadget";
    box.hidden = place.hidden;
    const title = document.createElement("h2");
    title.textContent = place.id || url.pathname.split("/").pop() || "";
    const loading = document.createElement("div");
    loading.className = "loading";
    loading.setAttribute("role", "status");
    loading.textContent = "Loading…";
    const frame = document.createElement("iframe");
    Object.assign(frame, { id: `remote_iframe_${id}`, name: `remote_iframe_${id}`, title: title.textContent });
    const fixed = Number(url.searchParams.get("gadgetHeight"));
    frame.style.height = `${fixed || 200}px`;
    const query = new URLSearchParams({
      container: "default",
      mid: id,
      nocache: "0",
      view: "default",
      lang: this.language.lang,
      country: this.language.country,
      ...Object.fromEntries(Object.entries(this.prefs).map(([name, value]) => [`up_${name}`, value])),
      url: url.href,
    });
    frame.src = `/gadgets/ifr?${query}#rpctoken=${Math.floor(Math.random() * 2 ** 31)}`;
    setTimeout(() => loading.isConnected && this.#offerRetry(id, loading), LOADING);
    frame.addEventListener("load", () => {
      if (!frame.contentWindow || !("gadgets" in frame.contentWindow)) loading.remove(); // refused: the page says why
    });
    box.append(...(titled ? [title] : []), loading, frame);
    this.#gadgets.set(id, { frame, box, leave() {} });
    return box;
  }

  /** @param {string} id @param {HTMLElement} loading */
  #offerRetry(id, loading) {
    const retry = document.createElement("button");
    retry.textContent = "Retry";
    retry.addEventListener("click", () => this.reload(id));
    loading.replaceChildren("This gadget takes long. ", retry);
  }

  /** @param {string} id */
  #connect(id) {
    const gadget = this.#gadgets.get(id);
    gadget?.leave(); // a reloaded gadget begins anew
    const client = this.hub.client(id);
    if (gadget) gadget.leave = client.leave;
    return client;
  }

  /** @param {string} id @param {number} height */
  #setHeight(id, height) {
    const frame = this.#gadgets.get(id)?.frame;
    const fixed = frame && new URL(frame.src).searchParams.get("url")?.includes("gadgetHeight=");
    if (frame && !fixed) frame.style.height = `${height}px`;
  }

  /** @param {string} id @param {string} title */
  #setTitle(id, title) {
    const heading = this.#gadgets.get(id)?.box.querySelector("h2");
    if (heading) heading.textContent = title;
  }

  /** @param {string} id */
  #dismissLoading(id) {
    this.#gadgets.get(id)?.box.querySelector(".loading")?.remove();
  }
}
