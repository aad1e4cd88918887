// The Finesse desktop: the only file that uses gadgets.* and finesse.*, and only once it is called.
// Sources: OpenSocial 1.1, and Finesse's developer guide, 12.5 to 15.0.

import { followDialogs, knownDialogs } from "./desktop-calls.js";
import { isInDesktop, node } from "./page.js";
import { readRefusals } from "./refusals.js";

/** @typedef {import("./types.d.ts").DialogData} DialogData */
/** @typedef {import("./types.d.ts").UserData} UserData */
/** @typedef {{status: number, text: string}} Answer */
/** @typedef {import("./refusals.js").Refusal} Refusal */
/**
 * Handlers for what happens on the desktop; each is optional.
 * @typedef {object} DesktopListener
 * @property {(user: UserData) => void} [agent] the agent as Finesse has them now
 * @property {(dialogs: DialogData[]) => void} [calls] every call that the agent has
 * @property {(labels: Map<string, string>) => void} [layout] the labels of the team's call
 * variables, by name
 * @property {(dialog: DialogData) => void} [ended] a call that is off the desktop
 * @property {(refusal: Refusal) => void} [refused] Finesse refused a command
 * @property {(requestId: string) => void} [acknowledged] Finesse has done what a request asked
 * @property {(isConnected: boolean) => void} [connected] the connection to Finesse came or went
 * @property {(what: "agent" | "calls") => void} [failed] the library could not load
 */

/**
 * Milliseconds to wait for the container's proxy, which gives up after 5 s but may never call back.
 */
const REQUEST_TIMEOUT_MS = 9000;
/** Milliseconds to wait for the desktop's hub, and then for the agent. */
const CONNECT_TIMEOUT_MS = 15_000;

/** Milliseconds until what the library could not load is tried again. */
const LOAD_RETRY_MS = 5000;

/** @type {any} */
let knownPrefs;

/** Return the container's preferences for this gadget. */
function prefs() {
  knownPrefs ??= new gadgets.Prefs();
  return knownPrefs;
}

/**
 * Return the desktop's configuration; libraries before 11.0 leave it to each gadget to gather it.
 */
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
    ...Object.fromEntries(names.map((name) => [name, prefs().getString(name)])),
    clientDriftInMillis: prefs().getInt("clientDriftInMillis"),
  };
  finesse.gadget = { ...finesse.gadget, Config: gathered };
  finesse.container = { ...finesse.container, Config: gathered };
  return gathered;
}

/**
 * Return the agent's credential; read at each use, as an access token is refreshed while the gadget
 * runs.
 */
function authorization() {
  const { Utilities } = finesse.utilities;
  return Utilities.getAuthHeaderString?.(config()) ?? `Basic ${Utilities.getUserAuthString()}`;
}

/** Reads the agent's calls again, once they are followed. */
let readCalls = () => {};

/** @type {any} */
let knownServices;

/** Return the container's services; null where it has none, as on another origin than its own. */
function containerServices() {
  try {
    return (knownServices ??= finesse.containerservices.ContainerServices.init());
  } catch {
    return null;
  }
}

export const desktop = {
  get language() {
    return prefs().getLang?.() || prefs().getString("language") || "en";
  },

  /** Return a text of the bundle in the agent's language. @param {string} key */
  message: (key) => prefs().getMsg(key),

  /**
   * The service's address: from the layout, by `?service=` in the gadget's address, or else from
   * the build. The agent's credential is sent there, so the address counts only inside the desktop,
   * not in a link that somebody sent or in a frame of another site.
   */
  get service() {
    if (!isInDesktop()) return "";
    const spec = new URLSearchParams(location.search).get("url") ?? "";
    const configured = new URL(spec, location.href).searchParams.get("service");
    return (configured || window.callcardBoot.service || "").replace(/\/+$/, "");
  },

  get agentId() {
    return config().id;
  },

  /** Which bundle this is, and where it runs. */
  get about() {
    const { version, bundle } = window.callcardBoot;
    return { version, bundle, node: node(), service: desktop.service };
  },

  /** The server's clock, in milliseconds: this computer's may be far off. */
  get now() {
    return Date.now() - (Number(config().clientDriftInMillis) || 0);
  },

  /**
   * Send a request through the container's proxy, with the agent's own Finesse credential. Resolve
   * with any answer; status 0 or 504 means that there was none.
   * @param {string} method GET, POST or PUT: the proxy has no PATCH and drops a DELETE's body
   * @param {string} url
   * @param {object} [body]
   * @param {AbortSignal} [signal]
   * @returns {Promise<Answer>}
   */
  request(method, url, body, signal) {
    const { RequestParameters, ContentType } = gadgets.io;
    // The proxy's cache would give one agent the answer to another: hence no refresh interval, a
    // unique address, and the service's no-store.
    const random = `${Date.now()}${Math.random().toString(36).slice(2, 8)}`;
    const unique = method === "GET" ? `${url.includes("?") ? "&" : "?"}nocache=${random}` : "";
    const headers = {
      Authorization: authorization(),
      "X-Finesse-User": desktop.agentId,
      "X-Finesse-Node": node(),
      "Content-Type": "application/json",
    };
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => resolve({ status: 0, text: "" }), REQUEST_TIMEOUT_MS);
      signal?.addEventListener("abort", () => {
        clearTimeout(timer);
        reject(signal.reason);
      });
      gadgets.io.makeRequest(
        url + unique,
        (/** @type {any} */ answer) => {
          clearTimeout(timer);
          resolve({ status: answer.rc ?? 0, text: answer.text ?? "" });
        },
        {
          [RequestParameters.METHOD]: method,
          [RequestParameters.HEADERS]: headers,
          [RequestParameters.POST_DATA]: body ? JSON.stringify(body) : "",
          [RequestParameters.CONTENT_TYPE]: ContentType.TEXT,
          [RequestParameters.REFRESH_INTERVAL]: 0,
        },
      );
    });
  },

  /**
   * Follow the agent and their calls until `signal` aborts. Resolve once the library listens;
   * reject if the desktop's hub does not connect.
   * @param {DesktopListener} given @param {AbortSignal} [signal]
   */
  async follow(given, signal) {
    const listener = untilAborted(given, signal);
    const client = await Promise.race([
      window.callcardBoot.hub,
      new Promise((_, reject) => setTimeout(() => reject(new Error("no hub")), CONNECT_TIMEOUT_MS)),
    ]);
    const { ClientServices } = finesse.clientservices;
    ClientServices.init(config(), false);
    ClientServices.registerOnDisconnectHandler(() => listener.connected?.(false));
    ClientServices.registerOnConnectHandler(() => listener.connected?.(true));
    // The proxy may never call back, and then the library reports nothing either.
    const timer = setTimeout(() => listener.failed?.("agent"), CONNECT_TIMEOUT_MS);
    const user = new finesse.restservices.User({
      id: desktop.agentId,
      onLoad: () => {
        clearTimeout(timer);
        listener.agent?.(user.getData());
        const calls = followDialogs(user, listener, retry);
        readCalls = () => guarded(calls.read);
        guarded(readLayout);
      },
      onChange: () => listener.agent?.(user.getData()),
      onError: () => {
        listener.failed?.("agent");
        retry(() => user.refresh());
      },
    });
    for (const topic of [
      `finesse.api.User.${desktop.agentId}`,
      `finesse.api.User.${desktop.agentId}.Dialogs`,
    ]) {
      // The library reports refusals only of its own requests; those of the service's arrive on the
      // same topic.
      client.subscribe(topic, (/** @type {string} */ _topic, /** @type {any} */ message) =>
        guarded(() => onUpdate(message?.object?.Update)),
      );
    }

    /** Try again what the library could not load. @param {() => void} load */
    function retry(load) {
      setTimeout(() => !signal?.aborted && guarded(load), LOAD_RETRY_MS);
    }

    /** Read the labels of the call variables that the team's layout shows. */
    function readLayout() {
      const onLoad = (/** @type {any} */ layout) =>
        guarded(() => {
          const { header, columns } = layout.getData();
          const entries = [header, ...columns.flat()];
          listener.layout?.(
            new Map(entries.map((entry) => [entry.mediaProperty, entry.displayName])),
          );
        });
      const layout = user.getMediaPropertiesLayout({
        onLoad,
        onError: () => retry(() => layout.refresh()),
      });
    }

    /** @param {any} update */
    function onUpdate(update) {
      const refusals = readRefusals(update);
      for (const refusal of refusals) listener.refused?.(refusal);
      if (update?.requestId && !refusals.length) listener.acknowledged?.(update.requestId);
    }
  },

  /** Read the agent's calls again: without a connection, Finesse reports no change. */
  readCalls: () => readCalls(),

  /**
   * Keep the gadget as high as `element`.
   * @param {Element} element @param {AbortSignal} [signal]
   */
  fitHeight(element, signal) {
    let known = 0;
    const adjust = () => {
      const height = Math.ceil(element.getBoundingClientRect().height);
      if (!height || height === known) return; // in a hidden tab it is 0
      known = height;
      gadgets.window.adjustHeight(height);
    };
    const observer = new ResizeObserver(adjust);
    observer.observe(element);
    signal?.addEventListener("abort", () => observer.disconnect());
    adjust();
  },

  /** Set the title above the gadget. @param {string} title */
  setTitle: (title) => gadgets.window.setTitle(title),

  /**
   * Follow the workflow actions that Finesse leaves to gadgets. By the container's services: a
   * listener on the hub would take the actions away from Finesse's own workflows.
   * @param {(params: Record<string, string>) => void} onAction gets the parameters, variables
   * filled in
   * @param {AbortSignal} [signal]
   */
  async followWorkflows(onAction, signal) {
    await window.callcardBoot.hub;
    containerServices()?.addHandler(
      finesse.containerservices.ContainerServices.Topics.WORKFLOW_ACTION_EVENT,
      (/** @type {any} */ event) =>
        guarded(() => {
          const handler = String(event.getHandledBy?.() ?? "").toUpperCase();
          if (signal?.aborted || handler !== "OTHER") return;
          const params = Object.values(event.getParams?.() ?? {});
          onAction(
            Object.fromEntries(
              params.map((/** @type {any} */ param) => [
                param.name,
                param.expandedValue ?? param.value ?? "",
              ]),
            ),
          );
        }),
    );
  },

  /**
   * Send a command to a call by the library, without the service. Reject with `{refusal}` if Finesse
   * refuses it, with `{code}` if it can't be reached.
   * @param {string} callId @param {string} extension the agent's own
   * @param {string} action Finesse's name of it
   * @returns {Promise<{request_id: string, outcome: string}>}
   */
  command: (callId, extension, action) =>
    new Promise((resolve, reject) => {
      const error = (/** @type {any} */ response) => {
        const [refusal] = readRefusals({ data: { apiErrors: response?.object?.ApiErrors } });
        reject(refusal ? { refusal } : { code: "finesse-unreachable" });
      };
      const success = () => resolve({ request_id: "", outcome: "" });
      knownDialogs.get(callId)?.requestAction(extension, action, { success, error });
    }),

  /** Register keyboard shortcuts, where Finesse has them (12.0). @param {object[]} shortcuts */
  registerShortcuts: (shortcuts) =>
    guarded(() => {
      const service = finesse.shortcutkey?.ShortcutKeyService;
      service?.init?.();
      service?.registerShortcutKey(shortcuts);
    }),

  /** Bring the gadget's tab to the front. */
  activateTab: () => guarded(() => containerServices()?.activateMyTab()),

  /**
   * Show a notification of the browser, unless the agent has the desktop before them; 12.0 and
   * later.
   * @param {string} title @param {string} body
   */
  notify(title, body) {
    guarded(() => {
      const toaster = finesse.containerservices?.FinesseToaster;
      if (!toaster || !isInDesktop() || window.parent.document.hasFocus()) return;
      toaster.init(config(), finesse.cslogger?.ClientLogger);
      toaster.showToaster(title, { body, showWhenVisible: true });
    });
  },

  /** Remove the container's loading indicator. */
  dismissLoading: () => gadgets.loadingindicator?.dismiss(),
};

/**
 * Return handlers that do nothing once `signal` aborts: the library has no way to unsubscribe.
 * @param {DesktopListener} listener @param {AbortSignal} [signal] @returns {DesktopListener}
 */
function untilAborted(listener, signal) {
  /** @param {[string, Function]} entry */
  const guard = ([name, handler]) => [
    name,
    (/** @type {unknown} */ value) => !signal?.aborted && handler(value),
  ];
  return Object.fromEntries(Object.entries(listener).map(guard));
}

/**
 * Run a handler and log what it throws: the hub swallows exceptions.
 * @param {() => void} handler
 */
function guarded(handler) {
  try {
    handler();
  } catch (error) {
    console.error(error);
  }
}
