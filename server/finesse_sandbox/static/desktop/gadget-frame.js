// One gadget on the desktop: its iframe, title bar, height, loading indicator and saved
// preferences.

/** @typedef {{id: string, url: string, hidden: boolean, managed_by: string}} GadgetPlace */

/** How long a gadget may show its loading indicator before the desktop offers Retry. */
const LOADING_TIMEOUT_MS = 10_000;
const DEFAULT_HEIGHT_PX = 200;

export class GadgetFrame {
  /** Ends the gadget's connection to the hub. */
  #leaveHub = () => {};
  /** The address that the next reload shows. */
  #nextSource = "";

  /**
   * @param {string} id @param {GadgetPlace} place
   * @param {{
   *   prefs: Record<string, string>,
   *   language: {lang: string, country: string},
   *   hasTitleBar: boolean,
   *   onReload: () => void,
   *   onToggleView: (view: string) => void,
   * }} options
   */
  constructor(id, place, options) {
    const url = new URL(place.url, location.href);
    this.id = id;
    /** The name in the layout, under which the browser stores what the user saved. */
    this.name = place.id || url.pathname.split("/").pop() || "";
    this.userId = options.prefs.id;

    this.box = document.createElement("section");
    this.box.className = "gadget";
    this.box.hidden = place.hidden;
    this.title = document.createElement("h2");
    this.title.textContent = this.name;
    this.maximiseButton = createButton("⤢", "Maximise or restore", () =>
      options.onToggleView(this.isMaximised ? "default" : "canvas"),
    );
    this.maximiseButton.className = "maximise";
    this.maximiseButton.hidden = true; // until the gadget turns out to have such a view
    this.loading = this.#createLoadingIndicator(options.onReload);
    this.frame = this.#createIframe(url, options);
    if (options.hasTitleBar) {
      const bar = document.createElement("div");
      bar.className = "bar";
      bar.append(this.title, createButton("↻", "Reload", options.onReload), this.maximiseButton);
      this.box.append(bar);
    }
    this.box.append(this.loading, this.frame);
  }

  get isMaximised() {
    return this.box.classList.contains("maximised");
  }

  /** Connect the gadget to the hub each time that it has loaded.
   * @param {import("./hub.js").Hub} hub */
  connect(hub) {
    this.#leaveHub();
    const { gadgets } = /** @type {any} */ (this.frame.contentWindow);
    const views = gadgets?.views?.getSupportedViews?.() ?? {};
    this.maximiseButton.hidden = !("canvas" in views);
    const client = hub.client(this.id);
    this.#leaveHub = client.leave;
    return client;
  }

  reload() {
    const source = this.#nextSource;
    this.#nextSource = "";
    if (source) this.frame.src = source;
    else this.frame.contentWindow?.location.reload();
  }

  /** Change the gadget's address; the next reload shows it. @param {string} url */
  setUrl(url) {
    const source = new URL(this.frame.src);
    source.searchParams.set("url", new URL(url, location.href).href);
    this.#nextSource = source.href;
  }

  /** @param {number} height */
  setHeight(height) {
    const url = new URL(this.frame.src).searchParams.get("url");
    const isFixed = url?.includes("gadgetHeight=");
    if (!isFixed) this.frame.style.height = `${height}px`;
  }

  /** @param {string} title */
  setTitle(title) {
    this.title.textContent = title;
  }

  /** @param {string} view `canvas` is the maximised view */
  setView(view) {
    this.box.classList.toggle("maximised", view === "canvas");
    this.frame.dataset.view = view;
  }

  /** @param {string} name @param {string} value */
  setPref(name, value) {
    localStorage.setItem(`${this.#prefKeyPrefix}${name}`, value);
  }

  dismissLoading() {
    this.loading.remove();
  }

  remove() {
    this.#leaveHub();
    this.frame.remove();
  }

  get #prefKeyPrefix() {
    return `pref ${this.userId} ${this.name} `;
  }

  #savedPrefs() {
    /** @type {Record<string, string>} */
    const saved = {};
    for (const key of Object.keys(localStorage)) {
      if (key.startsWith(this.#prefKeyPrefix))
        saved[key.slice(this.#prefKeyPrefix.length)] = localStorage[key];
    }
    return saved;
  }

  /** @param {() => void} onReload */
  #createLoadingIndicator(onReload) {
    const loading = document.createElement("div");
    loading.className = "loading";
    loading.setAttribute("role", "status");
    loading.textContent = "Loading…";
    setTimeout(() => {
      if (!loading.isConnected) return;
      const retry = document.createElement("button");
      retry.textContent = "Retry";
      retry.addEventListener("click", onReload);
      loading.replaceChildren("This gadget is slow to load. ", retry);
    }, LOADING_TIMEOUT_MS);
    return loading;
  }

  /** @param {URL} url
   * @param {{prefs: Record<string, string>, language: {lang: string, country: string}}} options */
  #createIframe(url, { prefs, language }) {
    const frame = document.createElement("iframe");
    frame.id = `remote_iframe_${this.id}`;
    frame.name = frame.id;
    frame.title = this.name;
    const fixedHeight = Number(url.searchParams.get("gadgetHeight"));
    frame.style.height = `${fixedHeight || DEFAULT_HEIGHT_PX}px`;
    const query = new URLSearchParams({
      container: "default",
      mid: this.id,
      nocache: new URLSearchParams(location.search).has("nocache") ? "1" : "0",
      view: "default",
      lang: language.lang,
      country: language.country,
    });
    for (const [name, value] of Object.entries({ ...this.#savedPrefs(), ...prefs }))
      query.set(`up_${name}`, value);
    query.set("url", url.href);
    frame.src = `/gadgets/ifr?${query}#rpctoken=${Math.floor(Math.random() * 2 ** 31)}`;
    frame.addEventListener("load", () => {
      // The container rejected the gadget, and its page says why.
      if (!frame.contentWindow || !("gadgets" in frame.contentWindow)) this.loading.remove();
    });
    return frame;
  }
}

/** @param {string} sign @param {string} label @param {() => void} onClick */
export function createButton(sign, label, onClick) {
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = sign;
  button.title = label;
  button.setAttribute("aria-label", label);
  button.addEventListener("click", onClick);
  return button;
}
