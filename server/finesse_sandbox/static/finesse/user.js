// finesse.restservices: User, an agent or a supervisor, and Users, the members of a team.

(() => {
  const { finesse } = window;
  const { Utilities } = finesse.utilities;
  const {
    ClientLog,
    Dialogs,
    MediaList,
    PhoneBooks,
    Queues,
    RestBase,
    RestCollectionBase,
    UserMediaPropertiesLayout,
    UserMediaPropertiesLayouts,
    Workflows,
    WrapUpReasons,
  } = finesse.restservices;
  const { enumeration, request, toOptions } = finesse.internal;

  const NO_REASON_CODE = "-1";
  const STATES_OF_A_CALL = ["TALKING", "HOLD", "RESERVED_OUTBOUND_PREVIEW"];
  const WRAP_UP_STATES = ["WORK", "WORK_READY"];

  class User extends RestBase {
    /** What was read for the user once. @type {Map<any, any>} */
    #lists = new Map();
    /** @param {any} options @param {any} [callbacks] */
    constructor(options, callbacks) {
      const given = toOptions(options, callbacks);
      super("User", given);
      this._start(given);
    }
    _canRead() {
      if (this._id === undefined) console.error("finesse.restservices.User: the id is missing");
      return this._id !== undefined && super._canRead();
    }

    // ---- identity and roles
    getFirstName() {
      return this._field("firstName");
    }
    getLastName() {
      return this._field("lastName");
    }
    getFullName() {
      return `${this.getFirstName()} ${this.getLastName()}`;
    }
    getExtension() {
      return this._field("extension");
    }
    getTeamId() {
      return this._field("teamId");
    }
    getTeamName() {
      return this._field("teamName");
    }
    getSkillTargetId() {
      return this._field("skillTargetId");
    }
    getSupervisedTeams() {
      return Utilities.getArray(this._field("teams", {})?.Team);
    }
    getServices() {
      return Utilities.getArray(this._field("services", {})?.service);
    }
    /** @param {string} role */
    hasRole(role) {
      return Utilities.getArray(this._field("roles", {})?.role).includes(role);
    }
    hasAgentRole() {
      return this.hasRole("Agent");
    }
    hasSupervisorRole() {
      return this.hasRole("Supervisor");
    }

    // ---- state
    getState() {
      return this._field("state");
    }
    getPendingState() {
      return this._field("pendingState");
    }
    getMediaState() {
      return this._field("mediaState", null);
    }
    getStateChangeTime() {
      return this._field("stateChangeTime");
    }
    /** Return whether a change of state waits for the end of a call. */
    isPendingStateChange() {
      return STATES_OF_A_CALL.includes(this.getState());
    }
    isWrapUp() {
      return WRAP_UP_STATES.includes(this.getState());
    }
    getReasonCode() {
      return this._field("reasonCode", null);
    }
    getReasonCodeId() {
      return this._field("reasonCodeId");
    }
    getReasonCodeLabel() {
      return this.getReasonCode()?.label ?? "";
    }
    getNotReadyReasonCodeId() {
      const id = this._field("reasonCodeId", undefined);
      return id === NO_REASON_CODE ? undefined : id;
    }
    /** @param {string} state @param {{id?: string} | null} [reason] @param {any} [handlers] */
    setState(state, reason, handlers) {
      return this._put({ state, reasonCodeId: reason?.id }, handlers);
    }
    /** @param {string} extension @param {any} [handlers] */
    login(extension, handlers) {
      return this._put({ state: "LOGIN", extension }, handlers);
    }
    /** @param {string} extension @param {string} mode @param {string} dialNumber
     * @param {any} [handlers] */
    loginMobileAgent(extension, mode, dialNumber, handlers) {
      return this._put({ state: "LOGIN", extension, mobileAgent: { mode, dialNumber } }, handlers);
    }
    /** @param {{id?: string} | null} [reason] @param {any} [handlers] */
    logout(reason, handlers) {
      return this.setState("LOGOUT", reason, handlers);
    }

    // ---- settings
    getWrapUpOnIncoming() {
      return this._field("settings", {})?.wrapUpOnIncoming ?? "";
    }
    isWrapUpRequired() {
      return this.getWrapUpOnIncoming().startsWith("REQUIRED");
    }
    isDeviceSelectionEnabled() {
      return this._field("settings", {})?.deviceSelection === "enabled";
    }
    getActiveDeviceId() {
      return this._field("activeDeviceId");
    }
    getDevices() {
      return Utilities.getArray(this._field("devices", {})?.device);
    }
    isMobileAgent() {
      return Boolean(this._field("mobileAgent", null));
    }
    getMobileAgentMode() {
      return this._field("mobileAgent", null)?.mode ?? null;
    }
    getMobileAgentDialNumber() {
      return this._field("mobileAgent", null)?.dialNumber ?? null;
    }

    // ---- calls
    /** @param {any} [handlers] */
    getDialogs(handlers) {
      return this.#once(Dialogs, handlers);
    }
    /** @param {any} [handlers] */
    getDialogsNoCache(handlers) {
      this.#lists.get(Dialogs)?.unsubscribe();
      this.#lists.delete(Dialogs);
      return this.getDialogs(handlers);
    }
    /** @param {string} number @param {any} [handlers] */
    makeCall(number, handlers) {
      return this.#createDialog("MAKE_CALL", number, undefined, handlers);
    }
    /** @param {string} to @param {any} [handlers] */
    makeSMCall(to, handlers) {
      return this.#createDialog("SILENT_MONITOR", to, undefined, handlers);
    }
    /** @param {string} to @param {string} dialogUri @param {any} [handlers] */
    makeBargeCall(to, dialogUri, handlers) {
      return this.#createDialog("BARGE_CALL", to, dialogUri, handlers);
    }

    // ---- reason codes, which are handed over as an array and not as a collection
    /** @param {{success?: (codes?: {id: string, label: string}[]) => void, error?: any}} handlers */
    getNotReadyReasonCodes(handlers) {
      this.#readReasonCodes("NOT_READY", handlers);
    }
    /** @param {{success?: (codes?: {id: string, label: string}[]) => void, error?: any}} handlers */
    getSignoutReasonCodes(handlers) {
      this.#readReasonCodes("LOGOUT", handlers);
    }
    /** @param {any} handlers @param {string} id */
    getReasonCodeById(handlers, id) {
      request(`${this._path}/ReasonCode/${id}`, {
        success(/** @type {any} */ response) {
          const { uri, label } = response.object.ReasonCode;
          handlers?.success?.({ uri, label, id: Utilities.getId(uri) });
        },
        error: handlers?.error,
      });
    }

    // ---- lists
    /** @param {any} [handlers] */
    getWrapUpReasons(handlers) {
      return this.#once(WrapUpReasons, handlers);
    }
    /** @param {any} [handlers] */
    getQueues(handlers) {
      return this.#once(Queues, handlers);
    }
    /** @param {any} [handlers] */
    getPhoneBooks(handlers) {
      return this.#once(PhoneBooks, handlers);
    }
    /** @param {any} [handlers] */
    loadWorkflows(handlers) {
      return this.#once(Workflows, handlers);
    }
    /** @param {any} [handlers] */
    getMediaPropertiesLayout(handlers) {
      return this.#once(UserMediaPropertiesLayout, handlers);
    }
    /** @param {any} [handlers] */
    getMediaPropertiesLayouts(handlers) {
      return this.#once(UserMediaPropertiesLayouts, handlers);
    }
    /** @param {any} [handlers] */
    getMediaList(handlers) {
      return this.#once(MediaList, handlers);
    }
    /** @param {any} [handlers] */
    getClientLog(handlers) {
      const log = this.#once(ClientLog, handlers);
      handlers?.onLoad?.(log);
      return log;
    }

    /** Create what belongs to the user at the first call, and return it at later calls.
     * @param {new (options: any) => any} List @param {any} handlers */
    #once(List, handlers) {
      this.isLoaded();
      const known = this.#lists.get(List);
      if (known) return known;
      const list = new List({ ...handlers, parentObj: this });
      this.#lists.set(List, list);
      return list;
    }
    /** @param {string} category @param {any} handlers */
    #readReasonCodes(category, handlers) {
      request(`${this._path}/ReasonCodes?category=${category}`, {
        success(/** @type {any} */ response) {
          const codes = Utilities.getArray(response.object.ReasonCodes?.ReasonCode);
          const found = codes.map((/** @type {any} */ { uri, label }) => ({
            id: Utilities.getId(uri),
            label,
          }));
          handlers?.success?.(found.length ? found : undefined);
        },
        error: handlers?.error,
      });
    }
    /** @param {string} requestedAction @param {string} toAddress
     * @param {string | undefined} associatedDialogUri @param {any} handlers */
    #createDialog(requestedAction, toAddress, associatedDialogUri, handlers) {
      const fields = {
        requestedAction,
        fromAddress: this.getExtension(),
        toAddress,
        associatedDialogUri,
      };
      const content = { Dialog: fields };
      return this.restRequest(`${this._path}/Dialogs`, { ...handlers, method: "POST", content });
    }
  }
  Object.assign(User, {
    States: enumeration(
      "LOGIN",
      "LOGOUT",
      "NOT_READY",
      "READY",
      "RESERVED",
      "RESERVED_OUTBOUND",
      "RESERVED_OUTBOUND_PREVIEW",
      "TALKING",
      "HOLD",
      "WORK",
      "WORK_READY",
    ),
    MediaStates: enumeration("BUSY"),
    WorkMode: enumeration("CALL_BY_CALL", "NAILED_CONNECTION"),
    WrapUpMode: enumeration("REQUIRED", "REQUIRED_WITH_WRAP_UP_DATA", "OPTIONAL", "NOT_ALLOWED"),
  });

  class Users extends RestCollectionBase {
    /** @param {any} options {parentObj: team, …}; without a team, all users for an administrator
     * @param {any} [callbacks] */
    constructor(options, callbacks) {
      const given = toOptions(options, callbacks);
      super("Users", given, "User", User);
      if (given.parentObj) {
        this._node = this._path;
        this._source = given.parentObj.getRestUrl();
      }
      this._start(given);
    }
    /** @param {any} answer */
    _dataIn(answer) {
      return answer.Team ? answer.Team.users : answer.Users;
    }
  }

  Object.assign(finesse.restservices, { User, Users });
})();
