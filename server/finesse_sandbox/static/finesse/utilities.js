// finesse.utilities: XML to objects and back, errors, times, and storage in the browser.

(() => {
  const { finesse } = window;
  const { Config } = finesse.gadget;

  /** Convert XML as the vendor's library does: no attributes; a leaf is text; an empty element is
   * null; an element that occurs twice is a list.
   * @param {Element} element @returns {any} */
  function toObject(element) {
    if (!element.children.length) return element.textContent?.trim() || null;
    /** @type {Record<string, any>} */
    const object = {};
    for (const child of element.children) {
      const value = toObject(child);
      const name = child.tagName;
      if (!(name in object)) object[name] = value;
      else if (Array.isArray(object[name])) object[name].push(value);
      else object[name] = [object[name], value];
    }
    return object;
  }

  /** @param {string} name @param {any} value @returns {string} */
  function toElement(name, value) {
    const content = typeof value === "object" ? Utilities.js2xml(value) : escapeXml(value);
    return `<${name}>${content}</${name}>`;
  }

  /** @param {unknown} value */
  const escapeXml = (value) =>
    String(value).replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);

  /** @param {any} response */
  const firstApiError = (response) =>
    Utilities.getArray(response?.object?.ApiErrors?.ApiError)[0] ?? {};

  /** @param {number} number */
  const twoDigits = (number) => String(Math.floor(number)).padStart(2, "0");

  const Utilities = {
    /** @param {any} config */
    getAuthHeaderString: (config) =>
      config.authToken ? `Bearer ${config.authToken}` : `Basic ${config.authorization}`,
    getUserAuthString: () => atob(Config.authorization),
    getToken: () => Config.authToken ?? "",
    /** @param {any} value @returns {any[]} */
    getArray(value) {
      if (Array.isArray(value)) return value;
      return value === null || value === undefined ? [] : [value];
    },
    /** @param {string} uri */
    getId: (uri) => uri.split("/").pop(),
    generateUUID: () => crypto.randomUUID(),

    /** @param {string} text */
    xml2JsObj(text) {
      const root = new DOMParser().parseFromString(text, "text/xml").documentElement;
      return root.querySelector("parsererror") ? null : { [root.tagName]: toObject(root) };
    },
    /** @param {string} text */
    xml2js: (text) => Utilities.xml2JsObj(text),
    /** @param {Record<string, any>} object @returns {string} */
    js2xml(object) {
      let text = "";
      for (const [name, values] of Object.entries(object)) {
        for (const value of Utilities.getArray(values)) {
          if (value !== undefined && value !== null) text += toElement(name, value);
        }
      }
      return text;
    },
    /** @param {any} object */
    json2xml: (object) => Utilities.js2xml(object),
    /** @param {string} text */
    translateHTMLEntities: (text) =>
      new DOMParser().parseFromString(text, "text/html").documentElement.textContent,
    /** @param {string} text */
    translateXMLEntities: (text) => escapeXml(text),
    /** @param {string} text */
    b64Encode: (text) => btoa(text),
    /** @param {string} text */
    b64Decode: (text) => atob(text),

    /** @param {any} response */
    getErrCode: (response) => firstApiError(response).ErrorType ?? "",
    /** @param {any} response */
    getErrData: (response) => firstApiError(response).ErrorData ?? "",
    /** @param {any} response */
    getErrMessage: (response) => firstApiError(response).ErrorMessage ?? "",
    /** @param {any} handler */
    validateHandler(handler) {
      if (handler !== undefined && typeof handler !== "function")
        throw new Error("handler must be a function");
      return handler;
    },

    currentTimeMillis: () => Date.now(),
    currentServerTimeMillis: () => Date.now() - Config.clientDriftInMillis,
    /** @param {number} seconds */
    convertTsToDuration: (seconds) =>
      [seconds / 3600, (seconds / 60) % 60, seconds % 60].map(twoDigits).join(":"),

    /** @param {Promise<any>[]} promises */
    whenAllDone: (promises) => Promise.all(promises),
    /** @param {string} url */
    downloadFile: (url) => void window.open(url),
    /** Call back once the gadget is visible: before that its height is nothing.
     * @param {() => void} callback */
    onGadgetFirstVisible(callback) {
      const { ContainerServices } = finesse.containerservices;
      const services = ContainerServices.init();
      if (services.tabVisible()) callback();
      else services.addHandler(ContainerServices.Topics.ACTIVE_TAB, callback);
    },
  };

  const I18n = {
    getString: (/** @type {string} */ key) => new gadgets.Prefs().getMsg(key) || key,
  };

  const SaxParser = {
    /** Report each node of an XML text. @param {string} text
     * @param {(kind: string, value: string) => void} report */
    parse(text, report) {
      const walk = (/** @type {Element} */ element) => {
        report("StartElement", element.tagName);
        for (const { name, value } of element.attributes) report("Attribute", `${name}=${value}`);
        for (const child of element.childNodes) {
          if (child instanceof Element) walk(child);
          else if (child.nodeValue?.trim()) report("TextNode", child.nodeValue);
        }
        report("EndElement", element.tagName);
      };
      walk(new DOMParser().parseFromString(text, "text/xml").documentElement);
    },
  };

  /** @param {string} key */
  const cacheKey = (key) => `finesse cache ${key}`;

  /** Storage in the browser that lasts from one session to the next. 12.0. */
  const DesktopCache = {
    init: () => DesktopCache,
    /** @param {string} key @param {Function} onDone */
    fetchData: (key, onDone) =>
      onDone(null, JSON.parse(localStorage.getItem(cacheKey(key)) ?? "null")),
    /** @param {string} key @param {any} data @param {Function} [onDone] */
    saveOrUpdateData(key, data, onDone) {
      localStorage.setItem(cacheKey(key), JSON.stringify(data));
      onDone?.(null, data);
    },
    /** @param {string} key @param {Function} [onDone] */
    deleteData(key, onDone) {
      localStorage.removeItem(cacheKey(key));
      onDone?.(null);
    },
  };

  const Logger = { log: (/** @type {any[]} */ ...values) => console.log(...values) };

  Object.assign(finesse.utilities, { Utilities, I18n, SaxParser, DesktopCache, Logger });
  finesse.Converter = { xml2json: Utilities.xml2js, json2xml: Utilities.js2xml };
})();
