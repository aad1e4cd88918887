// What the service's log is told of the agent's calls: every change, again until it is answered, and now and then although
// nothing changed, so that it knows that somebody still looks. No DOM.

/** @typedef {import("../shared/types.d.ts").CallSeen} CallSeen */
/** @typedef {import("../shared/types.d.ts").PartySeen} PartySeen */
/** @typedef {import("../shared/types.d.ts").Told} Told */

/** Milliseconds between reports of a call on which nothing changes. */
export const REPEAT = 30_000;
/** Milliseconds to wait after the first failure, doubled up to the last. */
const [FIRST_WAIT, LAST_WAIT] = [1000, 30_000];
/** Milliseconds after which a tab that has not saved is taken for gone. */
const ALIVE = 2 * REPEAT;

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
  /** @type {Storage} */
  #storage;
  #prefix = "";
  #key = "";

  /**
   * @param {(report: CallSeen, lookup: boolean) => Promise<Told>} send rejects with an error that has a `status`
   * @param {(id: string, told: Told | null, error: unknown) => void} told hears each answer; null and the error when there is none
   * @param {Storage} storage keeps what is not answered, for this tab after a reload or for another should the browser die
   * @param {string} agent whose reports these are
   * @param {string} tab in which browser's tab, the same after a reload
   */
  constructor(send, told, storage, agent, tab) {
    [this.#send, this.#told, this.#storage] = [send, told, storage];
    this.#prefix = `callcard.reports.${agent}.`;
    this.#key = this.#prefix + tab;
    this.#adopt(this.#key);
  }

  /** A call as it is now. @param {CallSeen} seen @param {boolean} [lookup] whether it must be said who calls */
  see(seen, lookup = false) {
    const known = this.#known.get(seen.id);
    if (known && !lookup && same(known, seen)) return;
    this.#known.set(seen.id, seen);
    this.#put({ ...seen, earlier: known?.parties }, lookup);
  }

  /** The agent's own state: after a call it tells how long it was wrapped up. @param {string} state @param {string} since */
  agent(state, since) {
    if (this.#agent.state === state && this.#agent.since === since) return;
    this.#agent = { state, since };
    for (const seen of this.#known.values()) if (seen.over) this.#put(seen);
  }

  /** Tell of every call that is on, although nothing changed. */
  again() {
    this.#adopt();
    for (const seen of this.#known.values()) if (!seen.over) this.#put(seen);
  }

  /** Nothing more will be told of a call that is over. @param {string} id */
  forget(id) {
    if (this.#known.get(id)?.over) this.#known.delete(id);
  }

  /** A report that waits for its answer; whatever the one before it had still to tell is in it. @param {CallSeen} seen @param {boolean} [lookup] */
  #put(seen, lookup = false) {
    const before = this.#waiting.get(seen.id);
    /** @type {Map<string, PartySeen>} */
    const earlier = new Map();
    for (const party of [
      ...(before?.report.earlier ?? []),
      ...(before?.report.parties ?? []),
      ...(seen.earlier ?? []),
    ])
      earlier.set(`${party.address} ${party.state} ${party.since}`, party);
    const report = { ...seen, ...this.#agent, earlier: [...earlier.values()].slice(-300) };
    this.#waiting.set(seen.id, {
      report,
      lookup: lookup || (before?.lookup ?? false),
      sending: before?.sending ?? false,
    });
    this.#save();
    void this.#sendOne(seen.id);
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

  /** Take over what a tab that is gone had still to tell: one that lives says so whenever it saves. @param {string} [own] */
  #adopt(own) {
    try {
      for (const key of Object.keys(this.#storage)) {
        if (!key.startsWith(this.#prefix) || (key === this.#key && !own)) continue;
        const { at, reports } = JSON.parse(this.#storage.getItem(key) ?? "{}");
        if (key !== own && Date.now() - at < ALIVE) continue;
        this.#storage.removeItem(key);
        for (const report of reports ?? []) if (!this.#waiting.has(report.id)) this.#put(report);
      }
      if (this.#waiting.size) this.#save(); // this one is alive
    } catch {
      // storage is forbidden
    }
  }

  #save() {
    try {
      const reports = [...this.#waiting.values()].map(({ report }) => report);
      if (reports.length)
        this.#storage.setItem(this.#key, JSON.stringify({ at: Date.now(), reports }));
      else this.#storage.removeItem(this.#key);
    } catch {
      // storage is full or forbidden: then a reload in an outage loses what was not told
    }
  }
}

/** @param {CallSeen} one @param {CallSeen} other */
const same = (one, other) => JSON.stringify(one) === JSON.stringify(other);
