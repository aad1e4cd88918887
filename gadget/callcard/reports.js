// What the service's log is told of the agent's calls: every change, again until it is answered, and now and then although
// nothing changed, so that it knows that somebody still looks. No DOM.

/** @typedef {import("../shared/types.d.ts").CallSeen} CallSeen */
/** @typedef {import("../shared/types.d.ts").PartySeen} PartySeen */
/** @typedef {import("../shared/types.d.ts").Told} Told */

/** Milliseconds between reports of a call on which nothing changes. */
export const REPEAT = 30_000;
/** Milliseconds to wait after the first failure, doubled up to the last. */
const [FIRST_WAIT, LAST_WAIT] = [1000, 30_000];
const KEY = "callcard.reports";

/** @typedef {{report: CallSeen, lookup: boolean, sending: boolean}} Waiting */

export class Reports {
  /** What was not answered yet, by the call's id. @type {Map<string, Waiting>} */
  #waiting = new Map();
  /** The last view of each call that is on, or was a moment ago. @type {Map<string, CallSeen>} */
  #known = new Map();
  #wait = FIRST_WAIT;
  /** @type {{state: string, since: string}} */
  #agent = { state: "", since: "" };
  /** @type {(report: CallSeen, lookup: boolean) => Promise<Told>} */
  #send;
  /** @type {(id: string, told: Told | null, error: unknown) => void} */
  #told;
  /** @type {Pick<Storage, "getItem" | "setItem">} */
  #storage;

  /**
   * @param {(report: CallSeen, lookup: boolean) => Promise<Told>} send rejects with an error that has a `status`
   * @param {(id: string, told: Told | null, error: unknown) => void} told hears each answer; null and the error when there is none
   * @param {Pick<Storage, "getItem" | "setItem">} storage keeps what is not answered over a reload
   */
  constructor(send, told, storage) {
    [this.#send, this.#told, this.#storage] = [send, told, storage];
    for (const report of this.#read()) this.#waiting.set(report.id, { report, lookup: false, sending: false });
    if (this.#waiting.size) setTimeout(() => this.#sendAll(), FIRST_WAIT);
  }

  /** A call as it is now. @param {CallSeen} seen @param {boolean} [lookup] whether it must be said who calls */
  see(seen, lookup = false) {
    const known = this.#known.get(seen.id);
    const waiting = this.#waiting.get(seen.id);
    if (known && !lookup && same(known, seen)) return;
    /** @type {Map<string, PartySeen>} */
    const earlier = new Map();
    for (const party of [...(waiting?.report.earlier ?? []), ...(known?.parties ?? [])])
      earlier.set(`${party.address} ${party.state} ${party.since}`, party);
    this.#known.set(seen.id, seen);
    this.#put({ ...seen, ...this.#agent, earlier: [...earlier.values()].slice(-300) }, lookup || (waiting?.lookup ?? false));
  }

  /** The agent's own state: after a call it tells how long it was wrapped up. @param {string} state @param {string} since */
  agent(state, since) {
    if (this.#agent.state === state && this.#agent.since === since) return;
    this.#agent = { state, since };
    for (const seen of this.#known.values()) if (seen.over) this.#put({ ...seen, ...this.#agent }, false);
  }

  /** Tell of every call that is on, although nothing changed. */
  again() {
    for (const seen of this.#known.values()) if (!seen.over) this.#put({ ...seen, ...this.#agent }, false);
  }

  /** Nothing more will be told of a call that is over. @param {string} id */
  forget(id) {
    if (this.#known.get(id)?.over) this.#known.delete(id);
  }

  /** @param {CallSeen} report @param {boolean} lookup */
  #put(report, lookup) {
    const sending = this.#waiting.get(report.id)?.sending ?? false;
    this.#waiting.set(report.id, { report, lookup, sending });
    this.#save();
    void this.#sendOne(report.id);
  }

  #sendAll() {
    for (const id of this.#waiting.keys()) void this.#sendOne(id);
  }

  /** One report of a call at a time: a newer one waits, and has the older one's news in it. @param {string} id */
  async #sendOne(id) {
    const waiting = this.#waiting.get(id);
    if (!waiting || waiting.sending) return;
    waiting.sending = true;
    const { report, lookup } = waiting;
    try {
      const told = await this.#send(report, lookup);
      this.#wait = FIRST_WAIT;
      this.#done(id, report, lookup);
      this.#told(id, told, null);
    } catch (error) {
      const now = this.#waiting.get(id);
      if (now) now.sending = false;
      // What the service understood and will not take is not told again; everything else is: it may be down, or the token over.
      const status = /** @type {{status?: number}} */ (error).status ?? 0;
      if ([400, 403, 413, 422].includes(status)) this.#done(id, report, lookup);
      else {
        setTimeout(() => void this.#sendOne(id), this.#wait);
        this.#wait = Math.min(LAST_WAIT, this.#wait * 2);
      }
      this.#told(id, null, error);
    }
  }

  /** @param {string} id @param {CallSeen} report @param {boolean} lookup */
  #done(id, report, lookup) {
    const now = this.#waiting.get(id);
    if (!now) return;
    now.sending = false;
    if (now.report === report) this.#waiting.delete(id);
    else {
      if (lookup) now.lookup = false;
      void this.#sendOne(id);
    }
    this.#save();
  }

  /** @returns {CallSeen[]} */
  #read() {
    try {
      return JSON.parse(this.#storage.getItem(KEY) ?? "[]");
    } catch {
      return [];
    }
  }

  #save() {
    try {
      this.#storage.setItem(KEY, JSON.stringify([...this.#waiting.values()].map(({ report }) => report)));
    } catch {
      // storage is full or forbidden: then a reload in an outage loses what was not told
    }
  }
}

/** @param {CallSeen} one @param {CallSeen} other */
const same = (one, other) => JSON.stringify(one) === JSON.stringify(other);
