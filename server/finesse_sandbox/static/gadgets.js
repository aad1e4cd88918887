// The libraries that a container gives to every gadget: gadgets.io, Prefs, window, Hub and others,
// as far as Finesse documents them. Written from the public behaviour of Apache Shindig 2.0; what
// gadgets cannot see is simpler here.

window.gadgets = (() => {
  const query = new URLSearchParams(location.search);
  const moduleId = query.get("mid") || "0";
  /** @type {{
   *   features: string[],
   *   messages: Record<string, string>,
   *   prefs: Record<string, string>,
   *   title: string,
   *   views: string[],
   *   loading: {manual_dismiss: boolean, timeout_seconds: number} | null,
   * }} */
  let config = { features: [], messages: {}, prefs: {}, title: "", views: [], loading: null };
  /** @type {(() => void)[]} */
  const onLoadHandlers = [];
  let currentHeight = 0;

  /** Precedes the proxy's responses, so that no other site can run them as a script. */
  const UNPARSEABLE_PREFIX = "throw 1; < don't be evil' >";

  /** Return what the desktop page offers, or null when the gadget's page was opened alone. */
  function getDesktop() {
    /** @type {any} */
    const desktop = window.parent;
    try {
      return desktop !== window ? (desktop.finesseSandbox ?? null) : null;
    } catch {
      return null; // another origin
    }
  }

  const util = {
    getUrlParameters: () => Object.fromEntries(query),
    /** @param {() => void} handler */
    registerOnLoadHandler(handler) {
      onLoadHandlers.push(handler);
    },
    /** Called at the end of the body: only then does gadgets.Hub exist. */
    runOnLoadHandlers() {
      connectHub();
      for (const handler of onLoadHandlers.splice(0)) runGuarded(handler);
    },
    /** @param {string} text */
    escapeString: (text) => text.replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`),
    /** @param {string} feature */
    hasFeature: (feature) => config.features.includes(feature),
    /** @param {unknown} scope @param {Function} method */
    makeClosure:
      (scope, method, /** @type {unknown[]} */ ...bound) =>
      (/** @type {unknown[]} */ ...given) =>
        method.apply(scope, [...bound, ...given]),
  };

  /** @param {() => void} handler */
  function runGuarded(handler) {
    try {
      handler();
    } catch (error) {
      console.error("a gadget's handler failed", error);
      getDesktop()?.reportError?.(`A gadget's handler failed: ${error}`);
    }
  }

  class Prefs {
    /** @param {string} name */
    #value(name) {
      return query.get(`up_${name}`) ?? config.prefs[name] ?? "";
    }
    /** @param {string} name */
    getString(name) {
      return util.escapeString(this.#value(name));
    }
    /** @param {string} name */
    getInt(name) {
      return Number.parseInt(this.#value(name), 10) || 0;
    }
    /** @param {string} name */
    getFloat(name) {
      return Number.parseFloat(this.#value(name)) || 0;
    }
    /** @param {string} name */
    getBool(name) {
      return ["true", "1"].includes(this.#value(name));
    }
    /** @param {string} name */
    getArray(name) {
      return this.#value(name).split("|").filter(Boolean);
    }
    /** @param {string} key */
    getMsg(key) {
      return config.messages[key] ?? "";
    }
    getLang() {
      return query.get("lang") ?? "en";
    }
    getCountry() {
      return query.get("country") ?? "US";
    }
    getModuleId() {
      return moduleId;
    }
    /** @param {string} name @param {unknown} value */
    set(name, value) {
      query.set(`up_${name}`, String(value));
      getDesktop()?.setPref(moduleId, name, String(value));
    }
  }

  const io = {
    RequestParameters: {
      METHOD: "METHOD",
      CONTENT_TYPE: "CONTENT_TYPE",
      POST_DATA: "POST_DATA",
      HEADERS: "HEADERS",
      AUTHORIZATION: "AUTHORIZATION",
      NUM_ENTRIES: "NUM_ENTRIES",
      GET_SUMMARIES: "GET_SUMMARIES",
      REFRESH_INTERVAL: "REFRESH_INTERVAL",
      GET_FULL_HEADERS: "GET_FULL_HEADERS",
    },
    MethodType: { GET: "GET", POST: "POST", PUT: "PUT", DELETE: "DELETE", HEAD: "HEAD" },
    ContentType: { TEXT: "TEXT", DOM: "DOM", JSON: "JSON", FEED: "FEED" },
    AuthorizationType: { NONE: "NONE", SIGNED: "SIGNED", OAUTH: "OAUTH" },
    /** @param {Record<string, unknown>} fields */
    encodeValues: (fields) =>
      Object.entries(fields)
        .map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(String(value))}`)
        .join("&"),
    /** @param {string} url */
    getProxyUrl: (url) => `/gadgets/proxy?container=default&url=${encodeURIComponent(url)}`,

    /**
     * @param {string} url
     * @param {(result: object) => void} callback
     * @param {Record<string, any>} [params]
     */
    async makeRequest(url, callback, params = {}) {
      const contentType = params.CONTENT_TYPE ?? "TEXT";
      let response;
      try {
        response = await sendRequest(url, params);
      } catch (error) {
        deliver({ rc: 0, text: "", errors: [`0 ${error}`], headers: {} }, contentType, callback);
        return;
      }
      const text = await response.text();
      if (!response.ok) {
        const errors = [`${response.status} ${text}`];
        deliver({ rc: response.status, text: "", errors, headers: {} }, contentType, callback);
        return;
      }
      const start = text.indexOf(UNPARSEABLE_PREFIX);
      if (start < 0) return; // the real library does not call back either: gadgets need a timeout
      const {
        rc,
        body,
        headers = {},
      } = JSON.parse(text.slice(start + UNPARSEABLE_PREFIX.length))[url];
      const errors = rc < 200 || rc >= 400 ? [`${rc} Error`] : [];
      deliver({ rc, text: body, errors, headers }, contentType, callback);
    },
  };

  /** Send a request to the gadget proxy as Shindig's library does.
   * @param {string} url @param {Record<string, any>} params */
  function sendRequest(url, params) {
    const method = params.METHOD ?? "GET";
    const fields = new URLSearchParams({
      url,
      httpMethod: method,
      headers: io.encodeValues(params.HEADERS ?? {}),
      postData: params.POST_DATA ?? "",
      authz: params.AUTHORIZATION ?? "",
      st: "",
      contentType: params.CONTENT_TYPE ?? "TEXT",
      numEntries: "3",
      getSummaries: "false",
      signOwner: "true",
      signViewer: "true",
      gadget: query.get("url") ?? "",
      container: "default",
      bypassSpecCache: "",
      getFullHeaders: params.GET_FULL_HEADERS ?? "false",
    });
    const path = "/gadgets/makeRequest";
    // A GET without REFRESH_INTERVAL is sent as a GET, and browsers may cache it for an hour.
    if (method === "GET" && params.REFRESH_INTERVAL === undefined) {
      fields.set("refresh", "3600");
      return fetch(`${path}?${fields}`);
    }
    if (Number(params.REFRESH_INTERVAL)) fields.set("refresh", String(params.REFRESH_INTERVAL));
    return fetch(path, { method: "POST", body: fields });
  }

  /**
   * @param {{rc: number, text: string, errors: string[], headers: object}} response
   * @param {string} contentType @param {(result: object) => void} callback
   */
  function deliver(response, contentType, callback) {
    /** @type {any} */
    const result = { ...response, data: response.text };
    const succeeded = response.errors.length === 0;
    if (succeeded && contentType === "JSON") {
      try {
        result.data = JSON.parse(response.text);
      } catch {
        Object.assign(result, { rc: 500, errors: ["500 Failed to parse JSON"], data: null });
      }
    }
    if (succeeded && contentType === "DOM")
      result.data = new DOMParser().parseFromString(response.text, "text/xml");
    setTimeout(() => runGuarded(() => callback(result)));
  }

  /** @type {any} */
  const gadgets = {
    config: {
      /** @param {typeof config} given */
      init(given) {
        config = given;
        const desktop = getDesktop();
        if (given.title) desktop?.setTitle(moduleId, given.title);
        if (!given.loading) return;
        desktop?.showLoading(moduleId, given.loading.timeout_seconds);
        // A gadget that does not ask to do it itself has loaded with its page.
        if (!given.loading.manual_dismiss)
          window.addEventListener("load", () => gadgets.loadingindicator.dismiss());
      },
    },
    util,
    Prefs,
    io,
    json: { parse: JSON.parse, stringify: JSON.stringify },
    log: Object.assign((/** @type {unknown} */ message) => console.log(message), {
      error: console.error,
      warn: console.warn,
      info: console.info,
      setLogLevel() {},
    }),
    HubSettings: { params: { HubClient: {}, IframeHubClient: {} } },
    Hub: undefined,
    window: {
      getViewportDimensions: () => ({ width: window.innerWidth, height: window.innerHeight }),
      /** @param {number} [requested] */
      adjustHeight(requested) {
        const height = Number(requested ?? document.body?.scrollHeight ?? 0) || 0;
        if (height === currentHeight) return;
        currentHeight = height;
        getDesktop()?.setHeight(moduleId, height);
      },
      /** @param {string} title */
      setTitle(title) {
        getDesktop()?.setTitle(moduleId, title);
      },
    },
    loadingindicator: {
      dismiss() {
        getDesktop()?.dismissLoading(moduleId);
      },
      /** @param {string} text */
      updateLoadingMessage(text) {
        getDesktop()?.setLoadingTexts(moduleId, { loading: text });
      },
      /** @param {string} text */
      updateTimeoutMessage(text) {
        getDesktop()?.setLoadingTexts(moduleId, { timeout: text });
      },
      /** @param {string} text */
      updateRetryButtonText(text) {
        getDesktop()?.setLoadingTexts(moduleId, { retry: text });
      },
    },
    rpc: {
      /** @type {Record<string, Function>} */
      services: {},
      /** Call a service of the container. @param {string | null} _target @param {string} service
       * @param {Function | null} _callback @param {any[]} parameters */
      call(_target, service, _callback, ...parameters) {
        if (service === "resize_iframe") gadgets.window.adjustHeight(Number(parameters[0]));
        if (service === "set_title") gadgets.window.setTitle(String(parameters[0]));
        if (service === "set_pref") new Prefs().set(String(parameters[1]), parameters[2]);
        if (service === "requestNavigateTo") gadgets.views.requestNavigateTo(parameters[0]);
      },
      /** @param {string} service @param {Function} handler */
      register(service, handler) {
        gadgets.rpc.services[service] = handler;
      },
      unregister(/** @type {string} */ service) {
        delete gadgets.rpc.services[service];
      },
    },
    views: {
      getCurrentView: () => ({
        getName: () =>
          /** @type {any} */ (window.frameElement)?.dataset?.view ?? query.get("view") ?? "default",
      }),
      getSupportedViews: () =>
        Object.fromEntries(config.views.map((name) => [name, { getName: () => name }])),
      getParams: () => ({}),
      /** @param {string | {getName: () => string}} view */
      requestNavigateTo(view) {
        getDesktop()?.setView(moduleId, typeof view === "string" ? view : view.getName());
      },
    },
  };

  function connectHub() {
    const desktop = getDesktop();
    const hub = desktop?.connectHub(moduleId);
    if (!hub) return;
    gadgets.Hub = hub;
    const { onConnect } = gadgets.HubSettings;
    setTimeout(() => runGuarded(() => onConnect?.(hub, true, null)), desktop.hubDelayMs ?? 0);
  }

  return gadgets;
})();
