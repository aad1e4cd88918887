// finesse.restservices: what belongs to the server and not to an agent; and the client's log.

(() => {
  const { finesse } = window;
  const { Config } = finesse.gadget;
  const { Utilities } = finesse.utilities;
  const { RestBase } = finesse.restservices;
  const { API, RestDocument, enumeration, listClass, send, toOptions } = finesse.internal;

  class SystemInfo extends RestDocument {
    /** @param {any} options @param {any} [callbacks] */
    constructor(options, callbacks) {
      super("SystemInfo", options, callbacks);
    }
    getStatus() {
      return this._field("status");
    }
    getXmppDomain() {
      return this._field("xmppDomain");
    }
    getXmppPubSubDomain() {
      return this._field("xmppPubSubDomain");
    }
    getDeploymentType() {
      return this._field("deploymentType");
    }
    getCurrentTimestamp() {
      return this._field("currentTimestamp");
    }
    isSingleNode() {
      return !this.getSecondaryNode().host;
    }
    getPrimaryNode() {
      return this._field("primaryNode", {});
    }
    getSecondaryNode() {
      return this._field("secondaryNode", {});
    }
    /** Return the first of the names that is a node's host. @param {string[]} hosts */
    getThisHost(...hosts) {
      const nodes = [this.getPrimaryNode().host, this.getSecondaryNode().host];
      return hosts.find((host) => nodes.includes(host));
    }
    /** Return the host of the node that this desktop is not connected to. */
    getAlternateHost() {
      const primary = this.getPrimaryNode().host;
      const secondary = this.getSecondaryNode().host;
      if (!primary || !secondary) return undefined;
      return this.getXmppDomain() === primary ? secondary : primary;
    }
  }
  Object.assign(SystemInfo, { Statuses: enumeration("IN_SERVICE", "OUT_OF_SERVICE") });

  class LayoutConfig extends RestBase {
    /** @param {any} [options] @param {any} [callbacks] */
    constructor(options = {}, callbacks) {
      const given = toOptions(options, callbacks);
      super("LayoutConfig", { ...given, id: "default" });
      this._start(given, { follows: false });
    }
    get() {
      return this.refresh();
    }
    getLayoutxml() {
      return this._field("layoutxml");
    }
    /** @param {string} layoutxml @param {any} [handlers] */
    update(layoutxml, handlers) {
      return this._put({ layoutxml }, handlers);
    }
  }

  /** The call variables that the desktop shows, in a header and two columns. */
  class MediaPropertiesLayout extends RestDocument {
    /** @param {any} [options] @param {any} [callbacks] */
    constructor(options = {}, callbacks) {
      super("MediaPropertiesLayout", options, callbacks);
    }
    getName() {
      return this._field("name");
    }
    getDescription() {
      return this._field("description");
    }
    getType() {
      return this._field("type");
    }
    getData() {
      this.isLoaded();
      const entries = (/** @type {any} */ place) =>
        Utilities.getArray(place?.entry).map(
          (/** @type {any} */ { displayName, mediaProperty }) => ({
            displayName: displayName ?? "",
            mediaProperty,
          }),
        );
      const [header] = entries(this._data.header);
      if (!header) throw new Error("MediaPropertiesLayout: there is no entry for the header");
      const columns = Utilities.getArray(this._data.column);
      return { header, columns: [entries(columns[0]), entries(columns[1])] };
    }
  }
  class UserMediaPropertiesLayout extends MediaPropertiesLayout {}

  const MediaPropertiesLayouts = listClass(
    "MediaPropertiesLayouts",
    "MediaPropertiesLayout",
    MediaPropertiesLayout,
  );
  const UserMediaPropertiesLayouts = class extends MediaPropertiesLayouts {};

  class ClientLog extends RestBase {
    /** @param {any} [options] {parentObj: user} */
    constructor(options = {}) {
      super("ClientLog", options);
      const user = options.parentObj?.getRestUrl() ?? `${API}/User/${options.id ?? Config.id}`;
      this._path = `${user}/ClientLog`;
      this._source = this._path;
      this._loaded = true; // there is nothing to read
    }
    /** @param {{ClientLog: {logData: string}}} content @param {any} [handlers] */
    sendLogs(content, handlers) {
      send(this._path, "POST", content, handlers);
      return this;
    }
  }

  /** The hub and the gadget of the log, once `init` has named them.
   * @type {{hub: any, gadgetId: string, host: string} | null} */
  let target = null;

  const ClientLogger = {
    /** @param {any} hub @param {string} gadgetId @param {any} [config] */
    init(hub, gadgetId, config = Config) {
      target = { hub, gadgetId, host: config.host };
    },
    /** Log to the console and to the desktop's client log.
     * @param {string} message @param {any} [error] */
    log(message, error) {
      if (!target) return;
      const { hub, gadgetId, host } = target;
      const time = new Date().toISOString();
      const reason = error ? ` ${error.stack ?? error}` : "";
      const line = `${time}: ${host}: ${gadgetId} : ${message}${reason}`;
      console.log(line);
      hub.publish(`finesse.clientLogging.${gadgetId}`, line);
    },
  };

  Object.assign(finesse.restservices, {
    SystemInfo,
    LayoutConfig,
    ClientLog,
    MediaPropertiesLayout,
    MediaPropertiesLayouts,
    UserMediaPropertiesLayout,
    UserMediaPropertiesLayouts,
  });
  Object.assign(finesse.cslogger, { ClientLogger, FinesseLogger: ClientLogger });
})();
