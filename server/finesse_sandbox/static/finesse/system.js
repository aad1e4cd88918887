// finesse.restservices: what belongs to the server and not to an agent; and the client's log.

(() => {
  const { finesse } = window;
  const { Config } = finesse.gadget;
  const { API, RestDocument, getHub, send } = finesse.internal;

  class SystemInfo extends RestDocument {
    /** @param {any} options */
    constructor(options) {
      super("SystemInfo", `${API}/SystemInfo`, options);
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

  class LayoutConfig extends RestDocument {
    /** @param {any} options */
    constructor(options) {
      super("LayoutConfig", `${API}/LayoutConfig/default`, options);
    }
    getLayoutxml() {
      return this._data.layoutxml ?? "";
    }
  }

  class ClientLog {
    /** @param {any} options */
    constructor(options = {}) {
      this._path = `${API}/User/${options.id ?? Config.id}/ClientLog`;
    }
    /** @param {{logData: string}} content @param {any} [handlers] */
    sendLogs(content, handlers) {
      send(this._path, "POST", { ClientLog: content }, handlers);
    }
  }

  const ClientLogger = {
    init() {},
    /** @param {string} message */
    log(message) {
      const moduleId = new gadgets.Prefs().getModuleId();
      getHub()?.publish(`finesse.clientLogging.${moduleId}`, message);
    },
  };

  Object.assign(finesse.restservices, {
    SystemInfo,
    LayoutConfig,
    ClientLog,
    MediaPropertiesLayout: RestDocument,
  });
  Object.assign(finesse.cslogger, { ClientLogger, FinesseLogger: ClientLogger });
})();
