// finesse.restservices: Queue, Team, and the lists of reasons that both a team and a user have.

(() => {
  const { finesse } = window;
  const { Utilities } = finesse.utilities;
  const { RestBase, RestCollectionBase } = finesse.restservices;
  const { API, RestItem, listClass, request, toOptions } = finesse.internal;

  // ---- queues

  class Queue extends RestBase {
    /** @param {any} options @param {any} [callbacks] */
    constructor(options, callbacks) {
      const given = toOptions(options, callbacks);
      super("Queue", given);
      this._node = this._path;
      this._start(given);
    }
    getName() {
      return this._field("name");
    }
    getStatistics() {
      return this._field("statistics", {});
    }
  }

  class Queues extends RestCollectionBase {
    /** @param {any} options {parentObj: user, …} @param {any} [callbacks] */
    constructor(options, callbacks) {
      const given = toOptions(options, callbacks);
      super("Queues", given, "Queue", Queue);
      this._node = this._path;
      this._start(given);
    }
    /** Each queue has a node of its own. @param {string} id @param {any} data */
    _createItem(id, data) {
      return new Queue({ id, data });
    }
    /** @param {string} id @param {any} [data] */
    _removeItem(id, data) {
      this._collection[id]?.unsubscribe();
      super._removeItem(id, data);
    }
  }

  // ---- reasons

  class ReasonCode extends RestItem {
    /** @param {any} options */
    constructor(options) {
      super("ReasonCode", options);
    }
    getCategory() {
      return this._field("category");
    }
    getCode() {
      return this._field("code");
    }
    getLabel() {
      return this._field("label");
    }
    getForAll() {
      return this._field("forAll");
    }
    getSystemCode() {
      return this._field("systemCode");
    }
  }
  class TeamNotReadyReasonCode extends ReasonCode {}
  class TeamSignOutReasonCode extends ReasonCode {}

  class WrapUpReason extends RestItem {
    /** @param {any} options */
    constructor(options) {
      super("WrapUpReason", options);
    }
    getLabel() {
      return this._field("label");
    }
    getForAll() {
      return this._field("forAll");
    }
  }
  class TeamWrapUpReason extends WrapUpReason {}

  class ReasonCodeLookup {
    /** Find a reason code by its number. @param {any} handlers @param {string} code
     * @param {string} category NOT_READY or LOGOUT */
    lookupReasonCode(handlers, code, category) {
      const query = new URLSearchParams({ category, code });
      request(`${API}/ReasonCode?${query}`, {
        success(/** @type {any} */ response) {
          const { uri, label } = response.object.ReasonCode;
          handlers?.success?.({ id: Utilities.getId(uri), uri, label });
        },
        error: handlers?.error,
      });
    }
  }

  // ---- what is configured for a team

  class NamedItem extends RestItem {
    /** @param {string} type @param {any} options */
    constructor(type, options) {
      super(type, options);
    }
    getName() {
      return this._field("name");
    }
    getDescription() {
      return this._field("description");
    }
  }

  class Workflow extends NamedItem {
    /** @param {any} options */
    constructor(options) {
      super("Workflow", options);
    }
    getTriggerSet() {
      return this._field("TriggerSet", null);
    }
    getConditionSet() {
      return this._field("ConditionSet", null);
    }
    getWorkflowActions() {
      return this._field("workflowActions", null);
    }
  }
  class TeamWorkflow extends Workflow {}

  class WorkflowAction extends NamedItem {
    /** @param {any} options */
    constructor(options) {
      super("WorkflowAction", options);
    }
    getType() {
      return this._field("type");
    }
    getHandledBy() {
      return this._field("handledBy");
    }
  }

  class TeamPhoneBook extends NamedItem {
    /** @param {any} options */
    constructor(options) {
      super("PhoneBook", options);
    }
  }

  class TeamMessage extends RestItem {
    /** @param {any} options */
    constructor(options) {
      super("TeamMessage", options);
    }
    getContent() {
      return this._field("content");
    }
    getCreatedBy() {
      return this._field("createdBy");
    }
    getCreatedAt() {
      return this._field("createdAt");
    }
    getDuration() {
      return this._field("duration");
    }
  }

  class TeamMessages extends RestCollectionBase {
    /** @param {any} options {parentObj: team, …} @param {any} [callbacks] */
    constructor(options, callbacks) {
      const given = toOptions(options, callbacks);
      super("TeamMessages", given, "TeamMessage", TeamMessage);
      this._node = this._path;
      this._start(given);
    }
  }

  class TeamLayoutConfig extends RestBase {
    /** @param {any} options {parentObj: team, …} */
    constructor(options) {
      super("TeamLayoutConfig", options);
      this._path = `${options.parentObj.getRestUrl()}/LayoutConfig`;
      this._source = this._path;
      this._start(options, { follows: false });
    }
    get() {
      return this.refresh();
    }
    getLayoutXML() {
      return this._field("layoutxml");
    }
    getUseDefault() {
      return this._field("useDefault");
    }
    /** @param {Record<string, any>} fields @param {any} [handlers] */
    put(fields, handlers) {
      return this._put(fields, handlers);
    }
  }

  const TeamNotReadyReasonCodes = listClass(
    "ReasonCodes",
    "ReasonCode",
    TeamNotReadyReasonCode,
    "?category=NOT_READY",
  );
  const TeamSignOutReasonCodes = listClass(
    "ReasonCodes",
    "ReasonCode",
    TeamSignOutReasonCode,
    "?category=LOGOUT",
  );
  const TeamWrapUpReasons = listClass("WrapUpReasons", "WrapUpReason", TeamWrapUpReason);
  const TeamPhoneBooks = listClass("PhoneBooks", "PhoneBook", TeamPhoneBook);
  const TeamWorkflows = listClass("Workflows", "Workflow", TeamWorkflow);

  // ---- teams

  class Team extends RestBase {
    /** @param {any} options @param {any} [callbacks] */
    constructor(options, callbacks) {
      const given = toOptions(options, callbacks);
      super("Team", given);
      this._start(given, { follows: false });
    }
    getName() {
      return this._field("name");
    }
    getUri() {
      return this._field("uri");
    }
    /** @param {any} [handlers] */
    getUsers(handlers) {
      return this.#list(finesse.restservices.Users, handlers);
    }
    /** @param {any} [handlers] */
    getTeamNotReadyReasonCodes(handlers) {
      return this.#list(TeamNotReadyReasonCodes, handlers);
    }
    /** @param {any} [handlers] */
    getTeamSignOutReasonCodes(handlers) {
      return this.#list(TeamSignOutReasonCodes, handlers);
    }
    /** @param {any} [handlers] */
    getTeamWrapUpReasons(handlers) {
      return this.#list(TeamWrapUpReasons, handlers);
    }
    /** @param {any} [handlers] */
    getTeamPhoneBooks(handlers) {
      return this.#list(TeamPhoneBooks, handlers);
    }
    /** @param {any} [handlers] */
    getTeamWorkflows(handlers) {
      return this.#list(TeamWorkflows, handlers);
    }
    /** @param {any} [handlers] */
    getTeamLayoutConfig(handlers) {
      return this.#list(TeamLayoutConfig, handlers);
    }
    /** @param {any} [handlers] */
    getTeamMessages(handlers) {
      return this.#list(TeamMessages, handlers);
    }
    /** @param {new (options: any) => any} List @param {any} handlers */
    #list(List, handlers) {
      return new List({ ...handlers, parentObj: this });
    }
  }

  Object.assign(finesse.restservices, {
    Queue,
    Queues,
    Team,
    Teams: listClass("Teams", "Team", Team),
    TeamMessage,
    TeamMessages,
    TeamLayoutConfig,
    ReasonCodeLookup,
    WrapUpReason,
    WrapUpReasons: listClass("WrapUpReasons", "WrapUpReason", WrapUpReason),
    Workflow,
    WorkflowAction,
    WorkflowActions: listClass("WorkflowActions", "WorkflowAction", WorkflowAction),
    Workflows: listClass("Workflows", "Workflow", Workflow),
    TeamNotReadyReasonCode,
    TeamNotReadyReasonCodes,
    TeamSignOutReasonCode,
    TeamSignOutReasonCodes,
    TeamWrapUpReason,
    TeamWrapUpReasons,
    TeamPhoneBook,
    TeamPhoneBooks,
    TeamWorkflow,
    TeamWorkflows,
  });
  Object.assign(finesse.internal, { NamedItem });
})();
