// The signed-in user's line to the server: REST in XML, and notifications as a stream of JSON lines, re-opened when it breaks.

/** @typedef {{node: string, update: string, at: number}} Notification */
/** @typedef {"connected" | "failing" | "recovered"} Status */

const BACK_OFF = [500, 1000, 2000, 4000, 8000];
/** Failed attempts after which the other node is looked at. */
const LOYALTY = 2;
/** Milliseconds without a sign of life after which the stream counts as broken; the server gives one every 5 s. */
const SILENCE = 12_000;

export class Session {
  #stopped = false;
  /** @type {AbortController | null} */
  #stream = null;
  /** The name of the event stream, under which gadgets subscribe to more than the user's own. */
  #jid = "";
  /** How many gadgets want each node. @type {Map<string, number>} */
  #nodes = new Map();

  /** @param {string} id @param {string} password */
  constructor(id, password) {
    this.id = id;
    /** Where to go when this node is lost, and what lets the session in there. @type {{origin: string, ticket: string} | null} */
    this.other = null;
    /** Goes there. */
    this.move = () => {};
    /** Basic credentials, as gadgets find them in sessionStorage. */
    this.authorization = btoa(
      String.fromCharCode(...new TextEncoder().encode(`${id}:${password}`)),
    );
  }

  /** @param {string} id @param {string} authorization */
  static restored(id, authorization) {
    const session = new Session(id, "");
    session.authorization = authorization;
    return session;
  }

  /** @param {string} path @param {{method?: string, body?: string}} [told] */
  async fetch(path, told = {}) {
    const headers = {
      Authorization: `Basic ${this.authorization}`,
      "Content-Type": "application/xml",
    };
    const response = await fetch(path, { ...told, headers });
    if (response.ok) return response;
    throw new Error(await said(response));
  }

  /** @param {Record<string, string>} fields */
  putUser(fields) {
    const body = Object.entries(fields)
      .map(([name, value]) => `<${name}>${escaped(value)}</${name}>`)
      .join("");
    return this.fetch(`/finesse/api/User/${encodeURIComponent(this.id)}`, {
      method: "PUT",
      body: `<User>${body}</User>`,
    });
  }

  /**
   * Listen until `stop()`. Resolves once the stream is open for the first time; rejects if it can't be opened at all.
   * @param {(notification: Notification) => void} heard @param {(status: Status) => void} changed
   */
  async listen(heard, changed) {
    const first = await this.#open();
    changed("connected");
    void this.#read(first, heard).then(() => this.#again(heard, changed));
  }

  /**
   * What a gadget asks of the notification service; counted, as several may want the same.
   * @param {string} node @param {boolean} wanted @returns {Promise<string>} what was wrong; empty if nothing
   */
  async subscribe(node, wanted) {
    const count = (this.#nodes.get(node) ?? 0) + (wanted ? 1 : -1);
    this.#nodes.set(node, Math.max(0, count));
    if (count !== (wanted ? 1 : 0)) return "";
    return this.#tell(node, wanted).catch((error) => (this.#nodes.delete(node), error.message));
  }

  /** @param {string} node @param {boolean} subscribe */
  async #tell(node, subscribe) {
    const body = JSON.stringify({ jid: this.#jid, node, subscribe });
    await this.fetch("/desktop/subscriptions", { method: "POST", body });
    return "";
  }

  stop() {
    this.#stopped = true;
    this.#stream?.abort();
  }

  async #open() {
    this.#stream = new AbortController();
    const headers = { Authorization: `Basic ${this.authorization}` };
    const response = await fetch("/desktop/events", { headers, signal: this.#stream.signal });
    if (!response.ok || !response.body) throw new Error(await said(response));
    return response.body;
  }

  /** @param {ReadableStream<Uint8Array>} body @param {(notification: Notification) => void} heard */
  async #read(body, heard) {
    const reader = body.getReader();
    const decoder = new TextDecoder();
    let rest = "";
    let watchdog = 0;
    try {
      for (;;) {
        watchdog = setTimeout(() => this.#stream?.abort(), SILENCE);
        const { done, value } = await reader.read();
        clearTimeout(watchdog);
        if (done) return;
        const lines = (rest + decoder.decode(value, { stream: true })).split("\n");
        rest = lines.pop() ?? "";
        for (const line of lines.filter(Boolean).map((line) => JSON.parse(line))) {
          if (!line.jid) heard(line);
          else {
            this.#jid = line.jid; // a new stream: what gadgets want beyond the user's own is asked for again
            for (const [node, count] of this.#nodes)
              if (count) void this.#tell(node, true).catch(() => {});
          }
        }
      }
    } catch {
      clearTimeout(watchdog); // broken: opened again by whoever reads
    }
  }

  /** @param {(notification: Notification) => void} heard @param {(status: Status) => void} changed */
  async #again(heard, changed) {
    while (!this.#stopped) {
      changed("failing");
      let body = null;
      for (let attempt = 0; !body && !this.#stopped; attempt++) {
        await new Promise((resolve) =>
          setTimeout(resolve, BACK_OFF[Math.min(attempt, BACK_OFF.length - 1)]),
        );
        body = await this.#open().catch(() => null);
        if (!body && attempt >= LOYALTY && (await inService(this.other?.origin)))
          return this.move();
      }
      if (!body || this.#stopped) return;
      changed("recovered");
      await this.#read(body, heard);
    }
  }
}

/** A notification as the vendor's desktop publishes it on the hub. @param {Notification} notification */
export function published({ node, update }) {
  const root = new DOMParser().parseFromString(update, "text/xml").documentElement;
  return {
    topic: node.slice(1).replaceAll("/", "."),
    data: { content: node + update, object: { Update: toObject(root) } },
  };
}

/** No children is text, empty is null, twice is a list. @param {Element} element @returns {any} */
export function toObject(element) {
  if (!element.children.length) return element.textContent || null;
  /** @type {Record<string, any>} */
  const object = {};
  for (const child of element.children) {
    const value = toObject(child);
    if (!(child.tagName in object)) object[child.tagName] = value;
    else if (Array.isArray(object[child.tagName])) object[child.tagName].push(value);
    else object[child.tagName] = [object[child.tagName], value];
  }
  return object;
}

/** @param {string | undefined} origin */
async function inService(origin) {
  if (!origin) return false;
  try {
    const info = await (await fetch(`${origin}/finesse/api/SystemInfo`)).text();
    return (
      new DOMParser().parseFromString(info, "text/xml").querySelector("status")?.textContent ===
      "IN_SERVICE"
    );
  } catch {
    return false;
  }
}

/** What the server said was wrong, in XML or JSON. @param {Response} response */
async function said(response) {
  const text = await response.text();
  const xml = text.startsWith("<") && new DOMParser().parseFromString(text, "text/xml");
  if (xml) {
    if (response.status === 401) return "Finesse does not accept this id and password.";
    return [xml.querySelector("ErrorMessage"), xml.querySelector("ErrorData")]
      .map((e) => e?.textContent)
      .filter(Boolean)
      .join(": ");
  }
  try {
    if (response.status === 401) return "Finesse does not accept this id and password.";
    return JSON.parse(text).error;
  } catch {
    return `Finesse answered ${response.status}`;
  }
}

/** @param {string} text */
export const escaped = (text) => text.replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`);
