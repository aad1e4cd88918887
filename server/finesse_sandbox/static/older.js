// Put behind a library older than 11.0, which leaves to each gadget what a server of 11.0 and later provides: Config and
// getAuthHeaderString. Gadgets for later servers then run on it, unless they need classes that it does not have.

(() => {
  if (!window.finesse || !window.gadgets) return;
  const { finesse } = window;
  const prefs = new gadgets.Prefs();
  const { Utilities } = finesse.utilities ?? {};
  if (!finesse.gadget?.Config) {
    const names =
      "id scheme host restHost hostPort localhostPort localhostFQDN extension teamId teamName country language locale";
    const Config = Object.fromEntries(
      names.split(" ").map((name) => [name, prefs.getString(name)]),
    );
    Object.assign(Config, {
      authorization: sessionStorage.getItem("userFinesseAuth") || prefs.getString("authorization"),
      xmppDomain: prefs.getString("xmppDomain"),
      pubsubDomain: prefs.getString("pubsubDomain"),
      compatibilityMode: prefs.getString("compatibilityMode"),
      mobileAgentMode: prefs.getString("mobileAgentMode"),
      mobileAgentDialNumber: prefs.getString("mobileAgentDialNumber"),
      clientDriftInMillis: prefs.getInt("clientDriftInMillis"),
    });
    finesse.gadget = { ...finesse.gadget, Config };
    finesse.container = { ...finesse.container };
    finesse.container.Config ??= Config;
  }
  if (Utilities && !Utilities.getAuthHeaderString) {
    Utilities.getAuthHeaderString = (/** @type {any} */ config) =>
      config.authToken ? `Bearer ${config.authToken}` : `Basic ${config.authorization}`;
  }
})();
