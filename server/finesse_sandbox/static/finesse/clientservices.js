// finesse.clientservices: requests to Finesse, subscriptions, and the state of the connection.

(() => {
  const { finesse } = window;
  const { Config } = finesse.gadget;
  const { Utilities } = finesse.utilities;
  const { stub } = finesse.internal;

  const CONNECTION_EVENTS = [
    "Connect",
    "Disconnect",
    "Connecting",
    "Disconnecting",
    "Reconnecting",
    "Unloading",
  ];
  /** Finesse reports by then what became of a request that it accepted. */
  const OUTCOME_TIMEOUT_MS = 30_000;
  const ACCEPTED = 202;

  const Topics = {
    REQUESTS: "finesse.info.requests",
    RESPONSES: "finesse.info.responses",
    EVENTS_CONNECTION_INFO: "finesse.info.connection",
    PRESENCE: "finesse.info.presence",
    /** Return the topic of an object's events. @param {string} path of the object */
    getTopic: (path) => path.replace(/^\//, "").replaceAll("/", "."),
  };

  /** @type {any} */
  let hub = null;
  /** @type {any} */
  let logger = null;
  let status = "";
  /** Ids of the hub's subscriptions by topic. @type {Map<string, string>} */
  const subscriptions = new Map();
  /** One handler an event, as in the vendor's library. @type {Map<string, () => void>} */
  const connectionHandlers = new Map();
  /** Objects that follow their state on the server. @type {Set<{refresh: () => void}>} */
  const followed = new Set();
  /** Error handlers of requests that Finesse has accepted, by request id.
   * @type {Map<string, (response: any) => void>} */
  const pendingRequests = new Map();

  /** @type {any} */
  const ClientServices = {
    /** @param {any} config */
    init(config) {
      if (hub) return;
      hub = config.hub ?? gadgets.Hub;
      if (!hub) throw new Error("ClientServices.init: gadgets.Hub is not connected yet");
      hub.subscribe(
        Topics.EVENTS_CONNECTION_INFO,
        (/** @type {string} */ _topic, /** @type {any} */ info) => onConnectionInfo(info),
      );
      hub.publish(Topics.REQUESTS, {
        type: "ConnectionInfoReq",
        data: {},
        invokeID: Date.now(),
      });
    },
    getHub: () => hub,

    // ---- subscriptions
    /** @param {string} topic @param {(data: any) => void} callback */
    subscribe(topic, callback) {
      if (subscriptions.has(topic)) return false;
      const id = hub.subscribe(topic, (/** @type {string} */ _topic, /** @type {any} */ data) =>
        callback(data),
      );
      subscriptions.set(topic, id);
      return true;
    },
    /** @param {string} topic */
    unsubscribe(topic) {
      hub.unsubscribe(subscriptions.get(topic));
      subscriptions.delete(topic);
    },
    /** Subscribe to a node of the notification service that is not the agent's own.
     * @param {string} node @param {(subscriptionId: any, error?: any) => void} [callback] */
    subscribeNode(node, callback) {
      requestNode("SubscribeNodeReq", node, callback);
    },
    /** @param {string} node @param {string} _subscriptionId
     * @param {(subscriptionId: any, error?: any) => void} [callback] */
    unsubscribeNode(node, _subscriptionId, callback) {
      requestNode("UnsubscribeNodeReq", node, callback);
    },
    /** Refresh an object when a lost connection has come back. @param {any} object */
    addToRefreshList: (object) => void followed.add(object),
    /** @param {any} object */
    removeFromRefreshList: (object) => void followed.delete(object),

    // ---- requests
    /** Send a request as `gadgets.io.makeRequest` does, with the agent's credential.
     * @param {string} path @param {(response: any) => void} onResponse @param {any} [params] */
    makeRequest(path, onResponse, params = {}) {
      const url = `${Config.scheme}://${Config.restHost}:${Config.localhostPort}${path}`;
      gadgets.io.makeRequest(url, onResponse, {
        ...params,
        [gadgets.io.RequestParameters.HEADERS]: {
          ...params[gadgets.io.RequestParameters.HEADERS],
          Authorization: Utilities.getAuthHeaderString(Config),
          locale: Config.locale,
        },
        [gadgets.io.RequestParameters.REFRESH_INTERVAL]: 0,
      });
    },
    getRestHost: () => Config.restHost,

    // ---- connection
    /** @param {() => void} handler */
    registerOnConnectHandler(handler) {
      setConnectionHandler("Connect", handler);
      if (status === "connected") handler();
    },
    /** @param {() => void} handler */
    registerOnDisconnectHandler(handler) {
      setConnectionHandler("Disconnect", handler);
      if (status === "failing") handler();
    },
    getNotificationConnectionState: () => status,
    getResourceID: () => "desktop",
    /** Only the desktop page has a tunnel; a gadget uses the desktop's connection. */
    initBosh: stub(),
    makeConnectionReq: stub(),
    getTunnelURL: stub(""),
    isTunnelLoaded: stub(false),
    setFailoverMode: stub(),
    isMaster: () => false,

    // ---- log
    /** @param {{log: (message: string) => void}} newLogger */
    setLogger(newLogger) {
      logger = newLogger;
    },
    /** @param {string} message */
    log: (message) => logger?.log(message),
  };

  for (const name of CONNECTION_EVENTS) {
    ClientServices[`registerOn${name}Handler`] ??= (/** @type {() => void} */ handler) =>
      setConnectionHandler(name, handler);
    ClientServices[`unregisterOn${name}Handler`] = () => connectionHandlers.delete(name);
  }

  /** @param {string} name @param {() => void} handler */
  function setConnectionHandler(name, handler) {
    if (typeof handler !== "function")
      throw new Error(`ClientServices.registerOn${name}Handler: the handler must be a function`);
    connectionHandlers.set(name, handler);
  }

  /** @param {string} type @param {string} node
   * @param {((subscriptionId: any, error?: any) => void) | undefined} callback */
  function requestNode(type, node, callback) {
    const invokeID = Utilities.generateUUID();
    const topic = `${Topics.RESPONSES}.${invokeID}`;
    const id = hub.subscribe(topic, (/** @type {string} */ _topic, /** @type {any} */ error) => {
      hub.unsubscribe(id);
      callback?.(error ? undefined : node, error ?? undefined);
    });
    hub.publish(Topics.REQUESTS, { type, data: { node }, invokeID });
  }

  /** @param {{status: string}} info */
  function onConnectionInfo(info) {
    const before = status;
    status = info.status === "recovered" ? "connected" : info.status;
    if (status === before) return;
    if (status === "connected") {
      connectionHandlers.get("Connect")?.();
      // Events of the time without a connection are lost.
      if (before === "failing") followed.forEach((object) => object.refresh());
    }
    if (status === "failing" || status === "disconnected") connectionHandlers.get("Disconnect")?.();
  }

  /**
   * Send a request for a REST object. Finesse accepts most commands with 202 and reports a refusal
   * later, as an event with the same request id: `handlers.error` gets that one too.
   * @param {string} path
   * @param {{success?: (response: any) => void, error?: (response: any) => void}} handlers
   * @param {{method?: string, content?: Record<string, any>}} [params]
   */
  function request(path, handlers, params = {}) {
    const method = params.method ?? "GET";
    /** @type {Record<string, string>} */
    const headers = {};
    let address = path;
    let requestId = "";
    if (method === "GET") {
      address += `${path.includes("?") ? "&" : "?"}nocache=${Date.now()}`;
    } else {
      requestId = Utilities.generateUUID();
      headers.requestId = requestId;
      headers["Content-Type"] = "application/xml";
      if (typeof handlers?.error === "function") {
        pendingRequests.set(requestId, handlers.error);
        setTimeout(() => pendingRequests.delete(requestId), OUTCOME_TIMEOUT_MS);
      }
    }
    const onResponse = (/** @type {any} */ response) => {
      if (response.rc !== ACCEPTED) pendingRequests.delete(requestId);
      const object = response.text ? Utilities.xml2JsObj(response.text) : {};
      const succeeded = response.rc >= 200 && response.rc < 300 && object !== null;
      /** @type {any} */
      const answer = { status: response.rc, content: response.text, object: object ?? {} };
      if (!succeeded) {
        const errorType = Utilities.getErrCode(answer);
        answer.error = { errorType, errorMessage: Utilities.getErrMessage(answer) };
      }
      const handler = succeeded ? handlers?.success : handlers?.error;
      if (typeof handler === "function") handler(answer);
    };
    ClientServices.makeRequest(address, onResponse, {
      METHOD: method,
      HEADERS: headers,
      GET_FULL_HEADERS: "true",
      POST_DATA: params.content ? Utilities.js2xml(withoutUndefined(params.content)) : "",
      CONTENT_TYPE: "TEXT",
    });
  }

  /** Leave out the fields that a caller has not given. @param {any} content */
  const withoutUndefined = (content) => JSON.parse(JSON.stringify(content));

  /** Report a refusal to the handler of its request; return whether an event was one.
   * @param {any} message @returns {boolean} */
  function reportRefusal(message) {
    const update = message.object?.Update;
    const refusal = Utilities.getArray(update?.data?.apiErrors?.apiError)[0];
    if (!refusal) return false;
    const onError = pendingRequests.get(update.requestId);
    pendingRequests.delete(update.requestId);
    const { errorType, errorMessage, errorData } = refusal;
    const ApiError = { ErrorType: errorType, ErrorMessage: errorMessage, ErrorData: errorData };
    onError?.({
      status: 400,
      content: message.content,
      object: { ApiErrors: { ApiError } },
      error: { errorType, errorMessage },
    });
    return true;
  }

  Object.assign(finesse.clientservices, { ClientServices, Topics });
  Object.assign(finesse.internal, {
    request,
    reportRefusal,
    getHub: () => hub ?? gadgets.Hub,
    /** @param {string} path @param {string} method @param {any} content @param {any} [handlers] */
    send: (path, method, content, handlers) => request(path, handlers ?? {}, { method, content }),
  });
})();
