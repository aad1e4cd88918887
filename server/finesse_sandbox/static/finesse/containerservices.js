// finesse.containerservices: what a gadget requests from the desktop, and the desktop's events.

(() => {
  const { finesse } = window;
  const { enumeration, getHub } = finesse.internal;

  /** @type {any} */
  const desktop = window.parent;
  const getContainer = () => desktop.finesse.container.Container;
  const getTabs = () => desktop.finesse.container.Tabs;
  const getModuleId = () => new gadgets.Prefs().getModuleId();
  const getTabPanel = () =>
    /** @type {HTMLElement | null} */ (window.frameElement?.closest("div.tab-panel") ?? null);

  const Topics = {
    ACTIVE_TAB: "finesse.containerservices.activeTab",
    TIMER_TICK_EVENT: "finesse.containerservices.timerTickEvent",
    WORKFLOW_ACTION_EVENT: "finesse.containerservices.workflowActionEvent",
    GADGET_VIEW_CHANGED_EVENT: "finesse.containerservices.gadgetViewChangedEvent",
    MAX_AVAILABLE_HEIGHT_CHANGED_EVENT: "finesse.containerservices.maxAvailableHeightChangedEvent",
  };

  // ---- events

  /** Return a class for an event that the desktop sends as plain data, with a getter for each name.
   * @param {string[]} names */
  function eventClass(...names) {
    class ContainerEvent {
      /** @param {any} data */
      constructor(data) {
        Object.assign(this, data);
      }
    }
    for (const name of names) {
      const getter = `get${name[0].toUpperCase()}${name.slice(1)}`;
      /** @type {any} */ (ContainerEvent.prototype)[getter] = function () {
        return this[name];
      };
    }
    return ContainerEvent;
  }

  /** @param {any[]} items */
  const byName = (items) => Object.fromEntries((items ?? []).map((item) => [item.name, item]));

  class WorkflowActionEvent extends eventClass("name", "type", "handledBy") {
    getParams() {
      return byName(/** @type {any} */ (this).params);
    }
    getActionVariables() {
      return byName(/** @type {any} */ (this).actionVariables);
    }
  }
  const TimerTickEvent = eventClass("tickFrequency", "dateQueued");
  const GadgetViewChangedEvent = eventClass("gadgetId", "tabId", "maxAvailableHeight", "view");
  const MaxAvailableHeightChangedEvent = eventClass("maxAvailableHeight");
  const eventClasses = new Map([
    [Topics.WORKFLOW_ACTION_EVENT, WorkflowActionEvent],
    [Topics.TIMER_TICK_EVENT, TimerTickEvent],
    [Topics.GADGET_VIEW_CHANGED_EVENT, GadgetViewChangedEvent],
    [Topics.MAX_AVAILABLE_HEIGHT_CHANGED_EVENT, MaxAvailableHeightChangedEvent],
  ]);

  // ---- services

  const services = {
    tabVisible: () => getTabPanel()?.hidden === false,
    getMyTabId: () => getTabPanel()?.id.replace("panel_", "") ?? null,
    getMyGadgetId: () => getModuleId(),
    getMyGadgetView: () => gadgets.views.getCurrentView().getName(),
    makeActiveTabReq: () =>
      getHub().publish("finesse.containerservices.requests", {
        type: "ActiveTabReq",
        data: {},
        invokeID: Date.now(),
      }),
    /** @param {string} topic @param {(argument: any) => void} handler */
    addHandler(topic, handler) {
      const Event = eventClasses.get(topic);
      // The event fires when the tab becomes visible, and for a gadget that requests the active
      // tab at its start although it is visible already.
      let wasVisible = false;
      getHub().subscribe(topic, (/** @type {string} */ _topic, /** @type {any} */ data) => {
        if (topic !== Topics.ACTIVE_TAB) {
          handler(Event ? new Event(data) : data);
          return;
        }
        const isVisible = data === services.getMyTabId();
        if (isVisible && !wasVisible) handler(services);
        wasVisible = isVisible;
      });
    },
    activateMyTab: () => getTabs().activateTab(services.getMyTabId()),
    activateTab: (/** @type {string} */ id) => getTabs().activateTab(id),
    showDialog: (/** @type {any} */ options) => getContainer().showDialog(options),
    hideDialog: () => getContainer().hideDialog(),
    reloadGadget: (/** @type {string} */ id) => getContainer().reloadGadget(id),
    reloadMyGadget: () => getContainer().reloadGadget(getModuleId()),
    reloadMyGadgetFromUrl(/** @type {string} */ url) {
      getContainer().modifyGadgetUrl(getModuleId(), url);
      getContainer().reloadGadget(getModuleId());
    },
    hideMyGadget: () => setGadgetHidden(true),
    showMyGadget: () => setGadgetHidden(false),
    collapseMyGadget() {},
    expandMyGadget() {},
    enableTitleBar() {},
  };

  /** @param {boolean} hidden */
  function setGadgetHidden(hidden) {
    const box = /** @type {HTMLElement | null} */ (window.frameElement?.closest(".gadget") ?? null);
    if (box) box.hidden = hidden;
  }

  // Gadgets call these on the class too.
  const ContainerServices = {
    Topics,
    init: () => services,
    addHandler: services.addHandler,
    makeActiveTabReq: services.makeActiveTabReq,
    tabVisible: services.tabVisible,
    getMyTabId: services.getMyTabId,
    getMyGadgetId: services.getMyGadgetId,
    reloadMyGadgetFromUrl: services.reloadMyGadgetFromUrl,
  };

  /** Gadgets inform each other which task the agent has selected. 12.6. */
  const TaskActivityNotification = {
    topic: "finesse.container.taskactivity",
    init: () => TaskActivityNotification,
    /** @param {string} from @param {any} message */
    notifyTaskSelection: (from, message) =>
      gadgets.Hub.publish(TaskActivityNotification.topic, { from, message }),
    /** @param {(selection: any) => void} callback */
    registerForTaskNotifications: (callback) =>
      gadgets.Hub.subscribe(
        TaskActivityNotification.topic,
        (/** @type {string} */ _topic, /** @type {any} */ selection) => callback(selection),
      ),
    requestCurrentTasks() {},
  };

  // ---- messages over the desktop, shown as dialogs here

  const FinesseToaster = {
    /** @param {string} title @param {any} options */
    showToaster: (title, options) =>
      getContainer().showDialog({ title, message: options?.body ?? "" }),
  };

  const PopoverService = {
    init: () => PopoverService,
    COUNTER_TYPE: enumeration("COUNT_UP", "COUNT_DOWN"),
    /** @param {any} banner */
    showPopover(banner) {
      getContainer().showDialog({
        title: banner?.icon?.label ?? "",
        message: banner?.content?.[0]?.value ?? "",
      });
      return "1";
    },
    dismissPopover: () => getContainer().hideDialog(),
  };

  const NotificationPopoverService = {
    /** @param {any} options */
    showNotification: (options) =>
      getContainer().showDialog({
        title: options?.title ?? "",
        message: options?.message ?? "",
      }),
  };

  // ---- keyboard shortcuts that work while the desktop has the focus. 12.0.

  /** @param {KeyboardEvent} event @param {string} key @param {string[]} modifierKeys */
  function isShortcut(event, key, modifierKeys) {
    /** @type {Record<string, boolean>} */
    const pressed = { CTRL: event.ctrlKey, ALT: event.altKey, SHIFT: event.shiftKey };
    const hasModifiers = modifierKeys.every((name) => pressed[name.toUpperCase()]);
    return hasModifiers && event.key.toUpperCase() === key.toUpperCase();
  }

  const ShortcutKeyService = {
    init: () => ShortcutKeyService,
    /** @param {{
     *   id: string,
     *   config: {key: string, modifierKeys?: string[], handler: Function}[],
     * }[]} shortcuts */
    addShortcutKey(shortcuts) {
      for (const { key, modifierKeys = [], handler } of shortcuts.flatMap(({ config }) => config)) {
        desktop.document.addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => {
          if (isShortcut(event, key, modifierKeys)) handler();
        });
      }
    },
  };

  Object.assign(finesse.containerservices, {
    ContainerServices,
    WorkflowActionEvent,
    TimerTickEvent,
    GadgetViewChangedEvent,
    MaxAvailableHeightChangedEvent,
    TaskActivityNotification,
    FinesseToaster,
    PopoverService,
    NotificationPopoverService,
    ShortcutKeyService,
  });
})();
