// A team as its supervisor sees it: who is in which state, and on what calls. Read from the service,
// and changed at once by Finesse's events. No DOM.

/** @typedef {import("./team-api.js").TeamApi} TeamApi */
/** @typedef {import("./types.d.ts").TeamCall} TeamCall */
/** @typedef {import("./types.d.ts").TeamMember} TeamMember */
/** @typedef {import("./types.d.ts").TeamUserUpdate} TeamUserUpdate */
/** @typedef {import("./types.d.ts").Threshold} Threshold */

/** Milliseconds after an event until the calls are read: the agent's desktop reports them. */
const CALLS_DELAY_MS = 700;
/** Milliseconds at least between two reads of the calls. */
const CALLS_INTERVAL_MS = 2000;

export class TeamModel {
  /** The team without the supervisor. @type {Map<string, TeamMember>} by login id */
  members = new Map();
  /** @type {Record<string, Threshold>} */
  thresholds = {};
  /** Why the team could not be read; null if it was. @type {unknown} */
  error = null;
  teamId = "";
  isRead = false;
  #api;
  #ownId;
  #now;
  #follow;
  #onChange;
  #isShown;
  /** Ends the events of the team before. */
  #following = new AbortController();
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #callsTimer;
  #callsReadAt = -Infinity;
  /** The team that is being read; empty for none. */
  #reading = "";
  #mustRead = false;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #readTimer;
  /** How many events there were. */
  #events = 0;
  /** The number of each agent's last event: what was asked before is older. @type {Map<string, number>} */
  #lastEvents = new Map();

  /**
   * @param {object} options
   * @param {Pick<TeamApi, "team" | "teamCalls">} options.api
   * @param {string} options.ownId the supervisor's login id
   * @param {() => number} options.now in milliseconds
   * @param {(id: string, onUpdate: (update: TeamUserUpdate) => void, signal: AbortSignal) => void
   *   } options.follow
   * @param {() => void} options.onChange
   * @param {() => boolean} [options.isShown] whether anybody can see the team
   */
  constructor({ api, ownId, now, follow, onChange, isShown = () => true }) {
    this.#api = api;
    this.#ownId = ownId;
    this.#now = now;
    this.#follow = follow;
    this.#onChange = onChange;
    this.#isShown = isShown;
  }

  /** Show another team. @param {string} id */
  async select(id) {
    if (id === this.teamId) return;
    this.#following.abort();
    this.#following = new AbortController();
    this.teamId = id;
    this.members = new Map();
    this.isRead = false;
    this.error = null;
    this.#onChange();
    this.#follow(id, (update) => this.update(update), this.#following.signal);
    await this.read();
  }

  /** Read the whole team: one read at a time, and one more if it is asked for meanwhile. */
  async read() {
    if (this.#reading === this.teamId) return void (this.#mustRead = true);
    const { teamId } = this;
    this.#reading = teamId;
    this.#mustRead = false;
    await this.#readTeam(teamId);
    if (this.#reading === teamId) this.#reading = "";
    if (this.#mustRead && teamId === this.teamId && !this.#readTimer)
      this.#readTimer = setTimeout(() => {
        this.#readTimer = undefined;
        void this.read();
      }, CALLS_INTERVAL_MS);
  }

  /** @param {string} teamId */
  async #readTeam(teamId) {
    const events = this.#events;
    try {
      const { agents, thresholds } = await this.#api.team(teamId);
      if (teamId !== this.teamId) return;
      const others = agents.filter(({ id }) => id !== this.#ownId);
      this.members = new Map(others.map((agent) => [agent.id, this.#newer(agent, events)]));
      this.thresholds = thresholds;
      this.error = null;
      this.isRead = true;
    } catch (error) {
      if (teamId !== this.teamId) return;
      this.error = error;
    }
    this.#onChange();
  }

  /**
   * Return an agent as the service has them, or with the state of an event since it was asked.
   * @param {TeamMember} agent @param {number} events how many there were when it was asked
   */
  #newer(agent, events) {
    const known = this.members.get(agent.id);
    if (!known || (this.#lastEvents.get(agent.id) ?? 0) <= events) return agent;
    const { state, state_since, pending_state, reason } = known;
    return { ...agent, state, state_since, pending_state, reason };
  }

  /** Take what Finesse says of an agent. @param {TeamUserUpdate} update */
  update(update) {
    if (update.id === this.#ownId) return;
    this.#events += 1;
    this.#lastEvents.set(update.id, this.#events);
    const known = this.members.get(update.id);
    if (!known) return void this.read(); // new in the team, or not read yet
    this.members.set(update.id, { ...known, ...update });
    this.#onChange();
    this.readCallsSoon();
  }

  /** Read the calls when the agents' desktops have had time to report them. */
  readCallsSoon() {
    if (this.#callsTimer || !this.#isShown()) return;
    const next = this.#callsReadAt + CALLS_INTERVAL_MS - this.#now();
    this.#callsTimer = setTimeout(
      () => {
        this.#callsTimer = undefined;
        void this.#readCalls();
      },
      Math.max(CALLS_DELAY_MS, next),
    );
  }

  async #readCalls() {
    const { teamId } = this;
    this.#callsReadAt = this.#now();
    try {
      const { calls } = await this.#api.teamCalls(teamId);
      if (teamId !== this.teamId) return;
      for (const [id, member] of this.members)
        this.members.set(id, { ...member, calls: calls[id] ?? [] });
      this.#onChange();
    } catch {
      // The next read of the whole team says why.
    }
  }

  dispose() {
    clearTimeout(this.#callsTimer);
    clearTimeout(this.#readTimer);
    this.#following.abort();
  }
}
