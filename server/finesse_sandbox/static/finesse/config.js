// The sandbox's own finesse.js: the names that the vendor documents for gadgets from 10.6 on, over
// gadgets.Hub and gadgets.io. It is served as one script, config.js first; it has no vendor code.
// `--finesse-js FILE` serves the library of a real Finesse at the same address instead.

(() => {
  const prefs = new gadgets.Prefs();

  /** What the desktop knows about the agent. */
  const Config = {
    id: prefs.getString("id"),
    /** Read at each use: the desktop may refresh the token while the gadget runs. */
    get authorization() {
      try {
        return sessionStorage.getItem("userFinesseAuth") ?? "";
      } catch {
        return "";
      }
    },
    /** The desktop of the sandbox signs in with a password, so there is no token. */
    authToken: "",
    extension: prefs.getString("extension"),
    teamId: prefs.getString("teamId"),
    teamName: prefs.getString("teamName"),
    peripheralId: prefs.getString("peripheralId"),
    mobileAgentMode: prefs.getString("mobileAgentMode"),
    mobileAgentDialNumber: prefs.getString("mobileAgentDialNumber"),
    scheme: prefs.getString("scheme") || location.protocol.replace(":", ""),
    host: prefs.getString("host") || location.hostname,
    restHost: prefs.getString("restHost") || location.hostname,
    hostPort: prefs.getString("hostPort") || location.port,
    localhostFQDN: prefs.getString("localhostFQDN") || location.hostname,
    localhostPort: prefs.getString("localhostPort") || location.port,
    country: prefs.getString("country"),
    language: prefs.getString("language"),
    locale: prefs.getString("locale"),
    xmppDomain: prefs.getString("xmppDomain"),
    pubsubDomain: prefs.getString("pubsubDomain"),
    compatibilityMode: prefs.getString("compatibilityMode"),
    clientDriftInMillis: prefs.getInt("clientDriftInMillis"),
    toasterNotificationTimeout: prefs.getString("toasterNotificationTimeout"),
    systemAuthMode: "NON_SSO",
  };

  /** Return an object whose values are its names, as the library's enumerations are.
   * @param {string[]} names */
  const enumeration = (...names) => Object.fromEntries(names.map((name) => [name, name]));

  /** Return an enumeration that can also check a name.
   * @param {string[]} names */
  const actions = (...names) => ({
    ...enumeration(...names),
    isValidAction: (/** @type {string} */ name) => names.includes(name),
  });

  /** Return a function that accepts a documented call and does nothing but return `result`: what
   * it would change does not exist in the sandbox. The library's table lists it as a stub.
   * @param {any} [result] */
  const stub = (result) => Object.assign(() => result, { isStub: true });

  window.finesse = {
    gadget: { Config },
    container: { Config },
    utilities: {},
    clientservices: {},
    restservices: {},
    containerservices: {},
    shortcutkey: {},
    cslogger: {},
    digital: {},
    /** What the files of this library share; not part of the documented interface. */
    internal: { API: "/finesse/api", actions, enumeration, stub },
  };
})();
