// The only door to the Finesse desktop: nobody else touches gadgets.* or finesse.*.
// Facts: the container's contract as in OpenSocial 1.1 and Finesse's developer guide, 12.5 to 15.0.

import { list } from "./list.js";

/** @typedef {import("./types.d.ts").DialogData} DialogData */
/** @typedef {import("./types.d.ts").UserData} UserData */
/** @typedef {{status: number, text: string}} Answer */
/** @typedef {{requestId: string, source: string, type: string, message: string, code: string}} Refusal */

/** Milliseconds without an answer from the container's proxy, which itself gives up after 5 s but may never call back. */
const WATCHDOG = 9000;
/** Milliseconds to wait for the desktop's hub, and then for the agent. */
const PATIENCE = 15_000;

/** @type {Promise<any>} */
const hub = window.callcardBoot.hub;
const prefs = new gadgets.Prefs();

/** Libraries before 11.0 leave it to each gadget to gather what the desktop knows of the agent. */
function config() {
  const known = finesse.gadget?.Config;
  if (known?.id) return known;
  const names = [
    "id",
    "authorization",
    "scheme",
    "host",
    "restHost",
    "hostPort",
    "localhostPort",
    "locale",
    "xmppDomain",
    "pubsubDomain",
  ];
  const gathered = {
    ...Object.fromEntries(names.map((name) => [name, prefs.getString(name)])),
    clientDriftInMillis: prefs.getInt("clientDriftInMillis"),
  };
  finesse.gadget = { ...finesse.gadget, Config: gathered };
  finesse.container = { ...finesse.container, Config: gathered };
  return gathered;
}

/** Read at each use: an access token may be refreshed while the gadget runs. */
function authorization() {
  const { Utilities } = finesse.utilities;
  return Utilities.getAuthHeaderString?.(config()) ?? `Basic ${Utilities.getUserAuthString()}`;
}

/** The node on which this desktop is, host and port: the service must give the agent's orders to the same one. */
function node() {
  const { hostname, port, protocol } = location;
  return `${hostname}:${port || (protocol === "https:" ? "443" : "80")}`;
}

export const desktop = {
  language: prefs.getLang?.() || prefs.getString("language") || "en",

  /** @param {string} key */
  message: (key) => prefs.getMsg(key),

  /**
   * Where Callcard's service is: what the layout says in the gadget's address, else what the bundle was built with. The agent's
   * credential goes there, so the address is believed only inside the desktop, not of a link that somebody sent.
   */
  get service() {
    if (window.parent === window) return "";
    const spec = new URLSearchParams(location.search).get("url") ?? "";
    const told = new URL(spec, location.href).searchParams.get("service");
    return (told || window.callcardBoot.service || "").replace(/\/+$/, "");
  },

  get agentId() {
    return config().id;
  },

  /** What the server's clock says, in milliseconds: this computer's may be far off. */
  get now() {
    return Date.now() - (Number(config().clientDriftInMillis) || 0);
  },

  /**
   * Ask through the container's proxy, with the agent's own Finesse credential. Resolves with any answer of the service;
   * status 0 or 504 says that there was none.
   * @param {string} method GET, POST or PUT: the proxy has no PATCH and drops a DELETE's body
   * @param {string} url
   * @param {object} [body]
   * @param {AbortSignal} [signal]
   * @returns {Promise<Answer>}
   */
  request(method, url, body, signal) {
    const { RequestParameters: is, ContentType } = gadgets.io;
    // Three locks against the proxy's cache, which would answer one agent with what another got: no refresh interval, a
    // unique address, and the service's own no-store.
    const unique =
      method === "GET"
        ? `${url.includes("?") ? "&" : "?"}nocache=${Date.now()}${Math.random().toString(36).slice(2, 8)}`
        : "";
    const headers = {
      Authorization: authorization(),
      "X-Finesse-User": desktop.agentId,
      "X-Finesse-Node": node(),
      "Content-Type": "application/json",
    };
    return new Promise((resolve, reject) => {
      const watchdog = setTimeout(() => resolve({ status: 0, text: "" }), WATCHDOG);
      signal?.addEventListener("abort", () => (clearTimeout(watchdog), reject(signal.reason)));
      gadgets.io.makeRequest(
        url + unique,
        (/** @type {any} */ answer) => {
          clearTimeout(watchdog);
          resolve({ status: answer.rc ?? 0, text: answer.text ?? "" });
        },
        {
          [is.METHOD]: method,
          [is.HEADERS]: headers,
          [is.POST_DATA]: body ? JSON.stringify(body) : "",
          [is.CONTENT_TYPE]: ContentType.TEXT,
          [is.REFRESH_INTERVAL]: 0,
        },
      );
    });
  },

  /**
   * Follow the agent and their calls. Resolves once the library listens; rejects if the desktop's hub does not come.
   * @param {{
   *   agent: (user: UserData) => void, calls: (dialogs: DialogData[]) => void, ended: (dialog: DialogData) => void,
   *   refused: (refusal: Refusal) => void, answered?: (requestId: string) => void, connected: (now: boolean) => void, failed: (what: string) => void,
   * }} listener
   */
  async follow(listener) {
    const client = await Promise.race([
      hub,
      new Promise((_, reject) => setTimeout(() => reject(new Error("no hub")), PATIENCE)),
    ]);
    const { ClientServices } = finesse.clientservices;
    ClientServices.init(config(), false);
    ClientServices.registerOnDisconnectHandler(() => listener.connected(false));
    ClientServices.registerOnConnectHandler(() => listener.connected(true));
    // The proxy may never call back, and then the library says nothing either.
    const waiting = setTimeout(() => listener.failed("agent"), PATIENCE);
    const user = new finesse.restservices.User({
      id: desktop.agentId,
      onLoad: () => {
        clearTimeout(waiting);
        listener.agent(user.getData());
        followDialogs();
      },
      onChange: () => listener.agent(user.getData()),
      onError: () => listener.failed("agent"),
    });
    for (const topic of [
      `finesse.api.User.${desktop.agentId}`,
      `finesse.api.User.${desktop.agentId}.Dialogs`,
    ]) {
      // The library tells refusals only for requests of its own; the service's come past it on the same topic.
      client.subscribe(topic, (/** @type {string} */ _topic, /** @type {any} */ message) =>
        guarded(() => hearRefusal(message?.object?.Update)),
      );
    }

    function followDialogs() {
      /** @type {Map<string, DialogData>} */
      const dialogs = new Map();
      const changed = () => listener.calls([...dialogs.values()]);
      const put = (/** @type {any} */ dialog) => {
        const data = dialog.getData();
        if (!data?.id) return;
        if (!dialogs.has(data.id)) dialog.addHandler("change", put);
        dialogs.set(data.id, data);
        changed();
      };
      const remove = (/** @type {any} */ dialog) => {
        const data = dialog.getData();
        if (!dialogs.delete(data?.id)) return; // told twice
        listener.ended(data);
        changed();
      };
      const collection = user.getDialogs({
        onLoad: () => {
          Object.values(collection.getCollection()).forEach(put);
          changed();
        },
        onCollectionAdd: put,
        onCollectionDelete: remove,
        onError: () => listener.failed("calls"),
      });
    }

    /** @param {any} update */
    function hearRefusal(update) {
      if (update?.requestId && !update.data?.apiErrors) listener.answered?.(update.requestId);
      for (const error of list(update?.data?.apiErrors?.apiError)) {
        listener.refused({
          requestId: update.requestId ?? "",
          source: update.source ?? "",
          type: error.errorType ?? "",
          message: error.errorMessage ?? "",
          code: String(error.errorData ?? ""),
        });
      }
    }
  },

  /** Let the desktop give the gadget the height it needs; asked again whenever `element` changes its own. @param {Element} element */
  fit(element) {
    let asked = 0;
    const ask = () => {
      const height = Math.ceil(element.getBoundingClientRect().height);
      if (height && height !== asked) gadgets.window.adjustHeight((asked = height)); // a hidden tab measures nothing
    };
    new ResizeObserver(ask).observe(element);
    ask();
  },

  /** @param {string} title */
  setTitle: (title) => gadgets.window.setTitle(title),

  /**
   * Hear of the workflow actions that are left to gadgets. Through the container's services: who listens on the hub instead takes the
   * actions away from Finesse's own workflows.
   * @param {(params: Record<string, string>) => void} hear by the params' names, their variables filled in
   */
  async followWorkflows(hear) {
    await hub;
    try {
      const { ContainerServices } = finesse.containerservices;
      const services = ContainerServices.init();
      services.addHandler(
        ContainerServices.Topics.WORKFLOW_ACTION_EVENT,
        (/** @type {any} */ event) =>
          guarded(() => {
            if (String(event.getHandledBy?.() ?? "").toUpperCase() !== "OTHER") return;
            const params = Object.values(event.getParams?.() ?? {});
            hear(
              Object.fromEntries(
                params.map((/** @type {any} */ param) => [
                  param.name,
                  param.expandedValue ?? param.value ?? "",
                ]),
              ),
            );
          }),
      );
    } catch (error) {
      console.warn("no workflow actions here:", error); // hosted in another origin than the desktop's
    }
  },

  dismissLoading: () => gadgets.loadingindicator?.dismiss(),
};

/** The hub swallows exceptions; the console must not. @param {() => void} handler */
function guarded(handler) {
  try {
    handler();
  } catch (error) {
    console.error(error);
  }
}
