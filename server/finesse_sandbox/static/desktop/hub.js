// The hub between the desktop and its gadgets, as OpenAjax hub 2.0 behaves inside Finesse: dotted topics, `*` for one part, a last
// `**` for the rest; delivered later, never at once; the same object for everybody; a subscriber's exception is logged and forgotten.

/** @typedef {(topic: string, data: any, subscriberData?: any) => void} Subscriber */

export class Hub {
  /** @type {Map<string, {topic: string, subscriber: Subscriber, scope: any, data: any}>} */
  #subscriptions = new Map();
  #next = 1;

  /**
   * @param {{json?: boolean, strict?: boolean}} [told] json: each subscriber gets a copy, as between origins; strict: what a
   * subscriber throws is told to `failed`
   * @param {(what: string) => void} [failed]
   */
  constructor({ json = false, strict = false } = {}, failed = () => {}) {
    this.json = json;
    this.strict = strict;
    this.failed = failed;
  }

  /** @param {string} topic @param {Subscriber} subscriber @param {any} [scope] @param {any} [data] */
  subscribe(topic, subscriber, scope = null, data = undefined) {
    if (!topic || topic.split(".").includes(""))
      throw new Error(`OpenAjax.hub.Error.BadParameters: ${topic}`);
    const id = String(this.#next++);
    this.#subscriptions.set(id, { topic, subscriber, scope, data });
    return id;
  }

  /** @param {string} id */
  unsubscribe(id) {
    this.#subscriptions.delete(id);
  }

  /** @param {string} topic @param {any} data */
  publish(topic, data) {
    const copied = this.json && data !== undefined ? JSON.stringify(data) : "";
    setTimeout(() => {
      for (const [id, each] of [...this.#subscriptions]) {
        if (!matches(each.topic, topic) || !this.#subscriptions.has(id)) continue;
        try {
          each.subscriber.call(each.scope, topic, copied ? JSON.parse(copied) : data, each.data);
        } catch (error) {
          console.error(`a subscriber of ${each.topic} failed`, error);
          if (this.strict) this.failed(`A subscriber of ${each.topic} failed: ${error}`);
        }
      }
    });
  }

  /** A gadget's own end of the hub. @param {string} gadgetId */
  client(gadgetId) {
    /** @type {Set<string>} */
    const own = new Set();
    return {
      getClientID: () => gadgetId,
      isConnected: () => true,
      /** @param {string} topic @param {Subscriber} subscriber @param {any} [scope] @param {Function} [onComplete] @param {any} [data] */
      subscribe: (topic, subscriber, scope, onComplete, data) => {
        const id = this.subscribe(topic, subscriber, scope, data);
        own.add(id);
        setTimeout(() => onComplete?.(id, true));
        return id;
      },
      /** @param {string} id @param {Function} [onComplete] */
      unsubscribe: (id, onComplete) => {
        this.unsubscribe(id);
        own.delete(id);
        setTimeout(() => onComplete?.(id, true));
      },
      /** @param {string} topic @param {any} data */
      publish: (topic, data) => this.publish(topic, data),
      leave: () => own.forEach((id) => this.unsubscribe(id)),
    };
  }
}

/** @param {string} pattern @param {string} topic */
export function matches(pattern, topic) {
  const wanted = pattern.split(".");
  const parts = topic.split(".");
  for (const [place, part] of wanted.entries()) {
    if (part === "**" && place === wanted.length - 1) return parts.length > place;
    if (place >= parts.length || (part !== "*" && part !== parts[place])) return false;
  }
  return wanted.length === parts.length;
}
