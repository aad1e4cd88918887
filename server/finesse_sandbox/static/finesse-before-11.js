// Served behind a vendor's library older than 11.0, which leaves Config and getAuthHeaderString to
// each gadget. With these, gadgets for later servers run on it, unless they need newer classes.

(() => {
  if (!window.finesse || !window.gadgets) return;
  const { finesse } = window;
  const prefs = new gadgets.Prefs();
  const { Utilities } = finesse.utilities ?? {};
  const PREFS = [
    "id",
    "scheme",
    "host",
    "restHost",
    "hostPort",
    "localhostPort",
    "localhostFQDN",
    "extension",
    "teamId",
    "teamName",
    "country",
    "language",
    "locale",
    "xmppDomain",
    "pubsubDomain",
    "compatibilityMode",
    "mobileAgentMode",
    "mobileAgentDialNumber",
  ];
  if (!finesse.gadget?.Config) {
    /** @type {Record<string, any>} */
    const Config = {};
    for (const name of PREFS) Config[name] = prefs.getString(name);
    Config.authorization =
      sessionStorage.getItem("userFinesseAuth") || prefs.getString("authorization");
    Config.clientDriftInMillis = prefs.getInt("clientDriftInMillis");
    finesse.gadget = { ...finesse.gadget, Config };
    finesse.container = { ...finesse.container };
    finesse.container.Config ??= Config;
  }
  if (Utilities && !Utilities.getAuthHeaderString) {
    Utilities.getAuthHeaderString = (/** @type {any} */ config) =>
      config.authToken ? `Bearer ${config.authToken}` : `Basic ${config.authorization}`;
  }
})();
