// The signed-in user's connection to Finesse: REST in XML, and notifications as a stream of JSON
// lines, reopened when it breaks.

import { parseXml, toElements, toObject } from "./xml.js";

/** @typedef {{node: string, update: string}} Notification */
/** @typedef {"connected" | "failing" | "recovered"} Status */

const RECONNECT_DELAYS_MS = [500, 1000, 2000, 4000, 8000];
/** Failed attempts after which the desktop looks whether the other node is in service. */
const ATTEMPTS_BEFORE_FAILOVER = 2;
/** The server sends a heartbeat every 5 s. */
const STREAM_TIMEOUT_MS = 12_000;

export class Session {
  #isStopped = false;
  /** @type {AbortController | null} */
  #stream = null;
  /** Names the event stream: gadgets subscribe to further nodes for it. */
  #jid = "";
  /** How many gadgets have subscribed to each node. @type {Map<string, number>} */
  #nodes = new Map();

  /** @param {string} id @param {string} password */
  constructor(id, password) {
    this.id = id;
    /** The other node, and the ticket that continues the session there.
     * @type {{origin: string, ticket: string} | null} */
    this.otherNode = null;
    this.moveToOtherNode = () => {};
    const credentials = new TextEncoder().encode(`${id}:${password}`);
    /** Basic credentials, as gadgets find them in sessionStorage. */
    this.authorization = btoa(String.fromCharCode(...credentials));
  }

  /** @param {string} id @param {string} authorization */
  static restore(id, authorization) {
    const session = new Session(id, "");
    session.authorization = authorization;
    return session;
  }

  /** @param {string} path @param {{method?: string, body?: string}} [options] */
  async fetch(path, options = {}) {
    const headers = {
      Authorization: `Basic ${this.authorization}`,
      "Content-Type": "application/xml",
    };
    const response = await fetch(path, { ...options, headers });
    if (response.ok) return response;
    throw new Error(await errorMessage(response));
  }

  /** @param {Record<string, string>} fields */
  putUser(fields) {
    return this.fetch(`/finesse/api/User/${encodeURIComponent(this.id)}`, {
      method: "PUT",
      body: `<User>${toElements(fields)}</User>`,
    });
  }

  /**
   * Listen until `stop()`. Resolves once the stream is open; rejects if that fails the first time.
   * @param {(notification: Notification) => void} onNotification
   * @param {(status: Status) => void} onStatus
   */
  async listen(onNotification, onStatus) {
    const stream = await this.#open();
    onStatus("connected");
    void this.#listenFrom(stream, onNotification, onStatus);
  }

  /**
   * Subscribe a gadget to a node of the notification service, or end that. Several gadgets may
   * have subscribed to the same node; the server gets the first and the last request.
   * @param {string} node @param {boolean} subscribe
   * @returns {Promise<string>} an error message; empty if all went well
   */
  async setNodeSubscription(node, subscribe) {
    const count = (this.#nodes.get(node) ?? 0) + (subscribe ? 1 : -1);
    this.#nodes.set(node, Math.max(0, count));
    const isFirstOrLast = count === (subscribe ? 1 : 0);
    if (!isFirstOrLast) return "";
    try {
      await this.#postSubscription(node, subscribe);
      return "";
    } catch (error) {
      this.#nodes.delete(node);
      return /** @type {Error} */ (error).message;
    }
  }

  stop() {
    this.#isStopped = true;
    this.#stream?.abort();
  }

  /** @param {string} node @param {boolean} subscribe */
  #postSubscription(node, subscribe) {
    const body = JSON.stringify({ jid: this.#jid, node, subscribe });
    return this.fetch("/desktop/subscriptions", { method: "POST", body });
  }

  async #open() {
    this.#stream = new AbortController();
    const headers = { Authorization: `Basic ${this.authorization}` };
    const response = await fetch("/desktop/events", { headers, signal: this.#stream.signal });
    if (!response.ok || !response.body) throw new Error(await errorMessage(response));
    return response.body;
  }

  /** Read the stream, and reopen it whenever it ends.
   * @param {ReadableStream<Uint8Array>} stream
   * @param {(notification: Notification) => void} onNotification
   * @param {(status: Status) => void} onStatus */
  async #listenFrom(stream, onNotification, onStatus) {
    await this.#read(stream, onNotification);
    while (!this.#isStopped) {
      onStatus("failing");
      const reopened = await this.#reopen();
      if (!reopened || this.#isStopped) return;
      onStatus("recovered");
      await this.#read(reopened, onNotification);
    }
  }

  /** Reopen the stream; resolves with null after `stop()` or a move to the other node. */
  async #reopen() {
    for (let attempt = 0; !this.#isStopped; attempt++) {
      const delay = RECONNECT_DELAYS_MS[Math.min(attempt, RECONNECT_DELAYS_MS.length - 1)];
      await new Promise((resolve) => setTimeout(resolve, delay));
      const stream = await this.#open().catch(() => null);
      if (stream) return stream;
      if (attempt >= ATTEMPTS_BEFORE_FAILOVER && (await isInService(this.otherNode?.origin))) {
        this.moveToOtherNode();
        return null;
      }
    }
    return null;
  }

  /** Read the stream to its end. An error ends it too.
   * @param {ReadableStream<Uint8Array>} stream
   * @param {(notification: Notification) => void} onNotification */
  async #read(stream, onNotification) {
    const reader = stream.getReader();
    const decoder = new TextDecoder();
    let unfinishedLine = "";
    let timeout = 0;
    try {
      for (;;) {
        timeout = setTimeout(() => this.#stream?.abort(), STREAM_TIMEOUT_MS);
        const { done, value } = await reader.read();
        clearTimeout(timeout);
        if (done) return;
        const lines = (unfinishedLine + decoder.decode(value, { stream: true })).split("\n");
        unfinishedLine = lines.pop() ?? "";
        for (const line of lines) {
          if (line) this.#onLine(JSON.parse(line), onNotification);
        }
      }
    } catch {
      clearTimeout(timeout);
    }
  }

  /** @param {any} line @param {(notification: Notification) => void} onNotification */
  #onLine(line, onNotification) {
    if (!line.jid) {
      onNotification(line);
      return;
    }
    // A new stream has none of the subscriptions that gadgets made for the one before.
    this.#jid = line.jid;
    for (const [node, count] of this.#nodes) {
      if (count) this.#postSubscription(node, true).catch(() => {});
    }
  }
}

/** Convert a notification to what the vendor's desktop publishes on the hub.
 * @param {Notification} notification */
export function toHubMessage({ node, update }) {
  return {
    topic: node.slice(1).replaceAll("/", "."),
    data: { content: node + update, object: { Update: toObject(parseXml(update)) } },
  };
}

/** @param {string | undefined} origin */
async function isInService(origin) {
  if (!origin) return false;
  try {
    const response = await fetch(`${origin}/finesse/api/SystemInfo`);
    const info = parseXml(await response.text());
    return info.querySelector("status")?.textContent === "IN_SERVICE";
  } catch {
    return false;
  }
}

/** Return the server's reason for an error, which it sends in XML or JSON.
 * @param {Response} response */
async function errorMessage(response) {
  const text = await response.text();
  if (response.status === 401) return "Finesse rejected the agent id or the password.";
  if (text.startsWith("<")) {
    const error = parseXml(text);
    const details = [error.querySelector("ErrorMessage"), error.querySelector("ErrorData")];
    return details
      .map((element) => element?.textContent)
      .filter(Boolean)
      .join(": ");
  }
  try {
    return JSON.parse(text).error;
  } catch {
    return `Finesse returned status ${response.status}`;
  }
}
