// The stand-in's own finesse.js: the public names that gadgets use, over gadgets.Hub and gadgets.io. Not the vendor's code.
// A real Finesse serves its own at the same address; `--finesse-js FILE` serves that one instead of this.

(() => {
  const prefs = new gadgets.Prefs();

  /** What the desktop knows of the agent. Read anew at each call: a token may be refreshed while the gadget runs. */
  const Config = {
    id: prefs.getString("id"),
    get authorization() {
      try {
        return sessionStorage.getItem("userFinesseAuth") ?? "";
      } catch {
        return "";
      }
    },
    extension: prefs.getString("extension"),
    teamId: prefs.getString("teamId"),
    teamName: prefs.getString("teamName"),
    scheme: prefs.getString("scheme") || location.protocol.replace(":", ""),
    host: prefs.getString("host") || location.hostname,
    restHost: prefs.getString("restHost") || location.hostname,
    hostPort: prefs.getString("hostPort") || location.port,
    localhostPort: prefs.getString("localhostPort") || location.port,
    country: prefs.getString("country"),
    language: prefs.getString("language"),
    locale: prefs.getString("locale"),
    xmppDomain: prefs.getString("xmppDomain"),
    pubsubDomain: prefs.getString("pubsubDomain"),
    clientDriftInMillis: prefs.getInt("clientDriftInMillis"),
    systemAuthMode: "NON_SSO",
  };

  /** XML to plain objects as the vendor's library makes them: no attributes or children is text, empty is null, twice is a list.
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

  const Utilities = {
    /** @param {any} config */
    getAuthHeaderString: (config) =>
      config.authToken ? `Bearer ${config.authToken}` : `Basic ${config.authorization}`,
    /** @param {any} value */
    getArray: (value) =>
      Array.isArray(value) ? value : value === null || value === undefined ? [] : [value],
    /** @param {string} text */
    xml2JsObj(text) {
      const root = new DOMParser().parseFromString(text, "text/xml").documentElement;
      return root.querySelector("parsererror") ? null : { [root.tagName]: toObject(root) };
    },
    /** @param {Record<string, any>} object @returns {string} */
    js2xml: (object) =>
      Object.entries(object)
        .flatMap(([name, value]) =>
          Utilities.getArray(value).map((/** @type {any} */ one) => [name, one]),
        )
        .filter(([, value]) => value !== undefined && value !== null)
        .map(
          ([name, value]) =>
            `<${name}>${typeof value === "object" ? Utilities.js2xml(value) : escaped(value)}</${name}>`,
        )
        .join(""),
    generateUUID: () => crypto.randomUUID(),
    currentServerTimeMillis: () => Date.now() - Config.clientDriftInMillis,
  };

  /** @param {unknown} value */
  const escaped = (value) => String(value).replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`);

  /** @type {any} */
  let hub = null;
  /** @type {string} */
  let status = "";
  /** @type {Map<string, string>} */
  const subscriptions = new Map();
  /** @type {Set<RestBase>} */
  const live = new Set();
  /** @type {Record<string, ((info: any) => void)[]>} */
  const connection = {
    connect: [],
    disconnect: [],
    connecting: [],
    disconnecting: [],
    reconnecting: [],
    unloading: [],
  };

  const ClientServices = {
    /** @param {any} config */
    init(config) {
      if (hub) return;
      hub = config.hub ?? gadgets.Hub;
      if (!hub) throw new Error("ClientServices.init: gadgets.Hub is not connected yet");
      hub.subscribe(
        "finesse.info.connection",
        (/** @type {string} */ _topic, /** @type {any} */ info) => connectionChanged(info),
      );
      hub.publish("finesse.info.requests", {
        type: "ConnectionInfoReq",
        data: {},
        invokeID: Date.now(),
      });
    },
    /** @param {string} topic @param {(data: any) => void} callback */
    subscribe(topic, callback) {
      if (subscriptions.has(topic)) return false;
      subscriptions.set(
        topic,
        hub.subscribe(topic, (/** @type {string} */ _topic, /** @type {any} */ data) =>
          callback(data),
        ),
      );
      return true;
    },
    /** @param {string} topic */
    unsubscribe(topic) {
      hub.unsubscribe(subscriptions.get(topic));
      subscriptions.delete(topic);
    },
    /**
     * @param {string} path
     * @param {{success?: (answer: any) => void, error?: (answer: any) => void}} handlers
     * @param {{method?: string, content?: Record<string, any>}} [params]
     */
    makeRequest(path, handlers, params = {}) {
      const method = params.method ?? "GET";
      const nocache =
        method === "GET" ? `${path.includes("?") ? "&" : "?"}nocache=${Date.now()}` : "";
      /** @type {Record<string, string>} */
      const headers = {
        Authorization: Utilities.getAuthHeaderString(Config),
        locale: Config.locale,
      };
      if (method !== "GET")
        Object.assign(headers, {
          requestId: Utilities.generateUUID(),
          "Content-Type": "application/xml",
        });
      const url = `${Config.scheme}://${Config.restHost}:${Config.localhostPort}${path}${nocache}`;
      gadgets.io.makeRequest(
        url,
        (/** @type {any} */ answer) => {
          const object = answer.text ? Utilities.xml2JsObj(answer.text) : {};
          const told = { status: answer.rc, content: answer.text, object: object ?? {} };
          const good = answer.rc >= 200 && answer.rc < 300 && object !== null;
          const handler = good ? handlers?.success : handlers?.error;
          if (typeof handler === "function") handler(told);
        },
        {
          METHOD: method,
          HEADERS: headers,
          REFRESH_INTERVAL: 0,
          GET_FULL_HEADERS: "true",
          POST_DATA: params.content ? Utilities.js2xml(params.content) : "",
          CONTENT_TYPE: "TEXT",
        },
      );
    },
    /** @param {(info: any) => void} handler */
    registerOnConnectHandler(handler) {
      connection.connect.push(handler);
      if (status === "connected") handler({ status });
    },
    /** @param {(info: any) => void} handler */
    registerOnDisconnectHandler(handler) {
      connection.disconnect.push(handler);
      if (status === "failing") handler({ status });
    },
    setLogger() {},
    /** The desktop page alone has a tunnel; a gadget's connection is the desktop's. */
    initBosh() {},
    getTunnelURL: () => "",
    getResourceID: () => "desktop",
    makeConnectionReq() {},
    getNotificationConnectionState: () => status,
    /**
     * A node of the notification service beyond the agent's own. @param {string} node @param {(wrong?: any) => void} [callback]
     */
    subscribeNode(node, callback) {
      nodeRequest("SubscribeNodeReq", node, callback);
    },
    /** @param {string} node @param {string} _subid @param {(wrong?: any) => void} [callback] */
    unsubscribeNode(node, _subid, callback) {
      nodeRequest("UnsubscribeNodeReq", node, callback);
    },
    getRestHost: () => Config.restHost,
    isMaster: () => false,
  };

  for (const name of ["Connecting", "Disconnecting", "Reconnecting", "Unloading"]) {
    /** @type {any} */ (ClientServices)[`registerOn${name}Handler`] = (
      /** @type {(info: any) => void} */ handler,
    ) => connection[name.toLowerCase()].push(handler);
  }
  for (const name of [
    "Connect",
    "Disconnect",
    "Connecting",
    "Disconnecting",
    "Reconnecting",
    "Unloading",
  ]) {
    /** @type {any} */ (ClientServices)[`unregisterOn${name}Handler`] = () =>
      (connection[name.toLowerCase()] = []);
  }

  /** @param {string} type @param {string} node @param {((wrong?: any) => void) | undefined} callback */
  function nodeRequest(type, node, callback) {
    const invokeID = Utilities.generateUUID();
    const topic = `finesse.info.responses.${invokeID}`;
    const id = hub.subscribe(topic, (/** @type {string} */ _topic, /** @type {any} */ wrong) => {
      hub.unsubscribe(id);
      callback?.(wrong);
    });
    hub.publish("finesse.info.requests", { type, data: { node }, invokeID });
  }

  /** @param {{status: string}} info */
  function connectionChanged(info) {
    const before = status;
    status = info.status === "recovered" ? "connected" : info.status;
    if (status === before) return;
    if (status === "connected") {
      connection.connect.forEach((handler) => handler(info));
      if (before === "failing") live.forEach((object) => object.refresh()); // what happened meanwhile was not told
    }
    if (status === "failing" || status === "disconnected")
      connection.disconnect.forEach((handler) => handler(info));
  }

  /** Whatever came with an event: user or User, dialogs or Dialogs. @param {any} data @param {string} name */
  const under = (data, name) => data?.[name] ?? data?.[name[0].toLowerCase() + name.slice(1)];

  class RestBase {
    /** @type {any} */
    _data = null;
    _overtaken = false;
    /** @type {Record<string, ((object: any) => void)[]>} */
    _handlers = { load: [], change: [], add: [], delete: [], error: [] };

    /** @param {string} type @param {string} path @param {any} told */
    constructor(type, path, told) {
      this._type = type;
      this._path = path;
      for (const [name, handler] of Object.entries({
        load: told.onLoad,
        change: told.onChange,
        add: told.onAdd,
        delete: told.onDelete,
        error: told.onError,
      })) {
        if (handler) this._handlers[name].push(handler);
      }
    }
    get topic() {
      return this._path.slice(1).replaceAll("/", ".");
    }
    /** Subscribe first, then read, so that nothing falls between. */
    _begin() {
      live.add(this);
      ClientServices.subscribe(this.topic, (message) => {
        this._overtaken = true;
        this._hear(message.object?.Update);
      });
      this.refresh();
    }
    refresh() {
      this._overtaken = false;
      ClientServices.makeRequest(this._path, {
        // An event that came meanwhile may be newer than the answer: then it is read again.
        success: (answer) =>
          this._overtaken ? this.refresh() : this._take(answer.object[this._type]),
        error: (answer) => this._fire("error", answer),
      });
    }
    /** @param {any} update */
    _hear(update) {
      const data = under(update?.data, this._type);
      if (data && update.event?.toUpperCase() === "PUT") this._take(data);
    }
    /** @param {any} data */
    _take(data) {
      const first = this._data === null;
      this._data = data ?? {};
      this._fire(first ? "load" : "change", this);
    }
    /** @param {string} name @param {any} argument */
    _fire(name, argument) {
      for (const handler of [...this._handlers[name]]) {
        try {
          handler(argument);
        } catch (error) {
          console.error(`a gadget's ${name} handler failed`, error);
        }
      }
    }
    /** @param {string} name @param {(object: any) => void} handler @param {unknown} [scope] */
    addHandler(name, handler, scope) {
      const bound = scope ? handler.bind(scope) : handler;
      this._handlers[name].push(bound);
      if (name === "load" && this._data !== null) bound(this);
    }
    /** @param {string} name @param {(object: any) => void} handler */
    removeHandler(name, handler) {
      this._handlers[name] = this._handlers[name].filter((each) => each !== handler);
    }
    getData() {
      return this._data;
    }
    /** @param {string} name */
    getProperty(name) {
      return this._data?.[name] ?? null;
    }
    getId() {
      return this._path.split("/").pop();
    }
    getRestUrl() {
      return this._path;
    }
    getTypes() {
      return [this._type];
    }
  }

  class User extends RestBase {
    /** @type {Dialogs | null} */
    _dialogs = null;
    /** @param {any} told */
    constructor(told) {
      if (typeof told.id !== "string") throw new Error("User: id must be a string");
      super("User", `/finesse/api/User/${told.id}`, told);
      this._begin();
    }
    getExtension() {
      return this._data.extension ?? "";
    }
    getFirstName() {
      return this._data.firstName ?? "";
    }
    getLastName() {
      return this._data.lastName ?? "";
    }
    getFullName() {
      return `${this.getFirstName()} ${this.getLastName()}`;
    }
    getState() {
      return this._data.state ?? "";
    }
    getPendingState() {
      return this._data.pendingState ?? "";
    }
    getTeamId() {
      return this._data.teamId ?? "";
    }
    getTeamName() {
      return this._data.teamName ?? "";
    }
    getReasonCode() {
      return this._data.ReasonCode ?? null;
    }
    getReasonCodeId() {
      return this._data.reasonCodeId ?? "";
    }
    /** @param {string} role */
    hasRole(role) {
      return Utilities.getArray(this._data.roles?.role).includes(role);
    }
    /** @param {any} handlers */
    getDialogs(handlers) {
      this._dialogs ??= new Dialogs(this, handlers ?? {});
      return this._dialogs;
    }
    /** @param {string} state @param {{id?: string} | null} [reason] @param {any} [handlers] */
    setState(state, reason, handlers) {
      const content = { User: { state, reasonCodeId: reason?.id } };
      ClientServices.makeRequest(this._path, handlers ?? {}, { method: "PUT", content });
    }
    /** @param {string} number @param {any} [handlers] */
    makeCall(number, handlers) {
      const content = {
        Dialog: {
          requestedAction: "MAKE_CALL",
          fromAddress: this.getExtension(),
          toAddress: number,
        },
      };
      ClientServices.makeRequest(`${this._path}/Dialogs`, handlers ?? {}, {
        method: "POST",
        content,
      });
    }
  }
  /** @type {any} */ (User).States = Object.fromEntries(
    [
      "LOGIN",
      "LOGOUT",
      "NOT_READY",
      "READY",
      "RESERVED",
      "TALKING",
      "HOLD",
      "WORK",
      "WORK_READY",
    ].map((s) => [s, s]),
  );

  class Dialogs extends RestBase {
    /** @type {Record<string, Dialog>} */
    _collection = {};
    /** @param {User} user @param {any} told */
    constructor(user, told) {
      super("Dialogs", `${user._path}/Dialogs`, told);
      this._added = told.onCollectionAdd ? [told.onCollectionAdd] : [];
      this._removed = told.onCollectionDelete ? [told.onCollectionDelete] : [];
      this._begin();
    }
    getCollection() {
      return this._collection;
    }
    /** @param {any} data */
    _take(data) {
      const first = this._data === null;
      this._data = data ?? {};
      const items = Utilities.getArray(data?.Dialog);
      const ids = new Set(items.map((/** @type {any} */ item) => item.id));
      for (const [id, dialog] of Object.entries(this._collection))
        if (!ids.has(id)) this.#remove(dialog);
      for (const item of items) this.#put(item, !first);
      this._fire(first ? "load" : "change", this);
    }
    /** @param {any} update */
    _hear(update) {
      const event = update?.event?.toUpperCase();
      const one = under(update?.data, "Dialog");
      if (one) this.#put(one, true);
      for (const item of Utilities.getArray(under(update?.data, "Dialogs")?.Dialog)) {
        if (event === "DELETE") {
          const dialog = this._collection[item.id];
          if (dialog) {
            dialog._data = item;
            this.#remove(dialog);
          }
        } else this.#put(item, true);
      }
    }
    /** @param {any} item @param {boolean} tell */
    #put(item, tell) {
      const known = this._collection[item.id];
      if (known) return known._take(item);
      const dialog = new Dialog(item);
      this._collection[item.id] = dialog;
      if (tell) this._added.forEach((/** @type {any} */ handler) => handler(dialog));
    }
    /** @param {Dialog} dialog */
    #remove(dialog) {
      delete this._collection[dialog._data.id];
      dialog._fire("delete", dialog);
      this._removed.forEach((/** @type {any} */ handler) => handler(dialog));
    }
  }

  class Dialog extends RestBase {
    /** @param {any} data */
    constructor(data) {
      super("Dialog", data.uri ?? `/finesse/api/Dialog/${data.id}`, {});
      this._data = data;
    }
    getState() {
      return this._data.state ?? "";
    }
    getFromAddress() {
      return this._data.fromAddress ?? "";
    }
    getToAddress() {
      return this._data.toAddress ?? "";
    }
    getMediaType() {
      return this._data.mediaType ?? "";
    }
    getMediaProperties() {
      const properties = this._data.mediaProperties ?? {};
      const variables = Utilities.getArray(properties.callvariables?.CallVariable);
      return {
        ...properties,
        ...Object.fromEntries(variables.map((/** @type {any} */ v) => [v.name, v.value])),
      };
    }
    getParticipants() {
      return Utilities.getArray(this._data.participants?.Participant);
    }
    /** @param {string} address @param {string} action @param {any} [handlers] */
    requestAction(address, action, handlers) {
      const content = { Dialog: { targetMediaAddress: address, requestedAction: action } };
      ClientServices.makeRequest(this._path, handlers ?? {}, { method: "PUT", content });
    }
  }
  /** @type {any} */ (Dialog).Actions = Object.fromEntries(
    ["ANSWER", "HOLD", "RETRIEVE", "DROP"].map((a) => [a, a]),
  );
  /** @type {any} */ (Dialog).States = Object.fromEntries(
    ["INITIATING", "INITIATED", "ALERTING", "ACTIVE", "FAILED", "DROPPED", "ACCEPTED"].map((s) => [
      s,
      s,
    ]),
  );

  const Topics = {
    ACTIVE_TAB: "finesse.containerservices.activeTab",
    TIMER_TICK_EVENT: "finesse.containerservices.timerTickEvent",
    WORKFLOW_ACTION_EVENT: "finesse.containerservices.workflowActionEvent",
    GADGET_VIEW_CHANGED_EVENT: "finesse.containerservices.gadgetViewChangedEvent",
    MAX_AVAILABLE_HEIGHT_CHANGED_EVENT: "finesse.containerservices.maxAvailableHeightChangedEvent",
  };
  /** @type {any} */
  let services = null;
  const ContainerServices = {
    Topics,
    init() {
      services ??= {
        tabVisible: () => tabPanel()?.hidden === false,
        getMyTabId: () => tabPanel()?.id.replace("panel_", "") ?? null,
        getMyGadgetId: () => prefs.getModuleId(),
        makeActiveTabReq: () =>
          (hub ?? gadgets.Hub).publish("finesse.containerservices.requests", {
            type: "ActiveTabReq",
            data: {},
            invokeID: Date.now(),
          }),
        /** @param {string} topic @param {(argument: any) => void} handler */
        addHandler(topic, handler) {
          let visible = false; // so that asking at the start tells a tab that is in front already
          (hub ?? gadgets.Hub).subscribe(
            topic,
            (/** @type {string} */ _topic, /** @type {any} */ data) => {
              if (topic !== Topics.ACTIVE_TAB) return handler(data);
              const now = data === services.getMyTabId();
              if (now && !visible) handler(services);
              visible = now;
            },
          );
        },
      };
      return services;
    },
  };
  const tabPanel = () =>
    /** @type {HTMLElement | null} */ (window.frameElement?.closest("div.tab-panel") ?? null);

  const ClientLogger = {
    init() {},
    /** @param {string} message */
    log(message) {
      hub?.publish(`finesse.clientLogging.${prefs.getModuleId()}`, message);
    },
  };

  Object.assign(window, {
    finesse: {
      gadget: { Config },
      container: { Config },
      utilities: { Utilities },
      clientservices: { ClientServices },
      restservices: { User, Dialogs, Dialog, RestBase },
      containerservices: { ContainerServices },
      cslogger: { ClientLogger },
    },
  });
})();
