// finesse.utilities: XML to objects and back, errors, texts, and storage in the browser.

(() => {
  const { finesse } = window;
  const { Config } = finesse.gadget;

  // ---- XML

  /** Convert XML as the vendor's library does: attributes are `@name`, text beside them `#text`; a
   * leaf is text; an empty element is null; an element that occurs twice is a list.
   * @param {Element} element @param {boolean} withAttributes @returns {any} */
  function toObject(element, withAttributes) {
    const attributes = withAttributes ? [...element.attributes] : [];
    const text = element.textContent?.trim() || null;
    if (!element.children.length && !attributes.length) return text;
    /** @type {Record<string, any>} */
    const object = {};
    for (const { name, value } of attributes) object[`@${name}`] = value;
    if (!element.children.length && text) object["#text"] = text;
    for (const child of element.children) {
      const value = toObject(child, withAttributes);
      const name = child.tagName;
      if (!(name in object)) object[name] = value;
      else if (Array.isArray(object[name])) object[name].push(value);
      else object[name] = [object[name], value];
    }
    return object;
  }

  /** @param {string} text @param {boolean} withAttributes */
  function parse(text, withAttributes) {
    const root = new DOMParser().parseFromString(text, "text/xml").documentElement;
    const isBroken = root.tagName === "parsererror" || root.querySelector("parsererror");
    return isBroken ? null : { [root.tagName]: toObject(root, withAttributes) };
  }

  /** @param {string} name @param {any} value @returns {string} */
  function toElement(name, value) {
    if (value === null || value === undefined) return `<${name}/>`;
    const content = typeof value === "object" ? Utilities.js2xml(value) : escapeXml(value);
    return `<${name}>${content}</${name}>`;
  }

  /** @param {unknown} value */
  const escapeXml = (value) =>
    String(value).replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);

  // ---- errors

  /** Return a field of the first ApiError; an answer without one gives its HTTP status.
   * @param {any} response @param {string} name */
  function apiErrorField(response, name) {
    const error = Utilities.getArray(response?.object?.ApiErrors?.ApiError)[0];
    if (error) return error[name] ?? undefined;
    return response?.status === undefined ? undefined : `HTTP ${response.status}`;
  }

  // ---- storage

  /** Return the browser's storage, or null where the browser forbids it. */
  function getStorage() {
    try {
      return window.localStorage;
    } catch {
      return null;
    }
  }

  /**
   * Return a deferred value as the library's callers know them from jQuery: with `then` and `done`
   * and `fail`, whose callbacks get several arguments.
   * @param {any[]} deferreds
   */
  function whenAllDone(...deferreds) {
    const jQuery = /** @type {any} */ (window).jQuery;
    /** @type {any[]} */
    const results = [];
    /** @type {any[]} */
    const failures = [];
    const valueOf = (/** @type {any[]} */ values) => (values.length > 1 ? values : values[0]);
    const settled = deferreds.map(
      (deferred, index) =>
        new Promise((resolve) => {
          if (typeof deferred?.then !== "function") {
            results[index] = deferred;
            resolve(null);
            return;
          }
          deferred.then(
            (/** @type {any[]} */ ...values) => resolve((results[index] = valueOf(values))),
            (/** @type {any[]} */ ...values) => resolve(failures.push(valueOf(values))),
          );
        }),
    );
    /** @type {Promise<void>} */
    const whole = Promise.all(settled).then(() => {
      if (failures.length) throw failures;
    });
    if (jQuery?.Deferred) {
      const deferred = jQuery.Deferred();
      whole.then(
        () => void deferred.resolve(...results),
        () => void deferred.reject(...failures),
      );
      return deferred;
    }
    const outcome = {
      /** @param {Function} [onDone] @param {Function} [onFail] */
      then(onDone, onFail) {
        whole.then(
          () => void onDone?.(...results),
          () => void onFail?.(...failures),
        );
        return outcome;
      },
      /** @param {Function} onDone */
      done: (onDone) => outcome.then(onDone),
      /** @param {Function} onFail */
      fail: (onFail) => outcome.then(undefined, onFail),
    };
    return outcome;
  }

  const Utilities = {
    // ---- credentials
    /** @param {any} config */
    getAuthHeaderString: (config) =>
      config.authToken ? `Bearer ${config.authToken}` : `Basic ${config.authorization}`,
    /** Return the agent's id and password in base64, as the desktop stores them. */
    getUserAuthString: () => Config.authorization || null,
    getToken: () => Config.authToken,
    getAuthTokenObj: () => null,
    getAuthModes: () => ({ SSO: "SSO", NON_SSO: "NON_SSO", HYBRID: "HYBRID" }),
    /** @param {string} authorization in base64 */
    getCredentials(authorization) {
      const text = atob(authorization);
      const colon = text.indexOf(":");
      if (colon < 0) throw new Error("getCredentials: there is no colon in the credentials");
      return { id: text.slice(0, colon), password: text.slice(colon + 1) };
    },

    // ---- objects and texts
    /** @param {any} value @returns {any[]} */
    getArray(value) {
      if (Array.isArray(value)) return value;
      return value === null || value === undefined ? [] : [value];
    },
    /** @param {any} value */
    isArray: (value) => Array.isArray(value),
    /** Return the last part of an object's address. @param {string | null | undefined} uri */
    getId: (uri) => (uri ? uri.replace(/\/$/, "").split("/").pop() : ""),
    /** Compare the fields of `one` with those of `other`. @param {any} one @param {any} other */
    getEquals: (one, other) => Object.keys(one ?? {}).every((name) => one[name] === other?.[name]),
    generateUUID: () => crypto.randomUUID(),
    /** @param {string | null | undefined} text */
    convertNullToEmptyString: (text) => text ?? "",
    /** @param {string} text */
    trim: (text) => text.trim(),
    /** @param {string} text */
    removeSpaces: (text) => text.replace(/\s/g, ""),
    /** @param {string} text */
    escapeSpaces: (text) => text.replace(/\s/g, "&nbsp;"),
    /** @param {string} one @param {string} other */
    caseInsensitiveSort: (one, other) => one.toLowerCase().localeCompare(other.toLowerCase()),
    /** @param {string} address @param {string} name */
    getParameterByName: (address, name) =>
      new URLSearchParams(address.slice(address.indexOf("?") + 1)).get(name) ?? "",
    /** @param {string} name @param {string} [address] */
    getQueryString: (name, address = location.href) => Utilities.getParameterByName(address, name),
    /** @param {string} address */
    extractHostname: (address) => new URL(address, location.href).hostname,
    /** @param {string} node */
    encodeNodeName: (node) => escapeXml(node),

    // ---- XML
    /** @param {string} text */
    xml2JsObj: (text) => parse(text, false),
    /** @param {string} text */
    xml2js: (text) => parse(text, true),
    /** @param {Document | Element} node */
    xml2json(node) {
      const root = node instanceof Document ? node.documentElement : node;
      return JSON.stringify({ [root.tagName]: toObject(root, true) });
    },
    /** @param {Record<string, any>} object @returns {string} */
    js2xml(object) {
      let text = "";
      for (const [name, values] of Object.entries(object)) {
        if (name === "#text") text += escapeXml(values);
        else if (Array.isArray(values)) for (const value of values) text += toElement(name, value);
        else text += toElement(name, values);
      }
      return text;
    },
    /** @param {any} object */
    json2xml: (object) => Utilities.js2xml(object),
    /** @param {string} text @param {boolean} [encode] false decodes */
    translateHTMLEntities: (text, encode) =>
      encode
        ? text.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;")
        : new DOMParser().parseFromString(text, "text/html").documentElement.textContent,
    /** @param {string} text @param {boolean} [encode] false decodes */
    translateXMLEntities: (text, encode) =>
      encode ? escapeXml(text) : Utilities.translateHTMLEntities(text),
    /** @param {string} text */
    b64Encode: (text) => btoa(text),
    /** @param {string} text */
    b64Decode: (text) => atob(text),

    // ---- errors
    /** @param {any} response */
    getErrCode: (response) => apiErrorField(response, "ErrorType"),
    /** @param {any} response */
    getErrData: (response) => apiErrorField(response, "ErrorData"),
    /** @param {any} response */
    getErrMessage: (response) => apiErrorField(response, "ErrorMessage"),
    /** @param {any} response */
    getErrOverrideable: (response) => apiErrorField(response, "Overrideable"),
    /** @param {any} handler */
    validateHandler(handler) {
      if (handler !== undefined && typeof handler !== "function")
        throw new Error("handler must be a function");
      return handler;
    },
    whenAllDone,

    // ---- browser
    /** @param {string} key */
    getDOMStoreItem: (key) => getStorage()?.getItem(key) ?? null,
    /** @param {string} key @param {string} value */
    setDOMStoreItem: (key, value) => getStorage()?.setItem(key, value),
    /** @param {string} key */
    removeDOMStoreItem: (key) => getStorage()?.removeItem(key),
    /** @param {string} key @param {string} value @param {number} [days] */
    addCookie(key, value, days) {
      const age = days ? `; max-age=${days * 24 * 3600}` : "";
      document.cookie = `${key}=${encodeURIComponent(value)}${age}; path=/`;
    },
    /** @param {string} key */
    getCookie(key) {
      for (const cookie of document.cookie.split("; ")) {
        const [name, ...value] = cookie.split("=");
        if (name === key) return decodeURIComponent(value.join("="));
      }
      return null;
    },
    /** @param {string} key */
    deleteCookie(key) {
      document.cookie = `${key}=; max-age=0; path=/`;
    },
    /** Listen to messages of another window. @param {(event: MessageEvent) => void} callback
     * @param {string} [origin] of the window, if only its messages count */
    receiveMessage(callback, origin) {
      const listener = (/** @type {MessageEvent} */ event) => {
        if (!origin || event.origin === origin) callback(event);
      };
      window.addEventListener("message", listener);
      return listener;
    },
    /** @param {any} message @param {Window} [target] @param {string} [targetOrigin] */
    sendMessage: (message, target = window.parent, targetOrigin = "*") =>
      target.postMessage(message, targetOrigin),
    /** @param {string} url */
    downloadFile: (url) => void window.open(url),
    adjustGadgetHeight: () => gadgets.window.adjustHeight(),
    /** Call back once the gadget is visible: before that its height is nothing.
     * @param {() => void} callback */
    onGadgetFirstVisible(callback) {
      const { ContainerServices } = finesse.containerservices;
      const services = ContainerServices.init();
      if (services.tabVisible()) {
        callback();
        return;
      }
      const onVisible = () => {
        services.removeHandler(ContainerServices.Topics.ACTIVE_TAB, onVisible);
        callback();
      };
      services.addHandler(ContainerServices.Topics.ACTIVE_TAB, onVisible);
    },
  };

  const I18n = {
    getMessage: (/** @type {string} */ key) => new gadgets.Prefs().getMsg(key),
    /** Set what looks a text up. @param {(key: string) => string} getMessage */
    setGetter(getMessage) {
      I18n.getMessage = getMessage;
    },
    /** @param {string} key @param {any[]} values replace {0}, {1} … */
    getString(key, ...values) {
      const text = I18n.getMessage(key);
      if (!text) return `???${key}???`;
      return text.replace(
        /\{(\d+)\}/g,
        (/** @type {string} */ whole, /** @type {number} */ index) =>
          String(values[index] ?? whole),
      );
    },
  };

  const SaxParser = {
    /** Report each node of an XML text. @param {string} text
     * @param {(kind: string, value: any) => void} report */
    parse(text, report) {
      const walk = (/** @type {Element} */ element) => {
        report("StartElement", element.tagName);
        for (const { name, value } of element.attributes) report("Attribute", { name, value });
        for (const child of element.childNodes) {
          if (child instanceof Element) walk(child);
          else if (child.nodeValue?.trim()) report("Text", child.nodeValue);
        }
        report("EndElement", element.tagName);
      };
      walk(new DOMParser().parseFromString(text, "text/xml").documentElement);
    },
  };

  let showsDebugging = false;
  const Logger = {
    /** @param {boolean} enable */
    setDebug(enable) {
      showsDebugging = enable;
    },
    log(/** @type {any[]} */ ...values) {
      if (showsDebugging) console.log(...values);
    },
    info: (/** @type {any[]} */ ...values) => console.info(...values),
    warn: (/** @type {any[]} */ ...values) => console.warn(...values),
    error: (/** @type {any[]} */ ...values) => console.error(...values),
  };

  Object.assign(finesse.utilities, { Utilities, I18n, SaxParser, Logger });
  finesse.Converter = { xml2json: Utilities.xml2js, json2xml: Utilities.js2xml };
})();
