// finesse.containerservices: what a gadget requests from the desktop around it.

(() => {
  const { finesse } = window;
  const { EVENT_TOPICS, getHub, stub, toEvent } = finesse.internal;
  const { Topics } = finesse.containerservices;

  /** The name of ACTIVE_TAB in gadgets for early servers. */
  const OLD_ACTIVE_TAB = "tabVisible";
  const DEFAULT_DIALOG_TITLE = "Cisco Finesse";

  /** @type {any} */
  const desktop = window.parent;
  const getContainer = () => desktop.finesse.container.Container;
  const getTabs = () => desktop.finesse.container.Tabs;
  const getSandbox = () => desktop.finesseSandbox;
  const getModuleId = () => new gadgets.Prefs().getModuleId();
  const getTabPanel = () =>
    /** @type {HTMLElement | null} */ (window.frameElement?.closest("div.tab-panel") ?? null);

  let isReady = false;
  /** The hub's subscriptions by topic, and in each the gadget's handlers.
   * @type {Map<string, {id: string, handlers: Set<(argument: any) => void>}>} */
  const subscriptions = new Map();

  /** @param {string} topic */
  function subscribe(topic) {
    /** @type {Set<(argument: any) => void>} */
    const handlers = new Set();
    // The event fires when the tab becomes visible, and for a gadget that requests the active
    // tab at its start although it is visible already.
    let wasVisible = false;
    const onMessage = (/** @type {string} */ _topic, /** @type {any} */ data) => {
      let argument = toEvent(topic, data);
      if (topic === EVENT_TOPICS.ACTIVE_TAB) {
        const isVisible = data === ContainerServices.getMyTabId();
        const becomesVisible = isVisible && !wasVisible;
        wasVisible = isVisible;
        if (!becomesVisible) return;
        argument = ContainerServices;
      }
      for (const handler of [...handlers]) handler(argument);
    };
    const subscription = { id: getHub().subscribe(topic, onMessage), handlers };
    subscriptions.set(topic, subscription);
    return subscription;
  }

  // Gadgets also take single methods out of this object, so none of them uses `this`.
  const ContainerServices = {
    Topics: EVENT_TOPICS,
    init() {
      isReady = true;
      ContainerServices.makeActiveTabReq();
      return ContainerServices;
    },

    // ---- events
    /** @param {string} topic @param {(argument: any) => void} handler */
    addHandler(topic, handler) {
      if (!isReady) throw new Error("ContainerServices.addHandler: call init() first");
      if (typeof handler !== "function")
        throw new Error("ContainerServices.addHandler: the handler must be a function");
      const name = topic === OLD_ACTIVE_TAB ? EVENT_TOPICS.ACTIVE_TAB : topic;
      const subscription = subscriptions.get(name) ?? subscribe(name);
      subscription.handlers.add(handler);
    },
    /** Remove a handler, or all of a topic.
     * @param {string} topic @param {(argument: any) => void} [handler] */
    removeHandler(topic, handler) {
      const name = topic === OLD_ACTIVE_TAB ? EVENT_TOPICS.ACTIVE_TAB : topic;
      if (handler) subscriptions.get(name)?.handlers.delete(handler);
      else subscriptions.get(name)?.handlers.clear();
    },
    /** @param {string} topic @param {any} data */
    publish: (topic, data) => getHub().publish(topic, data),

    // ---- tabs
    makeActiveTabReq: () =>
      getHub().publish(Topics.REQUESTS, {
        type: "ActiveTabReq",
        data: {},
        invokeID: Date.now(),
      }),
    tabVisible: () => getTabPanel()?.hidden === false,
    activateMyTab: () => getTabs().activateTab(ContainerServices.getMyTabId()),
    activateTab: (/** @type {string} */ id) => getTabs().activateTab(id),
    getMyTabId: () => getTabPanel()?.id.replace("panel_", "") ?? null,

    // ---- this gadget
    getMyGadgetId: () => getModuleId(),
    getMyGadgetView: () => ({
      gadgetId: getModuleId(),
      tabId: ContainerServices.getMyTabId(),
      maxAvailableHeight: getSandbox().maxAvailableHeight(),
      view: window.frameElement?.getAttribute("data-view") ?? "default",
    }),
    /** @param {string} title */
    setMyGadgetTitle: (title) => getSandbox().setTitle(getModuleId(), title),
    enableTitleBar: () => getSandbox().showTitleBar(getModuleId()),
    hideMyGadget: () => setGadgetHidden(true),
    showMyGadget: () => setGadgetHidden(false),
    collapseMyGadget: () => getSandbox().setCollapsed(getModuleId(), true),
    expandMyGadget: () => getSandbox().setCollapsed(getModuleId(), false),
    isTabbedGadget: () => Boolean(window.frameElement?.closest(".tabbed")),
    reloadMyGadget: () => getContainer().reloadGadget(getModuleId()),
    reloadMyGadgetFromUrl(/** @type {string} */ url) {
      getContainer().modifyGadgetUrl(getModuleId(), url);
      getContainer().reloadGadget(getModuleId());
    },
    reloadGadget: (/** @type {string} */ id) => getContainer().reloadGadget(id),
    /** Mark the gadget's tab; with details, the desktop shows a notification too. 12.6.
     * @param {any} [details] {messageFrom, message, isDismissable, timeout, icon} */
    showMyGadgetNotification(details) {
      getSandbox().setMarked(getModuleId(), true);
      if (!details) return;
      const { messageFrom, message, isDismissable, timeout, icon } = details;
      const { NotificationPopoverService } = finesse.containerservices;
      NotificationPopoverService.showNotification(
        messageFrom,
        message,
        isDismissable,
        timeout,
        icon,
      );
    },
    hideMyGadgetNotification: () => getSandbox().setMarked(getModuleId(), false),

    // ---- the whole desktop
    /** Show a dialog over the desktop; false hides it. @param {any} [options] */
    showDialog(options) {
      if (options === false) return getContainer().hideDialog();
      const dialog = getContainer().showDialog({ title: DEFAULT_DIALOG_TITLE, ...options });
      const { jQuery } = /** @type {any} */ (window);
      return jQuery ? jQuery(dialog) : dialog;
    },
    hideDialog: () => getContainer().hideDialog(),
    /** The sandbox's certificates are all accepted when its desktop is. */
    showCertificateBanner: stub(),
    hideCertificateBanner: stub(),
  };

  /** @param {boolean} hidden */
  function setGadgetHidden(hidden) {
    const box = /** @type {HTMLElement | null} */ (window.frameElement?.closest(".gadget") ?? null);
    if (box) box.hidden = hidden;
  }

  Object.assign(finesse.containerservices, { ContainerServices });
  Object.assign(finesse.internal, { getSandbox });
})();
