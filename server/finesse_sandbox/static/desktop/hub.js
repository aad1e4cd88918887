// The hub between the desktop and its gadgets, as OpenAjax hub 2.0 behaves inside Finesse: dotted
// topics, `*` for one part, a final `**` for the rest; delivery is asynchronous; every subscriber
// gets the same object; an exception of a subscriber is logged and swallowed.

/**
 * How the hub behaves. `copy_as_json`: each subscriber gets a copy, as between origins.
 * @typedef {{
 *   copy_as_json?: boolean,
 *   show_errors?: boolean,
 *   connect_delay_seconds?: number,
 * }} HubSettings
 */
/** @typedef {(topic: string, data: any, subscriberData?: any) => void} Subscriber */

export class Hub {
  /** @type {Map<string, {topic: string, subscriber: Subscriber, scope: any, data: any}>} */
  #subscriptions = new Map();
  #nextId = 1;

  /**
   * @param {HubSettings} [settings] @param {(message: string) => void} [onError] receives the
   * exceptions of subscribers if `show_errors` is set
   */
  constructor({ copy_as_json = false, show_errors = false } = {}, onError = () => {}) {
    this.copyAsJson = copy_as_json;
    this.showErrors = show_errors;
    this.onError = onError;
  }

  /** @param {string} topic @param {Subscriber} subscriber @param {any} [scope]
   * @param {any} [data] */
  subscribe(topic, subscriber, scope = null, data = undefined) {
    if (!topic || topic.split(".").includes(""))
      throw new Error(`OpenAjax.hub.Error.BadParameters: ${topic}`);
    const id = String(this.#nextId++);
    this.#subscriptions.set(id, { topic, subscriber, scope, data });
    return id;
  }

  /** @param {string} id */
  unsubscribe(id) {
    this.#subscriptions.delete(id);
  }

  /** @param {string} topic @param {any} data */
  publish(topic, data) {
    const json = this.copyAsJson && data !== undefined ? JSON.stringify(data) : "";
    setTimeout(() => {
      for (const [id, subscription] of [...this.#subscriptions]) {
        // An earlier subscriber may have removed this one.
        if (!this.#subscriptions.has(id) || !matches(subscription.topic, topic)) continue;
        try {
          const message = json ? JSON.parse(json) : data;
          subscription.subscriber.call(subscription.scope, topic, message, subscription.data);
        } catch (error) {
          console.error(`a subscriber of ${subscription.topic} failed`, error);
          if (this.showErrors)
            this.onError(`A subscriber of ${subscription.topic} failed: ${error}`);
        }
      }
    });
  }

  /** Return a gadget's own client of the hub. @param {string} gadgetId */
  client(gadgetId) {
    /** @type {Set<string>} */
    const subscriptionIds = new Set();
    return {
      getClientID: () => gadgetId,
      isConnected: () => true,
      /** @param {string} topic @param {Subscriber} subscriber @param {any} [scope]
       * @param {Function} [onComplete] @param {any} [data] */
      subscribe: (topic, subscriber, scope, onComplete, data) => {
        const id = this.subscribe(topic, subscriber, scope, data);
        subscriptionIds.add(id);
        setTimeout(() => onComplete?.(id, true));
        return id;
      },
      /** @param {string} id @param {Function} [onComplete] */
      unsubscribe: (id, onComplete) => {
        this.unsubscribe(id);
        subscriptionIds.delete(id);
        setTimeout(() => onComplete?.(id, true));
      },
      /** @param {string} topic @param {any} data */
      publish: (topic, data) => this.publish(topic, data),
      leave: () => subscriptionIds.forEach((id) => this.unsubscribe(id)),
    };
  }
}

/** @param {string} pattern @param {string} topic */
export function matches(pattern, topic) {
  const patternParts = pattern.split(".");
  const topicParts = topic.split(".");
  for (const [index, part] of patternParts.entries()) {
    if (part === "**" && index === patternParts.length - 1) return topicParts.length > index;
    if (index >= topicParts.length || (part !== "*" && part !== topicParts[index])) return false;
  }
  return patternParts.length === topicParts.length;
}
