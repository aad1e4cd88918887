// finesse.restservices: media other than voice, and their tasks (MediaDialog). 11.5 and later.

(() => {
  const { finesse } = window;
  const { Config } = finesse.gadget;
  const { Utilities } = finesse.utilities;
  const { Dialog, RestBase } = finesse.restservices;
  const { API, RestCollection, actions, enumeration, send } = finesse.internal;

  const DEFAULT_MAX_DIALOG_LIMIT = "5";

  class Media extends RestBase {
    /** @param {any} options */
    constructor(options) {
      const userId = options.userId ?? Config.id;
      super("Media", `${API}/User/${userId}/Media/${options.id}`, options);
      this._mediaOptions = options.mediaOptions;
      this._follow();
    }
    /** Finesse reports every medium on the node of the list. */
    get topic() {
      return this._path.slice(1).split("/").slice(0, -1).join(".");
    }
    /** @param {any} update */
    _onUpdate(update) {
      if (update?.source === this._path || update?.data?.media?.id === this.getId())
        super._onUpdate(update);
    }
    getName() {
      return this._data.name ?? "";
    }
    getState() {
      return this._data.state ?? "";
    }
    getRoutable() {
      return this._data.routable === "true";
    }
    getMaxDialogLimit() {
      return this._data.maxDialogLimit ?? "";
    }
    getReasonCodeId() {
      return this._data.reasonCodeId ?? "";
    }
    isLoggedIn() {
      return Boolean(this._data.state) && this._data.state !== "LOGOUT";
    }
    /** @param {any} [options] */
    login(options = this._mediaOptions ?? {}) {
      const media = {
        state: "LOGIN",
        maxDialogLimit: options.maxDialogLimit ?? DEFAULT_MAX_DIALOG_LIMIT,
        interruptAction: options.interruptAction,
        dialogLogoutAction: options.dialogLogoutAction,
      };
      send(this._path, "PUT", { Media: media }, options.handlers);
    }
    /** @param {string | null} [reason] @param {any} [options] */
    logout(reason, options = {}) {
      this.setState("LOGOUT", reason, options);
    }
    /** @param {string} state @param {any} [reason] @param {any} [options] */
    setState(state, reason, options = {}) {
      const media = { state, reasonCodeId: reason?.id ?? reason };
      send(this._path, "PUT", { Media: media }, options.handlers ?? options);
    }
    /** @param {{routable: boolean, handlers?: any}} options */
    setRoutable(options) {
      send(this._path, "PUT", { Media: { routable: options.routable } }, options.handlers);
    }
    /** @param {any} options */
    getMediaDialogs(options) {
      this._dialogs ??= new MediaDialogs(options?.handlers ?? options ?? {});
      return this._dialogs;
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
      "WORK_READY",
    ),
  });

  class MediaList extends RestCollection {
    /** @param {string} path @param {any} options */
    constructor(path, options) {
      super("MediaList", path, options, "Media");
    }
    /** Return one medium of the list, followed. @param {any} options */
    getMedia(options) {
      if (!this._collection[options.id]) throw new Error(`there is no Media ${options.id}`);
      return new Media(options);
    }
  }

  class MediaDialog extends Dialog {
    /** @param {any} data */
    constructor(data) {
      super(data);
    }
    /** @param {string} action @param {any} [handlers] */
    setTaskState(action, handlers) {
      this.requestAction(Config.id, action, handlers);
    }
    /** @param {string} target @param {any} [handlers] */
    transfer(target, handlers) {
      this._act("TRANSFER", Config.id, { toMediaAddress: target }, handlers);
    }
  }
  Object.assign(MediaDialog, {
    TaskActions: enumeration("ACCEPT", "START", "PAUSE", "RESUME", "WRAP_UP", "CLOSE", "TRANSFER"),
  });

  class MediaDialogs extends RestCollection {
    /** @param {any} options */
    constructor(options) {
      const path = `${API}/User/${Config.id}/Dialogs/Media`;
      const createTask = (/** @type {any} */ data) => new MediaDialog(data);
      super("Dialogs", path, options, "Dialog", createTask, path);
    }
    /** @param {any} update */
    _onUpdate(update) {
      const isDelete = update?.event?.toUpperCase() === "DELETE";
      const tasks = [
        ...Utilities.getArray(update?.data?.dialogs?.Dialog),
        ...Utilities.getArray(update?.data?.dialog),
      ];
      for (const task of tasks) {
        if (isDelete) this.#remove(task);
        else this._put(task, true);
      }
    }
    /** @param {any} task */
    #remove(task) {
      const known = this._collection[task.id];
      if (!known) return;
      known._data = task;
      delete this._collection[task.id];
      known._fire("delete", known);
      this._onDelete?.(known);
    }
  }

  Object.assign(finesse.restservices, {
    Media,
    MediaList,
    MediaDialog,
    MediaDialogs,
    InterruptActions: actions("ACCEPT", "IGNORE"),
    DialogLogoutActions: actions("CLOSE", "TRANSFER"),
  });
})();
