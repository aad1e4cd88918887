// The libraries that a container gives every gadget: gadgets.io, Prefs, window, Hub and the rest, as far as Finesse documents them.
// Written from the public behaviour of Apache Shindig 2.0; what gadgets cannot see is simpler here.

window.gadgets = (() => {
  const query = new URLSearchParams(location.search);
  const moduleId = query.get("mid") || "0";
  /** @type {{features: string[], messages: Record<string, string>, prefs: Record<string, string>, title: string, views: string[]}} */
  let config = { features: [], messages: {}, prefs: {}, title: "", views: [] };
  /** @type {(() => void)[]} */
  const onLoad = [];
  let height = 0;

  /** The desktop page, or null when the gadget's page stands alone. */
  function container() {
    /** @type {any} */
    const desktop = window.parent;
    try {
      return desktop !== window ? (desktop.standin ?? null) : null;
    } catch {
      return null; // another origin
    }
  }

  const util = {
    getUrlParameters: () => Object.fromEntries(query),
    /** @param {() => void} handler */
    registerOnLoadHandler(handler) {
      onLoad.push(handler);
    },
    /** Called at the end of the body: this is when gadgets.Hub comes to be. */
    runOnLoadHandlers() {
      connectHub();
      for (const handler of onLoad.splice(0)) guarded(handler);
    },
    /** @param {string} text */
    escapeString: (text) => text.replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`),
    /** @param {string} feature */
    hasFeature: (feature) => config.features.includes(feature),
    /** @param {unknown} scope @param {Function} method */
    makeClosure:
      (scope, method, /** @type {unknown[]} */ ...given) =>
      (/** @type {unknown[]} */ ...more) =>
        method.apply(scope, [...given, ...more]),
  };

  /** @param {() => void} handler */
  function guarded(handler) {
    try {
      handler();
    } catch (error) {
      console.error("a gadget's handler failed", error);
      container()?.complain?.(`A gadget's handler failed: ${error}`);
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
      container()?.setPref(moduleId, name, String(value));
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
     * @param {(answer: object) => void} callback
     * @param {Record<string, any>} [told]
     */
    async makeRequest(url, callback, told = {}) {
      const method = told.METHOD ?? "GET";
      const fields = new URLSearchParams({
        url,
        httpMethod: method,
        headers: io.encodeValues(told.HEADERS ?? {}),
        postData: told.POST_DATA ?? "",
        authz: told.AUTHORIZATION ?? "",
        st: "",
        contentType: told.CONTENT_TYPE ?? "TEXT",
        numEntries: "3",
        getSummaries: "false",
        signOwner: "true",
        signViewer: "true",
        gadget: query.get("url") ?? "",
        container: "default",
        bypassSpecCache: "",
        getFullHeaders: told.GET_FULL_HEADERS ?? "false",
      });
      // Without a word about refreshing, a GET goes out as a GET with everything in its address, and is kept for an hour.
      const plain = method === "GET" && told.REFRESH_INTERVAL === undefined;
      if (plain) fields.set("refresh", "3600");
      else if (Number(told.REFRESH_INTERVAL)) fields.set("refresh", String(told.REFRESH_INTERVAL));
      const path = "/gadgets/makeRequest";
      let response;
      try {
        response = plain
          ? await fetch(`${path}?${fields}`)
          : await fetch(path, { method: "POST", body: fields });
      } catch (error) {
        return deliver({ rc: 0, text: "", errors: [`0 ${error}`], headers: {} });
      }
      const text = await response.text();
      if (!response.ok)
        return deliver({
          rc: response.status,
          text: "",
          errors: [`${response.status} ${text}`],
          headers: {},
        });
      const prefix = "throw 1; < don't be evil' >";
      const start = text.indexOf(prefix);
      if (start < 0) return; // the real library never calls back either: keep a watchdog
      const answer = JSON.parse(text.slice(start + prefix.length))[url];
      const failed = answer.rc < 200 || answer.rc >= 400;
      deliver({
        rc: answer.rc,
        text: answer.body,
        headers: answer.headers ?? {},
        errors: failed ? [`${answer.rc} Error`] : [],
      });

      /** @param {{rc: number, text: string, errors: string[], headers: object}} answer */
      function deliver(answer) {
        /** @type {any} */
        const whole = { ...answer, data: answer.text };
        if (!answer.errors.length && told.CONTENT_TYPE === "JSON") {
          try {
            whole.data = JSON.parse(answer.text);
          } catch {
            Object.assign(whole, { rc: 500, errors: ["500 Failed to parse JSON"], data: null });
          }
        }
        if (!answer.errors.length && told.CONTENT_TYPE === "DOM") {
          whole.data = new DOMParser().parseFromString(answer.text, "text/xml");
        }
        setTimeout(() => guarded(() => callback(whole)));
      }
    },
  };

  /** @type {any} */
  const gadgets = {
    config: {
      /** @param {typeof config} told */
      init(told) {
        config = told;
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
      /** @param {number} [wanted] */
      adjustHeight(wanted) {
        const next = Number(wanted ?? document.body?.scrollHeight ?? 0) || 0;
        if (next === height) return;
        height = next;
        container()?.setHeight(moduleId, next);
      },
      /** @param {string} title */
      setTitle(title) {
        container()?.setTitle(moduleId, title);
      },
    },
    loadingindicator: {
      dismiss() {
        container()?.dismissLoading(moduleId);
      },
    },
    rpc: {
      /** @type {Record<string, Function>} */
      services: {},
      /** To the container: the services that a gadget may ask of it. @param {string | null} _to @param {string} service
       * @param {Function | null} _callback @param {any[]} told */
      call(_to, service, _callback, ...told) {
        if (service === "resize_iframe") gadgets.window.adjustHeight(Number(told[0]));
        if (service === "set_title") gadgets.window.setTitle(String(told[0]));
        if (service === "set_pref") new Prefs().set(String(told[1]), told[2]);
        if (service === "requestNavigateTo") gadgets.views.requestNavigateTo(told[0]);
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
        container()?.setView(moduleId, typeof view === "string" ? view : view.getName());
      },
    },
  };

  function connectHub() {
    const hub = container()?.connectHub(moduleId);
    if (!hub) return;
    gadgets.Hub = hub;
    const { onConnect } = gadgets.HubSettings;
    setTimeout(() => guarded(() => onConnect?.(hub, true, null)), container()?.late ?? 0);
  }

  return gadgets;
})();
