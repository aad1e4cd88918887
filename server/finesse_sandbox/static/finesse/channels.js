// finesse.digital: channels other than voice, with a menu of their states in the header. 12.0.

(() => {
  const { finesse } = window;
  const { getSandbox } = finesse.internal;

  const text = { type: "string" };
  const icon = {
    type: "object",
    required: ["type", "value"],
    properties: { type: { enum: ["collab-icon", "url"] }, value: text },
  };

  /** What the documentation says about the data of `addChannel`, as JSON schemas. */
  const ChannelSchema = {
    getMenuConfigSchema: () => ({
      type: "object",
      required: ["label", "menuItems"],
      properties: {
        label: text,
        menuItems: {
          type: "array",
          items: {
            type: "object",
            required: ["id", "menuText"],
            properties: { id: text, menuText: text, iconColor: text },
          },
        },
      },
    }),
    getChannelConfigSchema: () => ({
      type: "object",
      properties: {
        actionTimeoutInSec: { type: "integer" },
        icons: { type: "array", items: icon },
      },
    }),
    getChannelStateSchema: () => ({
      type: "object",
      required: ["currentState"],
      properties: { label: text, currentState: text, iconColor: text, enable: { type: "boolean" } },
    }),
  };

  const ChannelService = {
    STATUS: { SUCCESS: "SUCCESS", FAILURE: "FAILURE" },
    STATE_STATUS: { AVAILABLE: "available", UNAVAILABLE: "unavailable", BUSY: "busy" },
    ICON_TYPE: { COLLAB_ICON: "collab-icon", URL: "url" },
    ICON_BADGE_TYPE: { NONE: "none", INFO: "info", WARNING: "warning", ERROR: "error" },
    init: () => ChannelService,
    /** @param {string} id @param {any} data @param {Function} onStateChange
     * @param {Function} [onSuccess] @param {Function} [onError] */
    addChannel: (id, data, onStateChange, onSuccess, onError) =>
      setChannel(id, data, onSuccess, onError, onStateChange),
    /** @param {string} id @param {any} data @param {Function} [onSuccess]
     * @param {Function} [onError] */
    updateChannel: (id, data, onSuccess, onError) => setChannel(id, data, onSuccess, onError),
    /** @param {string} id @param {any} menuConfig @param {Function} [onSuccess]
     * @param {Function} [onError] */
    updateChannelMenu: (id, menuConfig, onSuccess, onError) =>
      setChannel(id, { menuConfig }, onSuccess, onError),
    /** @param {string} id @param {any} channelState @param {Function} [onSuccess]
     * @param {Function} [onError] */
    updateChannelState: (id, channelState, onSuccess, onError) =>
      setChannel(id, { channelState }, onSuccess, onError),
    /** @param {string} id @param {Function} [onSuccess] @param {Function} [onError] */
    removeChannel: (id, onSuccess, onError) => setChannel(id, null, onSuccess, onError),
  };

  /** @param {string} id @param {any} data @param {Function | undefined} onSuccess
   * @param {Function | undefined} onError @param {Function} [onStateChange] */
  function setChannel(id, data, onSuccess, onError, onStateChange) {
    const errorCode = getSandbox().setChannel(id, data, onStateChange);
    setTimeout(() => {
      if (errorCode) onError?.({ channelId: id, status: "FAILURE", error: { errorCode } });
      else onSuccess?.({ channelId: id, status: "SUCCESS" });
    });
  }

  finesse.digital.ChannelService = ChannelService;
  finesse.containerservices.ChannelSchema = ChannelSchema;
})();
