// finesse.restservices: Dialog, a call as Finesse sees it, and Dialogs, an agent's calls.

(() => {
  const { finesse } = window;
  const { Utilities } = finesse.utilities;
  const { RestBase, RestCollectionBase } = finesse.restservices;
  const { enumeration, toOptions } = finesse.internal;

  const DROPPABLE_STATES = ["ACTIVE", "ACCEPTED", "HELD"];
  const SILENT_MONITOR_CALL_TYPE = "SUPERVISOR_MONITOR";

  /** @param {Record<string, any>} values */
  const actionParams = (values) => ({
    actionParams: {
      ActionParam: Object.entries(values).map(([name, value]) => ({ name, value })),
    },
  });

  /** What voice calls and tasks have in common. */
  class DialogBase extends RestBase {
    /** @param {any} options @param {any} [callbacks] */
    constructor(options, callbacks) {
      const given = toOptions(options, callbacks);
      super("Dialog", given);
      this._path = given.data?.uri ?? this._path;
      this._source = this._path;
      this._start(given);
    }
    getState() {
      return this._field("state");
    }
    getMediaType() {
      return this._field("mediaType");
    }
    getCallType() {
      return this._mediaProperty("callType");
    }
    /** @param {string} name */
    _mediaProperty(name) {
      return this._field("mediaProperties", {})?.[name] ?? "";
    }
    getMediaProperties() {
      const properties = { ...this._field("mediaProperties", {}) };
      for (const { name, value } of Utilities.getArray(properties.callvariables?.CallVariable))
        properties[name] = value;
      return properties;
    }
    /** @returns {any[]} */
    getParticipants() {
      return Utilities.getArray(this._field("participants", {})?.Participant);
    }
    /** @param {string} address */
    getParticipantTimerCounters(address) {
      const participant = this.getParticipants().find((one) => one.mediaAddress === address);
      const { startTime, stateChangeTime, state } = participant ?? {};
      return participant ? { startTime, stateChangeTime, state } : {};
    }
    /** @param {Record<string, string> | {name: string, value: string}[]} variables
     * @param {any} [handlers] */
    updateCallVariables(variables, handlers) {
      const CallVariable = Array.isArray(variables)
        ? variables
        : Object.entries(variables).map(([name, value]) => ({ name, value }));
      const mediaProperties = { callvariables: { CallVariable } };
      return this._act("UPDATE_CALL_DATA", undefined, { mediaProperties }, handlers);
    }
    /** @param {string} requestedAction @param {string | undefined} address
     * @param {any} parameters @param {any} handlers */
    _act(requestedAction, address, parameters, handlers) {
      this.isLoaded();
      const fields = { requestedAction, targetMediaAddress: address, ...parameters };
      return this._put(fields, handlers);
    }
  }

  class Dialog extends DialogBase {
    #hasSentDTMF = false;
    getFromAddress() {
      return this._field("fromAddress");
    }
    getToAddress() {
      return this._field("toAddress");
    }
    getDialogUri() {
      return this._field("uri");
    }
    getMediaId() {
      return this._mediaProperty("mediaId");
    }
    getDNIS() {
      return this._mediaProperty("DNIS");
    }
    getSecondaryId() {
      return this._field("secondaryId");
    }
    getAssociatedDialogUri() {
      return this._field("associatedDialogUri");
    }
    getCallbackInfo() {
      return this._field("scheduledCallbackInfo", {});
    }
    /** @param {string} name */
    getCallVariable(name) {
      return this.getMediaProperties()[name];
    }
    /** Return the agents who can be dropped. @param {string} [except] an extension */
    getDroppableParticipants(except) {
      return this.getParticipants().filter(
        ({ mediaAddress, mediaAddressType, state }) =>
          mediaAddressType === "AGENT_DEVICE" &&
          DROPPABLE_STATES.includes(state) &&
          mediaAddress !== except,
      );
    }
    /** @param {string} address */
    isParticipantDroppable(address) {
      return this.getDroppableParticipants().some((one) => one.mediaAddress === address);
    }

    /** @param {string} address @param {string} action @param {any} [handlers] */
    requestAction(address, action, handlers) {
      return this._act(action, address, {}, handlers);
    }
    /** @param {string} from @param {string} to @param {any} [handlers] */
    makeConsultCall(from, to, handlers) {
      return this._act("CONSULT_CALL", from, { toAddress: to }, handlers);
    }
    /** @param {string} from @param {string} to @param {any} [handlers] */
    initiateDirectTransfer(from, to, handlers) {
      return this._act("TRANSFER_SST", from, { toAddress: to }, handlers);
    }
    /** @param {string} address @param {any} [handlers] */
    dropCall(address, handlers) {
      return this._act("DROP", address, {}, handlers);
    }
    /** @param {string} participant @param {any} [handlers] */
    dropParticipant(participant, handlers) {
      return this._act("PARTICIPANT_DROP", participant, {}, handlers);
    }
    /** @param {string} from @param {any} handlers @param {string} digits */
    sendDTMFRequest(from, handlers, digits) {
      return this._act("SEND_DTMF", from, actionParams({ dtmfString: digits }), handlers);
    }
    /** @param {boolean} hasSent */
    setSentDTMF(hasSent) {
      this.#hasSentDTMF = hasSent;
    }
    isSentDTMF() {
      return this.#hasSentDTMF;
    }
    /** @param {string} from @param {string} value @param {any} [handlers] */
    reclassifyCall(from, value, handlers) {
      const params = actionParams({ outboundClassification: value });
      return this._act("RECLASSIFY", from, params, handlers);
    }
    /** @param {string} from @param {string} time @param {any} [handlers] */
    updateCallbackTime(from, time, handlers) {
      const params = actionParams({ callbackTime: time });
      return this._act("UPDATE_SCHEDULED_CALLBACK", from, params, handlers);
    }
    /** @param {string} from @param {string} number @param {any} [handlers] */
    updateCallbackNumber(from, number, handlers) {
      const params = actionParams({ callbackNumber: number });
      return this._act("UPDATE_SCHEDULED_CALLBACK", from, params, handlers);
    }
    /** @param {string} from @param {any} [handlers] */
    cancelCallback(from, handlers) {
      return this._act("CANCEL_SCHEDULED_CALLBACK", from, {}, handlers);
    }
    /** @param {string | string[]} wrapUpReason @param {any} [handlers] */
    updateWrapUpReason(wrapUpReason, handlers) {
      const parameters = { mediaProperties: { wrapUpReason } };
      return this._act("UPDATE_CALL_DATA", undefined, parameters, handlers);
    }
    /** @param {string} name @param {string} value @param {any} [handlers] */
    updateCallVariable(name, value, handlers) {
      return this.updateCallVariables({ [name]: value }, handlers);
    }
  }
  Object.assign(Dialog, {
    Actions: {
      ...enumeration(
        "MAKE_CALL",
        "ANSWER",
        "HOLD",
        "RETRIEVE",
        "DROP",
        "UPDATE_CALL_DATA",
        "SEND_DTMF",
        "CONSULT_CALL",
        "CONFERENCE",
        "TRANSFER",
        "TRANSFER_SST",
        "SILENT_MONITOR",
        "BARGE_CALL",
        "PARTICIPANT_DROP",
        "START_RECORDING",
        "ACCEPT",
        "REJECT",
        "CLOSE",
        "RECLASSIFY",
        "UPDATE_SCHEDULED_CALLBACK",
        "CANCEL_SCHEDULED_CALLBACK",
      ),
      DTMF: "SEND_DTMF",
    },
    States: enumeration(
      "INITIATING",
      "INITIATED",
      "ALERTING",
      "ACTIVE",
      "FAILED",
      "DROPPED",
      "ACCEPTED",
    ),
    ParticipantStates: enumeration(
      "ALERTING",
      "ACTIVE",
      "HELD",
      "DROPPED",
      "INITIATING",
      "INITIATED",
      "FAILED",
      "WRAP_UP",
      "ACCEPTED",
    ),
    ReasonStates: enumeration("BUSY", "BAD_DESTINATION", "OTHER", "DEVICE_RESOURCE_NOT_AVAILABLE"),
  });

  class Dialogs extends RestCollectionBase {
    /** @param {any} options {parentObj: user, …} @param {any} [callbacks] */
    constructor(options, callbacks) {
      const given = toOptions(options, callbacks);
      super("Dialogs", given, "Dialog", Dialog);
      this._start(given);
    }
    /** @param {boolean} [excludesSilentMonitor] */
    getDialogCount(excludesSilentMonitor = false) {
      const dialogs = /** @type {Dialog[]} */ (Object.values(this._collection));
      return dialogs.filter(
        (dialog) => !excludesSilentMonitor || dialog.getCallType() !== SILENT_MONITOR_CALL_TYPE,
      ).length;
    }
    isDialogsEmpty() {
      return this.getDialogCount() === 0;
    }
    /** @param {string} to @param {string} from @param {any} [handlers] */
    createNewCallDialog(to, from, handlers) {
      return this._create("MAKE_CALL", to, from, undefined, handlers);
    }
    /** @param {string} to @param {string} from @param {string} action @param {any} [handlers] */
    createNewSuperviseCallDialog(to, from, action, handlers) {
      return this._create(action, to, from, undefined, handlers);
    }
    /** @param {string} from @param {string} to @param {string} action @param {string} dialogUri
     * @param {any} [handlers] */
    createNewBargeCall(from, to, action, dialogUri, handlers) {
      return this._create(action, to, from, dialogUri, handlers);
    }
    /** @param {string} requestedAction @param {string} toAddress @param {string} fromAddress
     * @param {string | undefined} associatedDialogUri @param {any} [handlers] */
    _create(requestedAction, toAddress, fromAddress, associatedDialogUri, handlers) {
      const fields = { requestedAction, toAddress, fromAddress, associatedDialogUri };
      const content = { Dialog: fields };
      return this.restRequest(this._path, { ...handlers, method: "POST", content });
    }
  }

  Object.assign(finesse.restservices, { DialogBase, Dialog, Dialogs });
})();
