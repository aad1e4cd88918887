// finesse.restservices: Dialog, a call as Finesse sees it, and Dialogs, an agent's calls.

(() => {
  const { finesse } = window;
  const { Utilities } = finesse.utilities;
  const { RestBase } = finesse.restservices;
  const { API, enumeration, member, send } = finesse.internal;

  /** @param {Record<string, any>} values */
  const actionParams = (values) => ({
    actionParams: {
      ActionParam: Object.entries(values).map(([name, value]) => ({ name, value })),
    },
  });

  class Dialog extends RestBase {
    /** @param {any} data */
    constructor(data) {
      super("Dialog", data.uri ?? `${API}/Dialog/${data.id}`, {});
      this._data = data;
    }
    getState() {
      return this._data.state ?? "";
    }
    getFromAddress() {
      return this._data.fromAddress ?? "";
    }
    getToAddress() {
      return this._data.toAddress ?? "";
    }
    getMediaType() {
      return this._data.mediaType ?? "";
    }
    getMediaId() {
      return this._data.mediaProperties?.mediaId ?? "";
    }
    getCallType() {
      return this._data.mediaProperties?.callType ?? "";
    }
    getSecondaryId() {
      return this._data.secondaryId ?? "";
    }
    getAssociatedDialogUri() {
      return this._data.associatedDialogUri ?? "";
    }
    getCallbackInfo() {
      return this._data.scheduledCallbackInfo ?? {};
    }
    getMediaProperties() {
      const properties = { ...this._data.mediaProperties };
      for (const { name, value } of Utilities.getArray(properties.callvariables?.CallVariable))
        properties[name] = value;
      return properties;
    }
    getParticipants() {
      return Utilities.getArray(this._data.participants?.Participant);
    }

    /** @param {string} address @param {string} action @param {any} [handlers] */
    requestAction(address, action, handlers) {
      this._act(action, address, {}, handlers);
    }
    /** @param {string} from @param {string} to @param {any} [handlers] */
    makeConsultCall(from, to, handlers) {
      this._act("CONSULT_CALL", from, { toAddress: to }, handlers);
    }
    /** @param {string} from @param {string} to @param {any} [handlers] */
    initiateDirectTransfer(from, to, handlers) {
      this._act("TRANSFER_SST", from, { toAddress: to }, handlers);
    }
    /** @param {string} participant @param {any} [handlers] */
    dropParticipant(participant, handlers) {
      this._act("PARTICIPANT_DROP", participant, {}, handlers);
    }
    /** @param {string} from @param {any} handlers @param {string} digits */
    sendDTMFRequest(from, handlers, digits) {
      this._act("SEND_DTMF", from, actionParams({ dtmfString: digits }), handlers);
    }
    /** @param {string} from @param {string} value @param {any} [handlers] */
    reclassifyCall(from, value, handlers) {
      this._act("RECLASSIFY", from, actionParams({ outboundClassification: value }), handlers);
    }
    /** @param {string} from @param {string} time @param {any} [handlers] */
    updateCallbackTime(from, time, handlers) {
      this._act("UPDATE_SCHEDULED_CALLBACK", from, actionParams({ callbackTime: time }), handlers);
    }
    /** @param {string} from @param {string} number @param {any} [handlers] */
    updateCallbackNumber(from, number, handlers) {
      const params = actionParams({ callbackNumber: number });
      this._act("UPDATE_SCHEDULED_CALLBACK", from, params, handlers);
    }
    /** @param {string} from @param {any} [handlers] */
    cancelCallback(from, handlers) {
      this._act("CANCEL_SCHEDULED_CALLBACK", from, {}, handlers);
    }
    /** @param {string[]} wrapUpReason @param {any} [handlers] */
    updateWrapUpReason(wrapUpReason, handlers) {
      this._act("UPDATE_CALL_DATA", undefined, { mediaProperties: { wrapUpReason } }, handlers);
    }
    /** @param {Record<string, string>} variables @param {any} [handlers] */
    updateCallVariables(variables, handlers) {
      const CallVariable = Object.entries(variables).map(([name, value]) => ({ name, value }));
      const mediaProperties = { callvariables: { CallVariable } };
      this._act("UPDATE_CALL_DATA", undefined, { mediaProperties }, handlers);
    }
    /** @param {string} requestedAction @param {string | undefined} address
     * @param {any} parameters @param {any} handlers */
    _act(requestedAction, address, parameters, handlers) {
      const dialog = { requestedAction, targetMediaAddress: address, ...parameters };
      send(this._path, "PUT", { Dialog: dialog }, handlers);
    }
  }
  Object.assign(Dialog, {
    Actions: enumeration(
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

  class Dialogs extends RestBase {
    /** @type {Record<string, Dialog>} */
    _collection = {};
    /** @param {any} user @param {any} options */
    constructor(user, options) {
      super("Dialogs", `${user._path}/Dialogs`, options);
      this._onAdd = options.onCollectionAdd;
      this._onDelete = options.onCollectionDelete;
      this._follow();
    }
    getCollection() {
      return this._collection;
    }
    getDialogCount() {
      return Object.keys(this._collection).length;
    }
    isDialogsEmpty() {
      return this.getDialogCount() === 0;
    }
    /** @param {string} to @param {string} from @param {any} [handlers] */
    createNewCallDialog(to, from, handlers) {
      this._create("MAKE_CALL", to, from, undefined, handlers);
    }
    /** @param {string} to @param {string} from @param {any} [handlers] */
    createNewSuperviseCallDialog(to, from, handlers) {
      this._create("SILENT_MONITOR", to, from, undefined, handlers);
    }
    /** @param {string} to @param {string} from @param {string} dialogUri @param {any} [handlers] */
    createNewBargeCall(to, from, dialogUri, handlers) {
      this._create("BARGE_CALL", to, from, dialogUri, handlers);
    }
    /** @param {string} requestedAction @param {string} toAddress @param {string} fromAddress
     * @param {string | undefined} associatedDialogUri @param {any} [handlers] */
    _create(requestedAction, toAddress, fromAddress, associatedDialogUri, handlers) {
      const dialog = { requestedAction, toAddress, fromAddress, associatedDialogUri };
      send(this._path, "POST", { Dialog: dialog }, handlers);
    }
    /** @param {any} data */
    _setData(data) {
      const isFirst = this._data === null;
      this._data = data ?? {};
      const items = Utilities.getArray(data?.Dialog);
      const ids = new Set(items.map((/** @type {any} */ item) => item.id));
      for (const [id, dialog] of Object.entries(this._collection)) {
        if (!ids.has(id)) this.#remove(dialog);
      }
      for (const item of items) this.#put(item, !isFirst);
      this._fire(isFirst ? "load" : "change", this);
    }
    /** @param {any} update */
    _onUpdate(update) {
      const dialog = member(update?.data, "Dialog");
      if (dialog) this.#put(dialog, true);
      const isDelete = update?.event?.toUpperCase() === "DELETE";
      for (const item of Utilities.getArray(member(update?.data, "Dialogs")?.Dialog)) {
        const known = this._collection[item.id];
        if (!isDelete) {
          this.#put(item, true);
        } else if (known) {
          known._data = item;
          this.#remove(known);
        }
      }
    }
    /** @param {any} data @param {boolean} notify */
    #put(data, notify) {
      const known = this._collection[data.id];
      if (known) {
        known._setData(data);
        return;
      }
      const dialog = new Dialog(data);
      this._collection[data.id] = dialog;
      if (notify) this._onAdd?.(dialog);
    }
    /** @param {Dialog} dialog */
    #remove(dialog) {
      delete this._collection[dialog._data.id];
      dialog._fire("delete", dialog);
      this._onDelete?.(dialog);
    }
  }

  Object.assign(finesse.restservices, { Dialog, Dialogs });
})();
