// finesse.restservices: Queue, Team, and the lists of reasons that both a team and a user have.

(() => {
  const { finesse } = window;
  const { RestBase } = finesse.restservices;
  const { API, RestCollection, RestItem } = finesse.internal;

  /** @param {string} path of the user or team @param {string} category @param {any} options */
  const getReasonCodes = (path, category, options) =>
    new RestCollection(
      "ReasonCodes",
      `${path}/ReasonCodes?category=${category}`,
      options,
      "ReasonCode",
    );

  /** @param {string} path of the user or team @param {any} options */
  const getWrapUpReasons = (path, options) =>
    new RestCollection("WrapUpReasons", `${path}/WrapUpReasons`, options, "WrapUpReason");

  class Queue extends RestBase {
    /** @param {any} options */
    constructor(options) {
      super("Queue", `${API}/Queue/${options.id}`, options);
      if (options.data) this._data = options.data;
      else this._follow();
    }
    getName() {
      return this._data.name ?? "";
    }
    getStatistics() {
      return this._data.statistics ?? {};
    }
  }

  class Team extends RestBase {
    /** @param {any} options */
    constructor(options) {
      super("Team", `${API}/Team/${options.id}`, options);
      this.refresh();
    }
    getName() {
      return this._data.name ?? "";
    }
    /** @param {any} options */
    getUsers(options) {
      const node = `${this._path}/Users`;
      return new RestCollection("Team", this._path, options, "User", undefined, node);
    }
    /** @param {any} options */
    getTeamNotReadyReasonCodes(options) {
      return getReasonCodes(this._path, "NOT_READY", options);
    }
    /** @param {any} options */
    getTeamWrapUpReasons(options) {
      return getWrapUpReasons(this._path, options);
    }
  }

  Object.assign(finesse.restservices, {
    Queue,
    Queues: RestCollection,
    Team,
    Teams: RestCollection,
    Users: RestCollection,
    ReasonCode: RestItem,
    ReasonCodes: RestCollection,
    WrapUpReason: RestItem,
    WrapUpReasons: RestCollection,
    Workflow: RestItem,
    Workflows: RestCollection,
    TeamNotReadyReasonCodes: RestCollection,
    TeamSignOutReasonCodes: RestCollection,
    TeamWrapUpReasons: RestCollection,
    TeamPhoneBooks: RestCollection,
    TeamWorkflows: RestCollection,
  });
  Object.assign(finesse.internal, { getReasonCodes, getWrapUpReasons });
})();
