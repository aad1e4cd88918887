// finesse.restservices: User, an agent or a supervisor.

(() => {
  const { finesse } = window;
  const { Utilities } = finesse.utilities;
  const { Dialogs, MediaList, PhoneBook, Queue, RestBase } = finesse.restservices;
  const { API, RestCollection, RestDocument, enumeration, getReasonCodes, getWrapUpReasons, send } =
    finesse.internal;

  class User extends RestBase {
    /** @type {any} */
    _dialogs = null;
    /** @param {any} options */
    constructor(options) {
      if (typeof options.id !== "string") throw new Error("User: id must be a string");
      super("User", `${API}/User/${options.id}`, options);
      this._follow();
    }

    // ---- identity and roles
    getFirstName() {
      return this._data.firstName ?? "";
    }
    getLastName() {
      return this._data.lastName ?? "";
    }
    getFullName() {
      return `${this.getFirstName()} ${this.getLastName()}`;
    }
    getExtension() {
      return this._data.extension ?? "";
    }
    getTeamId() {
      return this._data.teamId ?? "";
    }
    getTeamName() {
      return this._data.teamName ?? "";
    }
    getSkillTargetId() {
      return this._data.skillTargetId ?? "";
    }
    getSupervisedTeams() {
      return Utilities.getArray(this._data.teams?.Team);
    }
    getServices() {
      return Utilities.getArray(this._data.services?.service);
    }
    /** @param {string} role */
    hasRole(role) {
      return Utilities.getArray(this._data.roles?.role).includes(role);
    }
    hasAgentRole() {
      return this.hasRole("Agent");
    }
    hasSupervisorRole() {
      return this.hasRole("Supervisor");
    }

    // ---- state
    getState() {
      return this._data.state ?? "";
    }
    getPendingState() {
      return this._data.pendingState ?? "";
    }
    getStateChangeTime() {
      return this._data.stateChangeTime ?? "";
    }
    getReasonCode() {
      return this._data.reasonCode ?? null;
    }
    getReasonCodeId() {
      return this._data.reasonCodeId ?? "";
    }
    getReasonCodeLabel() {
      return this._data.reasonCode?.label ?? "";
    }
    getNotReadyReasonCodeId() {
      return this._data.reasonCodeId ?? "";
    }
    /** @param {string} state @param {{id?: string} | null} [reason] @param {any} [handlers] */
    setState(state, reason, handlers) {
      this.#put({ state, reasonCodeId: reason?.id }, handlers);
    }
    /** @param {string} extension @param {any} [handlers] */
    login(extension, handlers) {
      this.#put({ state: "LOGIN", extension }, handlers);
    }
    /** @param {string} extension @param {string} mode @param {string} dialNumber
     * @param {any} [handlers] */
    loginMobileAgent(extension, mode, dialNumber, handlers) {
      this.#put({ state: "LOGIN", extension, mobileAgent: { mode, dialNumber } }, handlers);
    }
    /** @param {{id?: string} | null} [reason] @param {any} [handlers] */
    logout(reason, handlers) {
      this.setState("LOGOUT", reason, handlers);
    }

    // ---- settings
    getWrapUpOnIncoming() {
      return this._data.settings?.wrapUpOnIncoming ?? "";
    }
    isWrapUpRequired() {
      return this.getWrapUpOnIncoming().startsWith("REQUIRED");
    }
    isDeviceSelectionEnabled() {
      return this._data.settings?.deviceSelection === "enabled";
    }
    isMobileAgent() {
      return Boolean(this._data.mobileAgent);
    }
    getMobileAgentMode() {
      return this._data.mobileAgent?.mode ?? "";
    }
    getMobileAgentDialNumber() {
      return this._data.mobileAgent?.dialNumber ?? "";
    }

    // ---- calls
    /** @param {any} options */
    getDialogs(options) {
      this._dialogs ??= new Dialogs(this, options ?? {});
      return this._dialogs;
    }
    /** @param {string} number @param {any} [handlers] */
    makeCall(number, handlers) {
      this.#createDialog("MAKE_CALL", number, undefined, handlers);
    }
    /** @param {string} to @param {any} [handlers] */
    makeSMCall(to, handlers) {
      this.#createDialog("SILENT_MONITOR", to, undefined, handlers);
    }
    /** @param {string} to @param {string} dialogUri @param {any} [handlers] */
    makeBargeCall(to, dialogUri, handlers) {
      this.#createDialog("BARGE_CALL", to, dialogUri, handlers);
    }

    // ---- lists
    /** @param {any} options */
    getNotReadyReasonCodes(options) {
      return getReasonCodes(this._path, "NOT_READY", options);
    }
    /** @param {any} options */
    getSignoutReasonCodes(options) {
      return getReasonCodes(this._path, "LOGOUT", options);
    }
    /** @param {any} options */
    getWrapUpReasons(options) {
      return getWrapUpReasons(this._path, options);
    }
    /** @param {any} options */
    getQueues(options) {
      const createQueue = (/** @type {any} */ data) =>
        new Queue({ id: Utilities.getId(data.uri), data });
      return new RestCollection("Queues", `${this._path}/Queues`, options, "Queue", createQueue);
    }
    /** @param {any} options */
    getPhoneBooks(options) {
      const createPhoneBook = (/** @type {any} */ data) => new PhoneBook(data);
      const path = `${this._path}/PhoneBooks`;
      return new RestCollection("PhoneBooks", path, options, "PhoneBook", createPhoneBook);
    }
    /** @param {any} options */
    loadWorkflows(options) {
      return new RestCollection("Workflows", `${this._path}/Workflows`, options, "Workflow");
    }
    /** @param {any} options */
    getMediaPropertiesLayout(options) {
      const path = `${this._path}/MediaPropertiesLayout`;
      return new RestDocument("MediaPropertiesLayout", path, options);
    }
    /** @param {any} options */
    getMediaPropertiesLayouts(options) {
      return new RestCollection(
        "MediaPropertiesLayouts",
        `${this._path}/MediaPropertiesLayouts`,
        options,
        "MediaPropertiesLayout",
      );
    }
    /** @param {any} options */
    getMediaList(options) {
      return new MediaList(`${this._path}/Media`, options);
    }

    /** @param {Record<string, any>} fields @param {any} handlers */
    #put(fields, handlers) {
      send(this._path, "PUT", { User: fields }, handlers);
    }
    /** @param {string} requestedAction @param {string} toAddress
     * @param {string | undefined} associatedDialogUri @param {any} handlers */
    #createDialog(requestedAction, toAddress, associatedDialogUri, handlers) {
      const dialog = {
        requestedAction,
        fromAddress: this.getExtension(),
        toAddress,
        associatedDialogUri,
      };
      send(`${this._path}/Dialogs`, "POST", { Dialog: dialog }, handlers);
    }
  }
  Object.assign(User, {
    States: enumeration(
      "LOGIN",
      "LOGOUT",
      "NOT_READY",
      "READY",
      "RESERVED",
      "TALKING",
      "HOLD",
      "WORK",
      "WORK_READY",
    ),
  });

  finesse.restservices.User = User;
})();
