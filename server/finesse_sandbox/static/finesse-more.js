// More of the stand-in's own library, served behind finesse.js: collections, teams, queues, media, every action of a call.
// Names are those that the vendor documents for 10.6 and what was added since; not the vendor's code.

(() => {
  const { finesse } = window;
  const { Utilities } = finesse.utilities;
  const { ClientServices } = finesse.clientservices;
  const { RestBase, User, Dialogs, Dialog } = finesse.restservices;
  const { Config } = finesse.gadget;
  const { ContainerServices } = finesse.containerservices;
  const list = Utilities.getArray;
  const api = "/finesse/api";

  /** @param {string} path @param {string} method @param {any} content @param {any} [handlers] */
  const send = (path, method, content, handlers) =>
    ClientServices.makeRequest(path, handlers ?? {}, { method, content });

  // ---- utilities

  const pad = (/** @type {number} */ number) => String(Math.floor(number)).padStart(2, "0");
  Object.assign(Utilities, {
    getUserAuthString: () => atob(Config.authorization),
    getToken: () => Config.authToken ?? "",
    currentTimeMillis: () => Date.now(),
    /** @param {string} uri */
    getId: (uri) => uri.split("/").pop(),
    /** @param {any} answer */
    getErrCode: (answer) => list(answer?.object?.ApiErrors?.ApiError)[0]?.ErrorType ?? "",
    /** @param {any} answer */
    getErrData: (answer) => list(answer?.object?.ApiErrors?.ApiError)[0]?.ErrorData ?? "",
    /** @param {any} answer */
    getErrMessage: (answer) => list(answer?.object?.ApiErrors?.ApiError)[0]?.ErrorMessage ?? "",
    /** @param {any} handler */
    validateHandler(handler) {
      if (handler !== undefined && typeof handler !== "function")
        throw new Error("handler must be a function");
      return handler;
    },
    /** @param {string} text */
    b64Encode: (text) => btoa(text),
    /** @param {string} text */
    b64Decode: (text) => atob(text),
    /** @param {any} object */
    json2xml: (object) => Utilities.js2xml(object),
    /** @param {string} text */
    xml2js: (text) => Utilities.xml2JsObj(text),
    /** @param {string} text */
    translateHTMLEntities: (text) =>
      new DOMParser().parseFromString(text, "text/html").documentElement.textContent,
    /** @param {string} text */
    translateXMLEntities: (text) => text.replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`),
    /** @param {number} seconds */
    convertTsToDuration: (seconds) =>
      `${pad(seconds / 3600)}:${pad((seconds / 60) % 60)}:${pad(seconds % 60)}`,
    /** @param {Promise<any>[]} many */
    whenAllDone: (many) => Promise.all(many),
    /** @param {string} url */
    downloadFile: (url) => void window.open(url),
    /** Calls back once the gadget can be seen: measured before, its height is nothing. @param {() => void} callback */
    onGadgetFirstVisible(callback) {
      const services = ContainerServices.init();
      if (services.tabVisible()) callback();
      else services.addHandler(ContainerServices.Topics.ACTIVE_TAB, callback);
    },
  });
  finesse.utilities.I18n = {
    getString: (/** @type {string} */ key) => new gadgets.Prefs().getMsg(key) || key,
  };
  finesse.utilities.SaxParser = {
    /** Walks through a text of XML. @param {string} text @param {(kind: string, value: string) => void} told */
    parse(text, told) {
      const walk = (/** @type {Element} */ element) => {
        told("StartElement", element.tagName);
        for (const { name, value } of element.attributes) told("Attribute", `${name}=${value}`);
        for (const child of element.childNodes) {
          if (child instanceof Element) walk(child);
          else if (child.nodeValue?.trim()) told("TextNode", child.nodeValue);
        }
        told("EndElement", element.tagName);
      };
      walk(new DOMParser().parseFromString(text, "text/xml").documentElement);
    },
  };
  finesse.utilities.Logger = { log: (/** @type {any[]} */ ...told) => console.log(...told) };
  finesse.Converter = { xml2json: Utilities.xml2js, json2xml: Utilities.js2xml };

  // ---- one object, and collections of objects

  class Collection extends RestBase {
    /** @type {Record<string, any>} */
    _collection = {};
    /** @param {string} type @param {string} path @param {any} told @param {(data: any) => any} make @param {string} item @param {string} [node] */
    constructor(type, path, told, make, item, node = "") {
      super(type, path, told ?? {});
      this._make = make;
      this._item = item;
      this._added = told?.onCollectionAdd;
      this._removed = told?.onCollectionDelete;
      if (node) {
        ClientServices.subscribeNode(node, () => {});
        ClientServices.subscribe(node.slice(1).replaceAll("/", "."), (/** @type {any} */ message) =>
          this._hear(message.object?.Update),
        );
      }
      this.refresh();
    }
    getCollection() {
      return this._collection;
    }
    /** @param {any} data */
    _take(data) {
      const held = data?.users ?? data;
      for (const one of list(held?.[this._item])) this._put(one, false);
      super._take(data);
    }
    /** @param {any} one @param {boolean} tell */
    _put(one, tell) {
      const id = String(one.uri ?? one.id ?? one.name ?? "")
        .replace(/\/$/, "")
        .split("/")
        .pop();
      const known = this._collection[id ?? ""];
      if (known) return known._take(one);
      const made = this._make(one);
      made._data = one;
      this._collection[id ?? ""] = made;
      if (tell) this._added?.(made);
    }
    /** @param {any} update */
    _hear(update) {
      const name = this._item[0].toLowerCase() + this._item.slice(1);
      const one = update?.data?.[name] ?? update?.data?.[this._item];
      if (!one) return;
      if (update.event?.toUpperCase() === "DELETE") {
        const id = Utilities.getId(one.uri);
        this._removed?.(this._collection[id]);
        delete this._collection[id];
      } else this._put(one, true);
      this._fire("change", this);
    }
  }

  /** An object that is only held: what a collection is of. */
  class Held extends RestBase {
    /** @param {string} type @param {any} data */
    constructor(type, data) {
      super(type, data.uri ?? "", {});
      this._data = data;
    }
    getLabel() {
      return this._data.label ?? "";
    }
    getName() {
      return this._data.name ?? "";
    }
    getUri() {
      return this._data.uri ?? "";
    }
    getCode() {
      return this._data.code ?? "";
    }
    getForAll() {
      return this._data.forAll ?? "";
    }
    getType() {
      return this._data.type ?? "";
    }
  }

  class Contact extends Held {
    getFirstName() {
      return this._data.firstName ?? "";
    }
    getLastName() {
      return this._data.lastName ?? "";
    }
    getPhoneNumber() {
      return this._data.phoneNumber ?? "";
    }
    getDescription() {
      return this._data.description ?? "";
    }
  }

  class PhoneBook extends Held {
    getEmbeddedContacts() {
      return this._data.contacts ?? this._data.Contacts ?? null;
    }
    getContacts() {
      const { contacts, Contacts } = this._data;
      const found = list((contacts ?? Contacts)?.Contact).map(
        (/** @type {any} */ one) => new Contact("Contact", one),
      );
      return {
        getCollection: () =>
          Object.fromEntries(found.map((/** @type {any} */ one) => [one.getId(), one])),
      };
    }
  }

  class Queue extends RestBase {
    /** @param {any} told */
    constructor(told) {
      super("Queue", `${api}/Queue/${told.id}`, told);
      if (told.data) this._data = told.data;
      else this._begin();
    }
    getName() {
      return this._data.name ?? "";
    }
    getStatistics() {
      return this._data.statistics ?? {};
    }
  }

  class Team extends RestBase {
    /** @param {any} told */
    constructor(told) {
      super("Team", `${api}/Team/${told.id}`, told);
      this.refresh();
    }
    getName() {
      return this._data.name ?? "";
    }
    /** @param {any} told */
    getUsers(told) {
      const make = (/** @type {any} */ one) => new Held("User", one);
      return new Collection("Team", this._path, told, make, "User", `${this._path}/Users`);
    }
    /** @param {any} told */
    getTeamNotReadyReasonCodes(told) {
      return reasons(`${this._path}/ReasonCodes?category=NOT_READY`, told);
    }
    /** @param {any} told */
    getTeamWrapUpReasons(told) {
      return new Collection(
        "WrapUpReasons",
        `${this._path}/WrapUpReasons`,
        told,
        (one) => new Held("WrapUpReason", one),
        "WrapUpReason",
      );
    }
  }

  /** @param {string} path @param {any} told */
  const reasons = (path, told) =>
    new Collection("ReasonCodes", path, told, (one) => new Held("ReasonCode", one), "ReasonCode");

  class Plain extends RestBase {
    /** @param {string} type @param {string} path @param {any} told */
    constructor(type, path, told) {
      super(type, path, told ?? {});
      this.refresh();
    }
  }

  class SystemInfo extends Plain {
    /** @param {any} told */
    constructor(told) {
      super("SystemInfo", `${api}/SystemInfo`, told);
    }
    getStatus() {
      return this._data.status ?? "";
    }
    getXmppDomain() {
      return this._data.xmppDomain ?? "";
    }
    getXmppPubSubDomain() {
      return this._data.xmppPubSubDomain ?? "";
    }
    getDeploymentType() {
      return this._data.deploymentType ?? "";
    }
    getCurrentTimestamp() {
      return this._data.currentTimestamp ?? "";
    }
    isSingleNode() {
      return !this._data.secondaryNode?.host;
    }
    getPrimaryNode() {
      return this._data.primaryNode ?? {};
    }
    getSecondaryNode() {
      return this._data.secondaryNode ?? {};
    }
  }

  class ClientLog {
    /** @param {any} told */
    constructor(told = {}) {
      this._path = `${api}/User/${told.id ?? Config.id}/ClientLog`;
    }
    /** @param {{logData: string}} content @param {any} [handlers] */
    sendLogs(content, handlers) {
      send(this._path, "POST", { ClientLog: content }, handlers);
    }
  }

  // ---- media: tasks that are not calls; 11.5 and later

  class Media extends RestBase {
    /** @param {any} told */
    constructor(told) {
      super("Media", `${api}/User/${told.userId ?? Config.id}/Media/${told.id}`, told);
      this._options = told.mediaOptions;
      this._begin();
    }
    getName() {
      return this._data.name ?? "";
    }
    getState() {
      return this._data.state ?? "";
    }
    /** Events of every medium come on the list's own node. */
    get topic() {
      return this._path.slice(1).split("/").slice(0, -1).join(".");
    }
    /** @param {any} update */
    _hear(update) {
      if (update?.source === this._path || update?.data?.media?.id === this.getId())
        super._hear(update);
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
    /** @param {any} [told] */
    login(told = this._options ?? {}) {
      const { maxDialogLimit = "5", interruptAction, dialogLogoutAction } = told;
      send(
        this._path,
        "PUT",
        { Media: { state: "LOGIN", maxDialogLimit, interruptAction, dialogLogoutAction } },
        told.handlers,
      );
    }
    /** @param {string | null} [reason] @param {any} [told] */
    logout(reason, told = {}) {
      this.setState("LOGOUT", reason, told);
    }
    /** @param {string} state @param {any} [reason] @param {any} [told] */
    setState(state, reason, told = {}) {
      send(
        this._path,
        "PUT",
        { Media: { state, reasonCodeId: reason?.id ?? reason } },
        told.handlers ?? told,
      );
    }
    /** @param {{routable: boolean, handlers?: any}} told */
    setRoutable(told) {
      send(this._path, "PUT", { Media: { routable: told.routable } }, told.handlers);
    }
    /** @param {any} told */
    getMediaDialogs(told) {
      const user = `${api}/User/${Config.id}`;
      this._dialogs ??= new MediaDialogs(
        `${user}/Dialogs/Media`,
        told?.handlers ?? told ?? {},
        this.getId(),
      );
      return this._dialogs;
    }
  }
  /** @type {any} */ (Media).States = named(
    "LOGIN LOGOUT NOT_READY READY RESERVED ACTIVE PAUSED INTERRUPTED WORK_READY",
  );

  class MediaList extends Collection {
    /** @param {string} path @param {any} told */
    constructor(path, told) {
      super("MediaList", path, told, (one) => new Held("Media", one), "Media");
    }
    /** One of them, followed. Throws if there is none with that id. @param {any} told */
    getMedia(told) {
      if (!this._collection[told.id]) throw new Error(`there is no Media ${told.id}`);
      return new Media(told);
    }
  }

  class MediaDialogs extends Collection {
    /** @param {string} path @param {any} told @param {string | undefined} media */
    constructor(path, told, media) {
      super("Dialogs", path, told, (one) => new MediaDialog(one), "Dialog", path);
      this._media = media;
    }
    /** @param {any} update */
    _hear(update) {
      const event = update?.event?.toUpperCase();
      for (const one of [...list(update?.data?.dialogs?.Dialog), ...list(update?.data?.dialog)]) {
        const known = this._collection[one.id];
        if (event === "DELETE" && known) {
          known._data = one;
          delete this._collection[one.id];
          known._fire("delete", known);
          this._removed?.(known);
        } else if (event !== "DELETE") this._put(one, true);
      }
    }
  }

  class MediaDialog extends Dialog {
    /** @param {any} data */
    constructor(data) {
      super(data);
    }
    getMediaId() {
      return this._data.mediaProperties?.mediaId ?? "";
    }
    /** @param {string} action @param {any} [handlers] */
    setTaskState(action, handlers) {
      this.requestAction(Config.id, action, handlers);
    }
    /** @param {string} target @param {any} [handlers] */
    transfer(target, handlers) {
      const content = {
        Dialog: {
          requestedAction: "TRANSFER",
          toMediaAddress: target,
          targetMediaAddress: Config.id,
        },
      };
      send(this._path, "PUT", content, handlers);
    }
  }
  /** @type {any} */ (MediaDialog).TaskActions = named(
    "ACCEPT START PAUSE RESUME WRAP_UP CLOSE TRANSFER",
  );

  /** @param {string} names */
  function named(names) {
    return Object.fromEntries(names.split(" ").map((name) => [name, name]));
  }

  /** Names of which one is chosen. @param {string} names */
  const choice = (names) => ({
    ...named(names),
    isValidAction: (/** @type {string} */ name) => names.split(" ").includes(name),
  });

  // ---- what a user and a call can do besides

  extend(User, {
    hasAgentRole: (user) => user.hasRole("Agent"),
    hasSupervisorRole: (user) => user.hasRole("Supervisor"),
    getSupervisedTeams: (user) => list(user._data.teams?.Team),
    getStateChangeTime: (user) => user._data.stateChangeTime ?? "",
    getReasonCodeLabel: (user) => user._data.ReasonCode?.label ?? "",
    getNotReadyReasonCodeId: (user) => user._data.reasonCodeId ?? "",
    getWrapUpOnIncoming: (user) => user._data.settings?.wrapUpOnIncoming ?? "",
    isWrapUpRequired: (user) =>
      (user._data.settings?.wrapUpOnIncoming ?? "").startsWith("REQUIRED"),
    isMobileAgent: (user) => Boolean(user._data.mobileAgent),
    getMobileAgentMode: (user) => user._data.mobileAgent?.mode ?? "",
    getMobileAgentDialNumber: (user) => user._data.mobileAgent?.dialNumber ?? "",
    isDeviceSelectionEnabled: (user) => user._data.settings?.deviceSelection === "enabled",
    getSkillTargetId: (user) => user._data.skillTargetId ?? "",
    getServices: (user) => list(user._data.services?.service),
    login: (user, extension, handlers) =>
      send(user._path, "PUT", { User: { state: "LOGIN", extension } }, handlers),
    loginMobileAgent: (user, extension, mode, dialNumber, handlers) =>
      send(
        user._path,
        "PUT",
        { User: { state: "LOGIN", extension, mobileAgent: { mode, dialNumber } } },
        handlers,
      ),
    logout: (user, reason, handlers) => user.setState("LOGOUT", reason, handlers),
    makeSMCall: (user, to, handlers) => supervise(user, "SILENT_MONITOR", to, undefined, handlers),
    makeBargeCall: (user, to, dialogUri, handlers) =>
      supervise(user, "BARGE_CALL", to, dialogUri, handlers),
    getNotReadyReasonCodes: (user, told) =>
      reasons(`${user._path}/ReasonCodes?category=NOT_READY`, told),
    getSignoutReasonCodes: (user, told) =>
      reasons(`${user._path}/ReasonCodes?category=LOGOUT`, told),
    getQueues: (user, told) =>
      new Collection(
        "Queues",
        `${user._path}/Queues`,
        told,
        (one) => new Queue({ id: Utilities.getId(one.uri), data: one }),
        "Queue",
      ),
    getPhoneBooks: (user, told) =>
      new Collection(
        "PhoneBooks",
        `${user._path}/PhoneBooks`,
        told,
        (one) => new PhoneBook("PhoneBook", one),
        "PhoneBook",
      ),
    getWrapUpReasons: (user, told) =>
      new Collection(
        "WrapUpReasons",
        `${user._path}/WrapUpReasons`,
        told,
        (one) => new Held("WrapUpReason", one),
        "WrapUpReason",
      ),
    loadWorkflows: (user, told) =>
      new Collection(
        "Workflows",
        `${user._path}/Workflows`,
        told,
        (one) => new Held("Workflow", one),
        "Workflow",
      ),
    getMediaPropertiesLayout: (user, told) =>
      new Plain("MediaPropertiesLayout", `${user._path}/MediaPropertiesLayout`, told),
    getMediaPropertiesLayouts: (user, told) => {
      const make = (/** @type {any} */ one) => new Held("MediaPropertiesLayout", one);
      return new Collection(
        "MediaPropertiesLayouts",
        `${user._path}/MediaPropertiesLayouts`,
        told,
        make,
        "MediaPropertiesLayout",
      );
    },
    getMediaList: (user, told) => new MediaList(`${user._path}/Media`, told),
  });

  /** @param {any} user @param {string} requestedAction @param {string} to @param {string | undefined} dialogUri @param {any} handlers */
  function supervise(user, requestedAction, to, dialogUri, handlers) {
    const content = {
      requestedAction,
      fromAddress: user.getExtension(),
      toAddress: to,
      associatedDialogUri: dialogUri,
    };
    send(`${user._path}/Dialogs`, "POST", { Dialog: content }, handlers);
  }

  extend(Dialogs, {
    getDialogCount: (dialogs) => Object.keys(dialogs._collection).length,
    isDialogsEmpty: (dialogs) => Object.keys(dialogs._collection).length === 0,
    createNewCallDialog: (dialogs, to, from, handlers) =>
      post(dialogs, "MAKE_CALL", to, from, undefined, handlers),
    createNewSuperviseCallDialog: (dialogs, to, from, handlers) =>
      post(dialogs, "SILENT_MONITOR", to, from, undefined, handlers),
    createNewBargeCall: (dialogs, to, from, uri, handlers) =>
      post(dialogs, "BARGE_CALL", to, from, uri, handlers),
  });

  /** @param {any} dialogs @param {string} action @param {string} to @param {string} from @param {string | undefined} uri @param {any} handlers */
  function post(dialogs, action, to, from, uri, handlers) {
    const content = {
      requestedAction: action,
      toAddress: to,
      fromAddress: from,
      associatedDialogUri: uri,
    };
    send(dialogs._path, "POST", { Dialog: content }, handlers);
  }

  extend(Dialog, {
    getCallType: (dialog) => dialog._data.mediaProperties?.callType ?? "",
    getMediaId: (dialog) => dialog._data.mediaProperties?.mediaId ?? "",
    getSecondaryId: (dialog) => dialog._data.secondaryId ?? "",
    getAssociatedDialogUri: (dialog) => dialog._data.associatedDialogUri ?? "",
    getCallbackInfo: (dialog) => dialog._data.scheduledCallbackInfo ?? {},
    makeConsultCall: (dialog, from, to, handlers) =>
      act(dialog, "CONSULT_CALL", from, { toAddress: to }, handlers),
    initiateDirectTransfer: (dialog, from, to, handlers) =>
      act(dialog, "TRANSFER_SST", from, { toAddress: to }, handlers),
    dropParticipant: (dialog, victim, handlers) =>
      act(dialog, "PARTICIPANT_DROP", victim, {}, handlers),
    sendDTMFRequest: (dialog, from, handlers, digits) =>
      act(dialog, "SEND_DTMF", from, params({ dtmfString: digits }), handlers),
    reclassifyCall: (dialog, from, value, handlers) =>
      act(dialog, "RECLASSIFY", from, params({ outboundClassification: value }), handlers),
    updateCallbackTime: (dialog, from, time, handlers) =>
      act(dialog, "UPDATE_SCHEDULED_CALLBACK", from, params({ callbackTime: time }), handlers),
    updateCallbackNumber: (dialog, from, number, handlers) =>
      act(dialog, "UPDATE_SCHEDULED_CALLBACK", from, params({ callbackNumber: number }), handlers),
    cancelCallback: (dialog, from, handlers) =>
      act(dialog, "CANCEL_SCHEDULED_CALLBACK", from, {}, handlers),
    updateWrapUpReason: (dialog, wrapUpReason, handlers) =>
      act(dialog, "UPDATE_CALL_DATA", undefined, { mediaProperties: { wrapUpReason } }, handlers),
    updateCallVariables: (dialog, variables, handlers) => {
      const CallVariable = Object.entries(variables).map(([name, value]) => ({ name, value }));
      act(
        dialog,
        "UPDATE_CALL_DATA",
        undefined,
        { mediaProperties: { callvariables: { CallVariable } } },
        handlers,
      );
    },
  });
  /** @type {any} */ (Dialog).Actions = named(
    "MAKE_CALL ANSWER HOLD RETRIEVE DROP UPDATE_CALL_DATA SEND_DTMF CONSULT_CALL CONFERENCE TRANSFER TRANSFER_SST SILENT_MONITOR " +
      "BARGE_CALL PARTICIPANT_DROP START_RECORDING ACCEPT REJECT CLOSE RECLASSIFY UPDATE_SCHEDULED_CALLBACK CANCEL_SCHEDULED_CALLBACK",
  );
  /** @type {any} */ (Dialog).ParticipantStates = named(
    "ALERTING ACTIVE HELD DROPPED INITIATING INITIATED FAILED WRAP_UP ACCEPTED",
  );
  /** @type {any} */ (Dialog).ReasonStates = named(
    "BUSY BAD_DESTINATION OTHER DEVICE_RESOURCE_NOT_AVAILABLE",
  );

  /** @param {any} dialog @param {string} requestedAction @param {string | undefined} target @param {any} more @param {any} handlers */
  function act(dialog, requestedAction, target, more, handlers) {
    send(
      dialog._path,
      "PUT",
      { Dialog: { requestedAction, targetMediaAddress: target, ...more } },
      handlers,
    );
  }

  /** @param {Record<string, any>} values */
  function params(values) {
    return {
      actionParams: {
        ActionParam: Object.entries(values).map(([name, value]) => ({ name, value })),
      },
    };
  }

  /** Methods whose first argument is the object itself. @param {any} kind @param {Record<string, (self: any, ...told: any[]) => any>} methods */
  function extend(kind, methods) {
    for (const [name, method] of Object.entries(methods)) {
      kind.prototype[name] = function (/** @type {any[]} */ ...told) {
        return method(this, ...told);
      };
    }
  }

  Object.assign(finesse.restservices, {
    RestCollectionBase: Collection,
    Users: Collection,
    Queue,
    Queues: Collection,
    Team,
    SystemInfo,
    ClientLog,
    PhoneBook,
    PhoneBooks: Collection,
    Contact,
    Contacts: Collection,
    WrapUpReason: Held,
    WrapUpReasons: Collection,
    TeamNotReadyReasonCodes: Collection,
    TeamSignOutReasonCodes: Collection,
    TeamWrapUpReasons: Collection,
    TeamPhoneBooks: Collection,
    TeamWorkflows: Collection,
    Teams: Collection,
    MediaPropertiesLayout: Plain,
    Workflow: Held,
    Workflows: Collection,
    ReasonCode: Held,
    ReasonCodes: Collection,
    Media,
    MediaList,
    MediaDialog,
    MediaDialogs,
    InterruptActions: choice("ACCEPT IGNORE"),
    DialogLogoutActions: choice("CLOSE TRANSFER"),
    LayoutConfig: class extends Plain {
      /** @param {any} told */
      constructor(told) {
        super("LayoutConfig", `${api}/LayoutConfig/default`, told);
      }
      getLayoutxml() {
        return this._data.layoutxml ?? "";
      }
    },
  });
})();
