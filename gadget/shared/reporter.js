// Reports the agent's calls to the service: every change, until it is acknowledged, and a heartbeat
// while a call is on, so that the service knows that this desktop still follows it. No DOM.

/** @typedef {import("./types.d.ts").CallReport} CallReport */
/** @typedef {import("./types.d.ts").ReportAcknowledgement} ReportAcknowledgement */
/** @typedef {import("./types.d.ts").ReportedParticipant} ReportedParticipant */

/** Milliseconds between reports of a call on which nothing changes. */
export const HEARTBEAT_MS = 30_000;
/** Milliseconds to wait after the first failure, doubled up to the maximum. */
const REPORT_RETRY_MS = 1000;
const MAX_RETRY_MS = 30_000;
/** Milliseconds until a report is repeated that Finesse has not confirmed yet. */
const UNVERIFIED_MS = 3000;
/** Milliseconds after which a tab that has not saved its reports counts as closed. */
const TAB_TIMEOUT_MS = 2 * HEARTBEAT_MS;
/** Participant states of an outage that one report carries at most. */
const MAX_EARLIER_STATES = 300;
/**
 * Answers after which a report is not repeated: the service understood it and rejects it for good.
 */
const FINAL_STATUSES = [400, 403, 413, 422];

/** Whether to look the caller up; `all`: and to wait for every source. @typedef {boolean | "all"} LookupWish */
/** @typedef {{report: CallReport, lookup: LookupWish, isSending: boolean}} PendingReport */
/** @typedef {(id: string, answer: ReportAcknowledgement | null, error: unknown) => void} AnswerListener */

export class CallReporter {
  /** Reports that are not acknowledged yet, by call. @type {Map<string, PendingReport>} */
  #pending = new Map();
  /** The last report of each call that is on or has just ended. @type {Map<string, CallReport>} */
  #last = new Map();
  #retryMs = REPORT_RETRY_MS;
  #agentState = { agent_state: "", agent_state_since: "" };
  #send;
  #onAnswer;
  #storage;
  #now;
  #prefix;
  #key;

  /**
   * @param {object} options
   * @param {(report: CallReport, lookup: LookupWish) => Promise<ReportAcknowledgement>} options.send rejects
   *   with an error that has a `status`
   * @param {AnswerListener} options.onAnswer called with each answer, or with null and the error
   * @param {Storage} options.storage keeps pending reports for this tab after a reload, or for
   *   another one
   * @param {string} options.agentId
   * @param {string} options.tab names this browser tab, the same after a reload
   * @param {() => number} [options.now] milliseconds since the epoch
   */
  constructor({ send, onAnswer, storage, agentId, tab, now = () => Date.now() }) {
    this.#send = send;
    this.#onAnswer = onAnswer;
    this.#storage = storage;
    this.#now = now;
    this.#prefix = `callcard.reports.${agentId}.`;
    this.#key = this.#prefix + tab;
    this.#adopt((key) => key === this.#key);
    this.#adoptClosedTabs();
  }

  /**
   * Report a call if it has changed, or if it must be looked up.
   * @param {CallReport} report @param {LookupWish} [lookup]
   */
  report(report, lookup = false) {
    const last = this.#last.get(report.id);
    if (last && !lookup && JSON.stringify(last) === JSON.stringify(report)) return;
    this.#last.set(report.id, report);
    this.#queue({ ...report, earlier_states: last?.participants }, lookup);
  }

  /**
   * Report the agent's state with calls that have ended: it shows how long wrap-up took.
   * @param {string} state @param {string} since
   */
  setAgentState(state, since) {
    if (this.#agentState.agent_state === state && this.#agentState.agent_state_since === since)
      return;
    this.#agentState = { agent_state: state, agent_state_since: since };
    for (const report of this.#last.values()) if (report.ended) this.#queue(report);
  }

  /** Report every call that is on, although nothing changed. */
  heartbeat() {
    this.#adoptClosedTabs();
    for (const report of this.#last.values()) if (!report.ended) this.#queue(report);
  }

  /** Report a call again, although nothing changed. @param {string} id */
  repeat(id) {
    const report = this.#last.get(id);
    if (report) this.#queue(report);
  }

  /** Stop reporting a call that has ended. @param {string} id */
  forget(id) {
    if (this.#last.get(id)?.ended) this.#last.delete(id);
  }

  /**
   * Replace the pending report of a call, keeping the states that it carried.
   * @param {CallReport} report @param {LookupWish} [lookup]
   */
  #queue(report, lookup = false) {
    const pending = this.#pending.get(report.id);
    const states = [
      ...(pending?.report.earlier_states ?? []),
      ...(pending?.report.participants ?? []),
      ...(report.earlier_states ?? []),
    ];
    /** @type {Map<string, ReportedParticipant>} */
    const earlier = new Map();
    for (const each of states)
      earlier.set(`${each.address} ${each.state} ${each.state_since}`, each);
    this.#pending.set(report.id, {
      report: {
        ...report,
        ...this.#agentState,
        earlier_states: [...earlier.values()].slice(-MAX_EARLIER_STATES),
      },
      lookup: lookup || (pending?.lookup ?? false),
      isSending: pending?.isSending ?? false,
    });
    void this.#sendNext(report.id);
    this.#save();
  }

  /**
   * Send a call's pending report; one at a time, as the next one carries its states.
   * @param {string} id
   */
  async #sendNext(id) {
    const pending = this.#pending.get(id);
    if (!pending || pending.isSending) return;
    pending.isSending = true;
    const { report, lookup } = pending;
    try {
      const answer = await this.#send(report, lookup);
      this.#retryMs = REPORT_RETRY_MS;
      this.#acknowledge(id, report, lookup);
      if (answer.verified === false && !report.ended)
        setTimeout(() => this.repeat(id), UNVERIFIED_MS);
      this.#onAnswer(id, answer, null);
    } catch (error) {
      const current = this.#pending.get(id);
      if (current) current.isSending = false;
      const { status = 0 } = /** @type {{status?: number}} */ (error);
      if (FINAL_STATUSES.includes(status)) this.#acknowledge(id, report, lookup);
      else {
        // The service may be down or the agent's token may have ended: both pass.
        setTimeout(() => void this.#sendNext(id), this.#retryMs);
        this.#retryMs = Math.min(MAX_RETRY_MS, this.#retryMs * 2);
      }
      this.#onAnswer(id, null, error);
    }
  }

  /**
   * Drop a report that was answered; send the one that replaced it meanwhile.
   * @param {string} id @param {CallReport} report @param {LookupWish} lookup
   */
  #acknowledge(id, report, lookup) {
    const current = this.#pending.get(id);
    if (!current) return;
    current.isSending = false;
    if (current.report === report) this.#pending.delete(id);
    else {
      if (lookup) current.lookup = false;
      void this.#sendNext(id);
    }
    this.#save();
  }

  /**
   * Take over the pending reports of tabs that were closed: an open one saves at each heartbeat.
   */
  #adoptClosedTabs() {
    this.#adopt((key, savedAt) => key !== this.#key && this.#now() - savedAt >= TAB_TIMEOUT_MS);
  }

  /**
   * Take over pending reports, this tab's before its reload included.
   * @param {(key: string, savedAt: number) => boolean} isOrphan
   */
  #adopt(isOrphan) {
    try {
      for (const key of Object.keys(this.#storage)) {
        if (!key.startsWith(this.#prefix)) continue;
        const { savedAt, reports } = JSON.parse(this.#storage.getItem(key) ?? "{}");
        if (!isOrphan(key, savedAt)) continue;
        this.#storage.removeItem(key);
        for (const report of reports ?? []) if (!this.#pending.has(report.id)) this.#queue(report);
      }
      if (this.#pending.size) this.#save(); // a sign of life for other tabs
    } catch {
      // storage is forbidden
    }
  }

  #save() {
    try {
      const reports = [...this.#pending.values()].map(({ report }) => report);
      const saved = JSON.stringify({ savedAt: this.#now(), reports });
      if (reports.length) this.#storage.setItem(this.#key, saved);
      else this.#storage.removeItem(this.#key);
    } catch {
      // storage is full or forbidden: then a reload in an outage loses what is pending
    }
  }
}
