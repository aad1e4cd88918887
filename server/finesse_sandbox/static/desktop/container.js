// The desktop page's half of the gadget container: iframes with their prefs, heights, titles and loading indicators, tabs, the hub.

import { Hub } from "./hub.js";

/** @typedef {{id: string, url: string, hidden: boolean, managed_by: string}} GadgetPlace */
/** @typedef {{id: string, label: string, columns: GadgetPlace[][]}} Tab */
/** @typedef {{page: GadgetPlace[], tabs: Tab[]}} Layout */

/** Milliseconds after which a gadget that did not dismiss its loading indicator gets a Retry button. */
const LOADING = 10_000;
/** The vendor's component that shows other gadgets in tabs of its own. */
const TABBED = "/tabbedGadgets.js";

/** Pixels that a maximised gadget may use. */
const room = () => Math.max(200, window.innerHeight - 160);

export class Container {
  /** @type {Map<string, {frame: HTMLIFrameElement, box: HTMLElement, name: string, leave: () => void}>} */
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
   * @param {{json?: boolean, strict?: boolean, late?: number}} [hub]
   */
  constructor(prefs, language, subscribe, hub = {}) {
    this.subscribe = subscribe;
    this.late = (hub.late ?? 0) * 1000;
    this.hub = new Hub(hub, (what) => this.#complain(what));
    this.prefs = prefs;
    this.language = language;
    Object.assign(window, {
      // What the gadget's own runtime calls.
      standin: {
        connectHub: (/** @type {string} */ id) => this.#connect(id),
        setHeight: (/** @type {string} */ id, /** @type {number} */ height) =>
          this.#setHeight(id, height),
        setTitle: (/** @type {string} */ id, /** @type {string} */ title) =>
          this.#setTitle(id, title),
        late: this.late,
        complain: (/** @type {string} */ what) => hub.strict && this.#complain(what),
        setPref: (
          /** @type {string} */ id,
          /** @type {string} */ name,
          /** @type {string} */ value,
        ) =>
          localStorage.setItem(
            `pref ${this.prefs.id} ${this.#gadgets.get(id)?.name} ${name}`,
            value,
          ),
        setChannel: (
          /** @type {string} */ id,
          /** @type {any} */ data,
          /** @type {Function | undefined} */ menu,
        ) => this.#setChannel(id, data, menu),
        setView: (/** @type {string} */ id, /** @type {string} */ view) => this.setView(id, view),
        dismissLoading: (/** @type {string} */ id) => this.#dismissLoading(id),
      },
      // What the vendor's library looks for on the desktop page.
      finesse: {
        container: {
          Config: prefs,
          Tabs: {
            getActiveTab: () => this.#activeTab,
            activateTab: (/** @type {string} */ id) => this.show(id),
          },
          Container: {
            showDialog: (/** @type {any} */ told) => this.#showDialog(told),
            hideDialog: () => document.querySelector("dialog.gadgets")?.remove(),
            reloadGadget: (/** @type {string} */ id) => this.reload(id),
            modifyGadgetUrl: (/** @type {string} */ id, /** @type {string} */ url) =>
              this.#modifyUrl(id, url),
          },
        },
      },
    });
    window.addEventListener("resize", () => this.#tellRoom());
    this.hub.subscribe("finesse.info.requests", (_topic, request) => this.#answer(request));
    this.hub.subscribe("finesse.containerservices.requests", (_topic, request) => {
      if (request.type === "ActiveTabReq")
        this.hub.publish("finesse.containerservices.activeTab", this.#activeTab);
      if (request.type === "SetActiveTabReq") this.show(request.data.id);
      if (request.type === "ReloadGadgetReq") this.reload(request.data.gadgetId);
    });
    this.#ticking = setInterval(
      () =>
        this.hub.publish("finesse.containerservices.timerTickEvent", { dateQueued: new Date() }),
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
    for (const tab of document.querySelectorAll("[role=tab]"))
      tab.setAttribute("aria-selected", String(tab.id === `tab_${id}`));
    this.hub.publish("finesse.containerservices.activeTab", id);
  }

  /** @param {string} id */
  reload(id) {
    const frame = this.#gadgets.get(id)?.frame;
    this.hub.publish("finesse.containerservices.reloadGadget", { gadgetId: id });
    if (!frame) return;
    const next = frame.dataset.next;
    delete frame.dataset.next;
    if (next) frame.src = next;
    else frame.contentWindow?.location.reload();
  }

  /** @param {string} status */
  setStatus(status) {
    this.status = status;
    this.hub.publish("finesse.info.connection", { status, resourceID: "desktop" });
  }

  /** What a gadget asks for in a dialog over the whole desktop: text, a title, buttons. @param {any} told */
  #showDialog(told = {}) {
    document.querySelector("dialog.gadgets")?.remove();
    const dialog = document.createElement("dialog");
    dialog.className = "gadgets";
    const title = document.createElement("h2");
    title.textContent = told.title ?? "";
    const text = document.createElement("p");
    text.textContent = told.message ?? told.text ?? "";
    dialog.append(title, text);
    for (const [label, pressed] of Object.entries(told.buttons ?? { OK: () => dialog.remove() })) {
      const button = document.createElement("button");
      button.textContent = label;
      button.addEventListener("click", () => /** @type {() => void} */ (pressed)());
      dialog.append(button);
    }
    dialog.addEventListener("close", () => (dialog.remove(), told.close?.()));
    document.body.append(dialog);
    dialog.showModal();
    return dialog;
  }

  /** A channel of a gadget in the header: its name, its state, and the states to choose from. Answers what was wrong.
   * @param {string} id @param {any} data null takes it away @param {Function} [menu] */
  #setChannel(id, data, menu) {
    const known = /** @type {HTMLSelectElement | null} */ (
      document.querySelector(`#channels [data-channel="${CSS.escape(id)}"]`)
    );
    if (!known && !menu) return "CHANNEL_NOT_FOUND";
    if (!data) return (known?.closest("label")?.remove(), "");
    const select = known ?? document.createElement("select");
    const { menuConfig, channelState } = data;
    if (menuConfig) {
      select.replaceChildren(
        ...menuConfig.menuItems.map(
          (/** @type {any} */ item) => new Option(item.menuText ?? item.label ?? item.id, item.id),
        ),
      );
    }
    const state = channelState?.currentState ?? channelState?.label ?? "";
    for (const option of select.options) option.selected = option.text === state;
    if (!known) {
      const label = document.createElement("label");
      label.append(`${menuConfig?.label ?? id} `, select);
      select.dataset.channel = id;
      select.addEventListener("change", () =>
        /** @type {Function} */ (menu)(
          id,
          select.value,
          () => {},
          () => {},
        ),
      );
      document.querySelector("#channels")?.append(label);
    }
    return "";
  }

  /** What went wrong in a gadget, for whoever develops it. @param {string} what */
  #complain(what) {
    const box = /** @type {HTMLElement} */ (document.querySelector("#complaints"));
    const line = document.createElement("p");
    line.textContent = what;
    box.prepend(line);
    while (box.childElementCount > 5) box.lastElementChild?.remove();
  }

  /** The gadget's address becomes another; it shows with the next reload. @param {string} id @param {string} url */
  #modifyUrl(id, url) {
    const gadget = this.#gadgets.get(id);
    if (!gadget) return;
    const now = new URL(gadget.frame.src);
    now.searchParams.set("url", new URL(url, location.href).href);
    gadget.frame.dataset.next = now.href;
  }

  /** `canvas` is the maximised view. The gadget is told; it is rendered anew if it has HTML of its own for that view.
   * @param {string} id @param {string} view */
  setView(id, view) {
    const gadget = this.#gadgets.get(id);
    if (!gadget) return;
    gadget.box.classList.toggle("maximised", view === "canvas");
    gadget.frame.dataset.view = view;
    const tabId = gadget.box.closest(".tab-panel")?.id.replace("panel_", "") ?? "";
    this.hub.publish("finesse.containerservices.gadgetViewChangedEvent", {
      gadgetId: id,
      tabId,
      maxAvailableHeight: room(),
      view,
    });
  }

  #tellRoom() {
    this.hub.publish("finesse.containerservices.maxAvailableHeightChangedEvent", {
      maxAvailableHeight: room(),
    });
  }

  close() {
    clearInterval(this.#ticking);
    this.#gadgets.forEach(({ frame, leave }) => (leave(), frame.remove()));
  }

  /** @param {any} request */
  #answer(request) {
    if (request.type === "ConnectionInfoReq") {
      const status = this.status === "recovered" ? "connected" : this.status;
      this.hub.publish("finesse.info.connection", {
        status,
        resourceID: "desktop",
        invokeID: request.invokeID,
      });
    } else if (request.type === "SubscribeNodeReq" || request.type === "UnsubscribeNodeReq") {
      void this.subscribe(request.data.node, request.type === "SubscribeNodeReq").then((wrong) => {
        const content = `<iq type="error"><error>${wrong}</error></iq>`;
        this.hub.publish(
          `finesse.info.responses.${request.invokeID}`,
          wrong ? { subscribe: { content, object: {} } } : null,
        );
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
        column.append(
          ...places
            .filter((place) => !place.managed_by)
            .map((place) =>
              place.url.endsWith(TABBED) ? this.#tabbed(places, place) : this.#gadget(place, true),
            ),
        );
        return column;
      }),
    );
    return panel;
  }

  /** The vendor's container of several gadgets: one is seen at a time. @param {GadgetPlace[]} places @param {GadgetPlace} manager */
  #tabbed(places, manager) {
    const box = document.createElement("section");
    box.className = "tabbed";
    const managed = places
      .filter((place) => place.managed_by === manager.id)
      .map((place) => this.#gadget(place, true));
    const show = (/** @type {number} */ chosen) =>
      managed.forEach((one, place) => (one.hidden = place !== chosen));
    const bar = document.createElement("nav");
    bar.append(
      ...managed.map((one, place) => {
        const label = one.querySelector("h2")?.textContent ?? "";
        return this.#button(label, label, () => show(place));
      }),
    );
    show(0);
    box.append(bar, ...managed);
    return box;
  }

  /** @param {GadgetPlace} place @param {boolean} titled */
  #gadget(place, titled) {
    const id = String(this.#next++);
    const url = new URL(place.url, location.href);
    const box = document.createElement("section");
    box.className = "gadget";
    box.hidden = place.hidden;
    const title = document.createElement("h2");
    const name = place.id || url.pathname.split("/").pop() || "";
    title.textContent = name;
    /** What the user saved in this gadget, by its name in the layout. @type {Record<string, string>} */
    const saved = {};
    const own = `pref ${this.prefs.id} ${name} `;
    for (const key of Object.keys(localStorage))
      if (key.startsWith(own)) saved[key.slice(own.length)] = localStorage[key];
    const loading = document.createElement("div");
    loading.className = "loading";
    loading.setAttribute("role", "status");
    loading.textContent = "Loading…";
    const frame = document.createElement("iframe");
    Object.assign(frame, {
      id: `remote_iframe_${id}`,
      name: `remote_iframe_${id}`,
      title: title.textContent,
    });
    const fixed = Number(url.searchParams.get("gadgetHeight"));
    frame.style.height = `${fixed || 200}px`;
    const query = new URLSearchParams({
      container: "default",
      mid: id,
      nocache: new URLSearchParams(location.search).has("nocache") ? "1" : "0",
      view: "default",
      lang: this.language.lang,
      country: this.language.country,
      ...Object.fromEntries(
        Object.entries({ ...saved, ...this.prefs }).map(([name, value]) => [`up_${name}`, value]),
      ),
      url: url.href,
    });
    frame.src = `/gadgets/ifr?${query}#rpctoken=${Math.floor(Math.random() * 2 ** 31)}`;
    setTimeout(() => loading.isConnected && this.#offerRetry(id, loading), LOADING);
    frame.addEventListener("load", () => {
      if (!frame.contentWindow || !("gadgets" in frame.contentWindow)) loading.remove(); // refused: the page says why
    });
    const bar = document.createElement("div");
    bar.className = "bar";
    bar.append(
      title,
      this.#button("↻", "Reload", () => this.reload(id)),
      this.#maximise(id),
    );
    box.append(...(titled ? [bar] : []), loading, frame);
    this.#gadgets.set(id, { frame, box, name, leave() {} });
    return box;
  }

  /** @param {string} id */
  #maximise(id) {
    const button = this.#button("⤢", "Maximise or restore", () => {
      this.setView(
        id,
        this.#gadgets.get(id)?.box.classList.contains("maximised") ? "default" : "canvas",
      );
    });
    button.className = "maximise";
    button.hidden = true; // until the gadget turns out to have such a view
    return button;
  }

  /** @param {string} sign @param {string} label @param {() => void} pressed */
  #button(sign, label, pressed) {
    const button = document.createElement("button");
    Object.assign(button, { type: "button", textContent: sign, title: label });
    button.setAttribute("aria-label", label);
    button.addEventListener("click", pressed);
    return button;
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
    const views =
      /** @type {any} */ (gadget?.frame.contentWindow)?.gadgets?.views?.getSupportedViews?.() ?? {};
    const maximise = /** @type {HTMLElement | null | undefined} */ (
      gadget?.box.querySelector(".maximise")
    );
    if (maximise) maximise.hidden = !("canvas" in views);
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
