// finesse.restservices: media other than voice, and their tasks (MediaDialog). 11.5 and later.

(() => {
  const { finesse } = window;
  const { Config } = finesse.gadget;
  const { ClientServices } = finesse.clientservices;
  const { DialogBase, Dialogs, RestBase, RestCollectionBase } = finesse.restservices;
  const { API, actions, enumeration, toOptions } = finesse.internal;

  const DEFAULT_MAX_DIALOG_LIMIT = "5";

  class Media extends RestBase {
    /** @type {any} */
    #dialogs = null;
    /** @param {any} options {id, userId, mediaOptions, …} @param {any} [callbacks] */
    constructor(options, callbacks) {
      const given = toOptions(options, callbacks);
      super("Media", given);
      const list = `${API}/User/${given.userId ?? Config.id}/Media`;
      this._path = `${list}/${given.id}`;
      this._source = this._path;
      // Finesse reports every medium on the node of the list, which the agent has unasked.
      this._listTopic = list;
      if (given.mediaOptions)
        this._optionsHelper = new MediaOptionsHelper(this, given.mediaOptions);
      this._mediaOptions = given.mediaOptions;
      this._start(given);
    }
    subscribe() {
      const topic = this._listTopic.slice(1).replaceAll("/", ".");
      finesse.internal
        .getHub()
        .subscribe(topic, (/** @type {string} */ _topic, /** @type {any} */ message) =>
          this._onEvent(message),
        );
      ClientServices.addToRefreshList(this);
      return this;
    }
    /** @param {any} update */
    _onUpdate(update) {
      if (update?.source === this._path || update?.data?.media?.id === this.getId())
        super._onUpdate(update);
    }
    getMediaId() {
      return this._field("id");
    }
    getName() {
      return this._field("name");
    }
    getState() {
      return this._field("state");
    }
    getRoutable() {
      return this._field("routable") === "true";
    }
    getInterruptible() {
      return this._field("interruptible") === "true";
    }
    getMaxDialogLimit() {
      return this._field("maxDialogLimit");
    }
    getInterruptAction() {
      return this._field("interruptAction");
    }
    getDialogLogoutAction() {
      return this._field("dialogLogoutAction");
    }
    getReasonCodeId() {
      return this._field("reasonCodeId");
    }
    getReasonCodeLabel() {
      return this._field("reasonCode", null)?.label ?? "";
    }
    isLoggedIn() {
      const state = this.getState();
      return Boolean(state) && state !== "LOGOUT";
    }
    /** @param {any} [options] */
    login(options = this._mediaOptions ?? {}) {
      const fields = {
        state: "LOGIN",
        maxDialogLimit: options.maxDialogLimit ?? DEFAULT_MAX_DIALOG_LIMIT,
        interruptAction: options.interruptAction,
        dialogLogoutAction: options.dialogLogoutAction,
      };
      return this._put(fields, options.handlers);
    }
    /** @param {string | null} [reason] @param {any} [options] */
    logout(reason, options = {}) {
      return this.setState("LOGOUT", reason, options);
    }
    /** @param {string} state @param {any} [reason] @param {any} [options] */
    setState(state, reason, options = {}) {
      return this._put({ state, reasonCodeId: reason?.id ?? reason }, options.handlers ?? options);
    }
    /** @param {{routable: boolean, handlers?: any}} options */
    setRoutable(options) {
      return this._put({ routable: options.routable }, options.handlers);
    }
    /** @param {any} [options] */
    getMediaDialogs(options) {
      this.#dialogs ??= new MediaDialogs({ ...(options?.handlers ?? options), parentObj: this });
      return this.#dialogs;
    }
  }
  Object.assign(Media, {
    States: enumeration(
      "LOGIN",
      "LOGOUT",
      "NOT_READY",
      "READY",
      "RESERVED",
      "ACTIVE",
      "PAUSED",
      "INTERRUPTED",
      "WORK",
      "WORK_READY",
    ),
  });

  /** Keep a medium signed in with the same options: a failover of Finesse loses them. */
  class MediaOptionsHelper {
    /** @param {Media} media @param {any} mediaOptions */
    constructor(media, mediaOptions) {
      this.media = media;
      this.mediaOptions = mediaOptions;
      this.state = "MONITORING_OPTIONS";
      media.addHandler("change", () => this.#compare());
    }
    #compare() {
      const { maxDialogLimit } = this.mediaOptions;
      const hasOptions =
        !maxDialogLimit || String(maxDialogLimit) === this.media.getMaxDialogLimit();
      if (!this.media.isLoggedIn() || hasOptions) {
        this.state = "MONITORING_OPTIONS";
      } else if (this.state === "MONITORING_OPTIONS") {
        this.state = "SETTING_OPTIONS";
        this.media.login(this.mediaOptions);
      }
    }
  }
  Object.assign(MediaOptionsHelper, {
    States: enumeration("MONITORING_OPTIONS", "SETTING_OPTIONS"),
  });

  class MediaList extends RestCollectionBase {
    /** @param {any} options {parentObj: user, …} @param {any} [callbacks] */
    constructor(options, callbacks) {
      const given = toOptions(options, callbacks);
      super("MediaList", given, "Media", Media);
      this._path = `${given.parentObj?.getRestUrl() ?? `${API}/User/${Config.id}`}/Media`;
      this._source = this._path;
      this._start(given, { follows: false });
    }
    /** Return one medium of the list, followed. @param {any} options */
    getMedia(options) {
      if (!this._collection[options.id]) throw new Error(`there is no Media ${options.id}`);
      return new Media(options);
    }
  }

  class MediaDialog extends DialogBase {
    /** @param {string} action @param {any} [handlers] @param {string} [target] of a transfer */
    setTaskState(action, handlers, target) {
      const parameters = target ? { toMediaAddress: target } : {};
      return this._act(action, Config.id, parameters, handlers);
    }
    /** @param {string} target @param {any} [handlers] */
    transfer(target, handlers) {
      return this.setTaskState("TRANSFER", handlers, target);
    }
  }
  Object.assign(MediaDialog, {
    TaskActions: enumeration("ACCEPT", "START", "PAUSE", "RESUME", "WRAP_UP", "CLOSE", "TRANSFER"),
    States: enumeration(
      "OFFERED",
      "ACCEPTED",
      "ACTIVE",
      "PAUSED",
      "INTERRUPTED",
      "WRAPPING_UP",
      "CLOSED",
      "UNKNOWN",
    ),
  });

  class MediaDialogs extends RestCollectionBase {
    /** @param {any} options {parentObj: medium, …} @param {any} [callbacks] */
    constructor(options, callbacks) {
      const given = toOptions(options, callbacks);
      super("Dialogs", given, "Dialog", MediaDialog);
      this._media = given.parentObj ?? null;
      this._path = `${API}/User/${Config.id}/Dialogs/Media`;
      this._source = this._path;
      this._node = this._path;
      this._start(given);
    }
    getMedia() {
      return this._media;
    }
    /** Leave out the tasks of other media. @param {any} data @returns {any[]} */
    _itemsIn(data) {
      return super
        ._itemsIn(data)
        .filter(
          (/** @type {any} */ { mediaProperties }) =>
            !this._media ||
            !mediaProperties?.mediaId ||
            mediaProperties.mediaId === this._media._id,
        );
    }
  }
  Object.assign(MediaDialogs.prototype, {
    getDialogCount: Dialogs.prototype.getDialogCount,
    isDialogsEmpty: Dialogs.prototype.isDialogsEmpty,
  });

  Object.assign(finesse.restservices, {
    Media,
    MediaList,
    MediaDialog,
    MediaDialogs,
    MediaOptionsHelper,
    InterruptActions: actions("ACCEPT", "IGNORE"),
    DialogLogoutActions: actions("CLOSE", "TRANSFER"),
  });
})();
