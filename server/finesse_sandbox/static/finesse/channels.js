// finesse.digital: channels other than voice, with a menu of their states in the header. 12.0.

(() => {
  const { finesse } = window;
  const { enumeration } = finesse.internal;

  /** @type {any} */
  const desktop = window.parent;

  const ChannelService = {
    STATUS: enumeration("SUCCESS", "FAILURE"),
    STATE_STATUS: enumeration("AVAILABLE", "UNAVAILABLE", "BUSY"),
    ICON_TYPE: enumeration("COLLAB_ICON", "URL"),
    ICON_BADGE_TYPE: enumeration("NONE", "INFO", "WARNING", "ERROR"),
    init: () => ChannelService,
    /** @param {string} id @param {any} data @param {Function} onStateChange
     * @param {Function} [onSuccess] @param {Function} [onError] */
    addChannel: (id, data, onStateChange, onSuccess, onError) =>
      setChannel(id, data, onSuccess, onError, onStateChange),
    /** @param {string} id @param {any} data @param {Function} [onSuccess]
     * @param {Function} [onError] */
    updateChannel: (id, data, onSuccess, onError) => setChannel(id, data, onSuccess, onError),
    /** @param {string} id @param {Function} [onSuccess] @param {Function} [onError] */
    removeChannel: (id, onSuccess, onError) => setChannel(id, null, onSuccess, onError),
  };

  /** @param {string} id @param {any} data @param {Function | undefined} onSuccess
   * @param {Function | undefined} onError @param {Function} [onStateChange] */
  function setChannel(id, data, onSuccess, onError, onStateChange) {
    const errorCode = desktop.finesseSandbox.setChannel(id, data, onStateChange);
    setTimeout(() => {
      if (errorCode) onError?.({ channelId: id, status: "FAILURE", error: { errorCode } });
      else onSuccess?.({ channelId: id, status: "SUCCESS" });
    });
  }

  finesse.digital.ChannelService = ChannelService;
})();
