// One gadget on the desktop: its iframe, title bar, height, loading indicator and saved
// preferences.

/** @typedef {{id: string, url: string, hidden: boolean, managed_by: string}} GadgetPlace */

/** @typedef {{loading: string, timeout: string, retry: string}} LoadingTexts */

const DEFAULT_HEIGHT_PX = 200;

export class GadgetFrame {
  /** Ends the gadget's connection to the hub. */
  #leaveHub = () => {};
  /** The address that the next reload shows. */
  #nextSource = "";
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #loadingTimer;
  /** @type {LoadingTexts} */
  #loadingTexts = {
    loading: "Loading…",
    timeout: "This gadget is slow to load.",
    retry: "Retry",
  };
  #isSlow = false;
  #onReload;

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
    this.#onReload = options.onReload;
    /** Shown only for gadgets that ask for it. */
    this.loading = document.createElement("div");
    this.loading.className = "loading";
    this.loading.setAttribute("role", "status");
    this.loading.hidden = true;
    this.frame = this.#createIframe(url, options);
    this.bar = document.createElement("div");
    this.bar.className = "bar";
    this.bar.append(this.title, createButton("↻", "Reload", options.onReload), this.maximiseButton);
    this.bar.hidden = !options.hasTitleBar;
    this.box.append(this.bar, this.loading, this.frame);
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

  /** Show the title bar of a gadget at page level, which has none at first. */
  showTitleBar() {
    this.bar.hidden = false;
  }

  /** @param {boolean} isCollapsed leaves only the title bar */
  setCollapsed(isCollapsed) {
    this.frame.hidden = isCollapsed;
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

  /**
   * Show that the gadget loads, and offer Retry when it takes too long.
   * @param {number} timeoutSeconds
   */
  showLoading(timeoutSeconds) {
    this.dismissLoading();
    this.#isSlow = false;
    this.loading.hidden = false;
    this.#drawLoading();
    this.#loadingTimer = setTimeout(() => {
      this.#isSlow = true;
      this.#drawLoading();
    }, timeoutSeconds * 1000);
  }

  /** @param {Partial<LoadingTexts>} texts */
  setLoadingTexts(texts) {
    this.#loadingTexts = { ...this.#loadingTexts, ...texts };
    this.#drawLoading();
  }

  dismissLoading() {
    clearTimeout(this.#loadingTimer);
    this.loading.hidden = true;
  }

  remove() {
    clearTimeout(this.#loadingTimer);
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

  #drawLoading() {
    const { loading, timeout, retry } = this.#loadingTexts;
    if (!this.#isSlow) {
      this.loading.textContent = loading;
      return;
    }
    const button = document.createElement("button");
    button.textContent = retry;
    button.addEventListener("click", this.#onReload);
    this.loading.replaceChildren(`${timeout} `, button);
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
