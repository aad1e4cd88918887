// finesse.clientservices: requests to Finesse, subscriptions, and the state of the connection.

(() => {
  const { finesse } = window;
  const { Config } = finesse.gadget;
  const { Utilities } = finesse.utilities;

  const CONNECTION_EVENTS = [
    "Connect",
    "Disconnect",
    "Connecting",
    "Disconnecting",
    "Reconnecting",
    "Unloading",
  ];

  /** @type {any} */
  let hub = null;
  let status = "";
  /** Ids of the hub's subscriptions by topic. @type {Map<string, string>} */
  const subscriptions = new Map();
  /** Handlers by the name of their event. @type {Map<string, ((info: any) => void)[]>} */
  const connectionHandlers = new Map(CONNECTION_EVENTS.map((name) => [name, []]));
  /** Objects that follow their state on the server. @type {Set<{refresh: () => void}>} */
  const followed = new Set();

  /** @type {any} */
  const ClientServices = {
    /** @param {any} config */
    init(config) {
      if (hub) return;
      hub = config.hub ?? gadgets.Hub;
      if (!hub) throw new Error("ClientServices.init: gadgets.Hub is not connected yet");
      hub.subscribe(
        "finesse.info.connection",
        (/** @type {string} */ _topic, /** @type {any} */ info) => onConnectionInfo(info),
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
     * @param {string} node @param {(error?: any) => void} [callback] */
    subscribeNode(node, callback) {
      requestNode("SubscribeNodeReq", node, callback);
    },
    /** @param {string} node @param {string} _subid @param {(error?: any) => void} [callback] */
    unsubscribeNode(node, _subid, callback) {
      requestNode("UnsubscribeNodeReq", node, callback);
    },

    /**
     * @param {string} path
     * @param {{success?: (response: any) => void, error?: (response: any) => void}} handlers
     * @param {{method?: string, content?: Record<string, any>}} [params]
     */
    makeRequest(path, handlers, params = {}) {
      const method = params.method ?? "GET";
      /** @type {Record<string, string>} */
      const headers = {
        Authorization: Utilities.getAuthHeaderString(Config),
        locale: Config.locale,
      };
      let url = `${Config.scheme}://${Config.restHost}:${Config.localhostPort}${path}`;
      if (method === "GET") {
        url += `${path.includes("?") ? "&" : "?"}nocache=${Date.now()}`;
      } else {
        headers.requestId = Utilities.generateUUID();
        headers["Content-Type"] = "application/xml";
      }
      const onResponse = (/** @type {any} */ response) => {
        const object = response.text ? Utilities.xml2JsObj(response.text) : {};
        const succeeded = response.rc >= 200 && response.rc < 300 && object !== null;
        const handler = succeeded ? handlers?.success : handlers?.error;
        if (typeof handler === "function")
          handler({ status: response.rc, content: response.text, object: object ?? {} });
      };
      gadgets.io.makeRequest(url, onResponse, {
        METHOD: method,
        HEADERS: headers,
        REFRESH_INTERVAL: 0,
        GET_FULL_HEADERS: "true",
        POST_DATA: params.content ? Utilities.js2xml(params.content) : "",
        CONTENT_TYPE: "TEXT",
      });
    },

    /** @param {(info: any) => void} handler */
    registerOnConnectHandler(handler) {
      connectionHandlers.get("Connect")?.push(handler);
      if (status === "connected") handler({ status });
    },
    /** @param {(info: any) => void} handler */
    registerOnDisconnectHandler(handler) {
      connectionHandlers.get("Disconnect")?.push(handler);
      if (status === "failing") handler({ status });
    },

    setLogger() {},
    /** Only the desktop page has a tunnel; a gadget uses the desktop's connection. */
    initBosh() {},
    getTunnelURL: () => "",
    getResourceID: () => "desktop",
    makeConnectionReq() {},
    getNotificationConnectionState: () => status,
    getRestHost: () => Config.restHost,
    isMaster: () => false,
  };

  for (const name of CONNECTION_EVENTS) {
    ClientServices[`registerOn${name}Handler`] ??= (/** @type {(info: any) => void} */ handler) =>
      connectionHandlers.get(name)?.push(handler);
    ClientServices[`unregisterOn${name}Handler`] = () => connectionHandlers.set(name, []);
  }

  /** @param {string} type @param {string} node
   * @param {((error?: any) => void) | undefined} callback */
  function requestNode(type, node, callback) {
    const invokeID = Utilities.generateUUID();
    const topic = `finesse.info.responses.${invokeID}`;
    const id = hub.subscribe(topic, (/** @type {string} */ _topic, /** @type {any} */ error) => {
      hub.unsubscribe(id);
      callback?.(error);
    });
    hub.publish("finesse.info.requests", { type, data: { node }, invokeID });
  }

  /** @param {{status: string}} info */
  function onConnectionInfo(info) {
    const before = status;
    status = info.status === "recovered" ? "connected" : info.status;
    if (status === before) return;
    if (status === "connected") {
      connectionHandlers.get("Connect")?.forEach((handler) => handler(info));
      // Events of the time without a connection are lost.
      if (before === "failing") followed.forEach((object) => object.refresh());
    }
    if (status === "failing" || status === "disconnected")
      connectionHandlers.get("Disconnect")?.forEach((handler) => handler(info));
  }

  finesse.clientservices.ClientServices = ClientServices;
  finesse.internal.followed = followed;
  finesse.internal.getHub = () => hub ?? gadgets.Hub;
  /** @param {string} path @param {string} method @param {any} content @param {any} [handlers] */
  finesse.internal.send = (path, method, content, handlers) =>
    ClientServices.makeRequest(path, handlers ?? {}, { method, content });
})();
