// The last part of the stand-in's own library: what a gadget asks of the desktop itself, and what it is told by it.

(() => {
  const { finesse } = window;
  const { ContainerServices } = finesse.containerservices;

  /** @param {string} names */
  function named(names) {
    return Object.fromEntries(names.split(" ").map((name) => [name, name]));
  }

  /** An event that the desktop sends as plain data, with a getter for each of its names. @param {string[]} names */
  const carrier = (names) =>
    class {
      /** @param {any} told */
      constructor(told) {
        Object.assign(this, told);
        for (const name of names) {
          /** @type {any} */ (this)[`get${name[0].toUpperCase()}${name.slice(1)}`] = () =>
            told[name];
        }
      }
    };
  /** A list on its way, by name for the gadget. @param {any[]} told */
  const byName = (told) => Object.fromEntries((told ?? []).map((one) => [one.name, one]));
  class WorkflowActionEvent extends carrier(["name", "type", "handledBy"]) {
    getParams() {
      return byName(/** @type {any} */ (this).params);
    }
    getActionVariables() {
      return byName(/** @type {any} */ (this).actionVariables);
    }
  }
  const TimerTickEvent = carrier(["tickFrequency", "dateQueued"]);
  const GadgetViewChangedEvent = carrier(["gadgetId", "tabId", "maxAvailableHeight", "view"]);
  const MaxAvailableHeightChangedEvent = carrier(["maxAvailableHeight"]);
  const Topics = ContainerServices.Topics;
  const events = new Map([
    [Topics.WORKFLOW_ACTION_EVENT, WorkflowActionEvent],
    [Topics.TIMER_TICK_EVENT, TimerTickEvent],
    [Topics.GADGET_VIEW_CHANGED_EVENT, GadgetViewChangedEvent],
    [Topics.MAX_AVAILABLE_HEIGHT_CHANGED_EVENT, MaxAvailableHeightChangedEvent],
  ]);
  /** @type {any} */
  const desktop = window.parent;
  const container = () => desktop.finesse.container.Container;
  const mine = () => new gadgets.Prefs().getModuleId();
  const begin = ContainerServices.init;
  ContainerServices.init = () => {
    const services = begin();
    if (services.showDialog) return services;
    const { addHandler } = services;
    return Object.assign(services, {
      /** @param {string} topic @param {(told: any) => void} handler */
      addHandler(topic, handler) {
        const Event = events.get(topic);
        addHandler(topic, Event ? (/** @type {any} */ told) => handler(new Event(told)) : handler);
      },
      showDialog: (/** @type {any} */ told) => container().showDialog(told),
      hideDialog: () => container().hideDialog(),
      reloadGadget: (/** @type {string} */ id) => container().reloadGadget(id),
      reloadMyGadget: () => container().reloadGadget(mine()),
      reloadMyGadgetFromUrl(/** @type {string} */ url) {
        container().modifyGadgetUrl(mine(), url);
        container().reloadGadget(mine());
      },
      activateMyTab: () => desktop.finesse.container.Tabs.activateTab(services.getMyTabId()),
      activateTab: (/** @type {string} */ id) => desktop.finesse.container.Tabs.activateTab(id),
      getMyGadgetView: () => gadgets.views.getCurrentView().getName(),
      collapseMyGadget() {},
      expandMyGadget() {},
      enableTitleBar() {},
      hideMyGadget: () => shown(false),
      showMyGadget: () => shown(true),
    });
  };
  /** @param {boolean} yes */
  const shown = (yes) => {
    const box = /** @type {HTMLElement | null} */ (window.frameElement?.closest(".gadget") ?? null);
    if (box) box.hidden = !yes;
  };
  for (const name of [
    "addHandler",
    "makeActiveTabReq",
    "tabVisible",
    "getMyTabId",
    "getMyGadgetId",
    "reloadMyGadgetFromUrl",
  ]) {
    ContainerServices[name] = (/** @type {any[]} */ ...told) =>
      ContainerServices.init()[name](...told);
  }

  /** Between gadgets: which task an agent has selected. 12.6. */
  const TaskActivityNotification = {
    topic: "finesse.container.taskactivity",
    init: () => TaskActivityNotification,
    /** @param {string} from @param {any} message */
    notifyTaskSelection: (from, message) =>
      gadgets.Hub.publish(TaskActivityNotification.topic, { from, message }),
    /** @param {(told: any) => void} callback */
    registerForTaskNotifications: (callback) =>
      gadgets.Hub.subscribe(
        TaskActivityNotification.topic,
        (/** @type {string} */ _topic, /** @type {any} */ told) => callback(told),
      ),
    requestCurrentTasks() {},
  };
  Object.assign(finesse.containerservices, {
    WorkflowActionEvent,
    TimerTickEvent,
    GadgetViewChangedEvent,
    MaxAvailableHeightChangedEvent,
    TaskActivityNotification,
    FinesseToaster: {
      /** @param {string} title @param {any} told */
      showToaster: (title, told) => container().showDialog({ title, message: told?.body ?? "" }),
    },
    PopoverService: {
      init: () => finesse.containerservices.PopoverService,
      COUNTER_TYPE: named("COUNT_UP COUNT_DOWN"),
      /** @param {any} banner */
      showPopover: (banner) => (
        container().showDialog({
          title: banner?.icon?.label ?? "",
          message: banner?.content?.[0]?.value ?? "",
        }),
        "1"
      ),
      dismissPopover: () => container().hideDialog(),
    },
  });

  /** A channel that is not voice, with a menu of its states in the desktop's header. 12.0. */
  const ChannelService = {
    STATUS: named("SUCCESS FAILURE"),
    STATE_STATUS: named("AVAILABLE UNAVAILABLE BUSY"),
    ICON_TYPE: named("COLLAB_ICON URL"),
    ICON_BADGE_TYPE: named("NONE INFO WARNING ERROR"),
    init: () => ChannelService,
    /** @param {string} id @param {any} data @param {Function} menu @param {Function} [done] @param {Function} [failed] */
    addChannel: (id, data, menu, done, failed) => channel(id, data, done, failed, menu),
    /** @param {string} id @param {any} data @param {Function} [done] @param {Function} [failed] */
    updateChannel: (id, data, done, failed) => channel(id, data, done, failed),
    /** @param {string} id @param {Function} [done] @param {Function} [failed] */
    removeChannel: (id, done, failed) => channel(id, null, done, failed),
  };
  /** @param {string} id @param {any} data @param {Function | undefined} done @param {Function | undefined} failed @param {Function} [menu] */
  function channel(id, data, done, failed, menu) {
    const wrong = desktop.standin.setChannel(id, data, menu);
    const told = {
      channelId: id,
      status: wrong ? "FAILURE" : "SUCCESS",
      ...(wrong ? { error: { errorCode: wrong } } : {}),
    };
    setTimeout(() => (wrong ? failed : done)?.(told));
  }
  finesse.digital = { ChannelService };

  /** What a gadget keeps in the browser between two sessions. 12.0. */
  const cached = (/** @type {string} */ key) => `finesse cache ${key}`;
  finesse.utilities.DesktopCache = {
    init: () => finesse.utilities.DesktopCache,
    /** @param {string} key @param {Function} done */
    fetchData: (key, done) => done(null, JSON.parse(localStorage.getItem(cached(key)) ?? "null")),
    /** @param {string} key @param {any} data @param {Function} [done] */
    saveOrUpdateData(key, data, done) {
      localStorage.setItem(cached(key), JSON.stringify(data));
      done?.(null, data);
    },
    /** @param {string} key @param {Function} [done] */
    deleteData(key, done) {
      localStorage.removeItem(cached(key));
      done?.(null);
    },
  };
  /** Keys that a gadget answers to while the desktop has the focus. 12.0. */
  finesse.containerservices.ShortcutKeyService = {
    init: () => finesse.containerservices.ShortcutKeyService,
    /** @param {{id: string, config: {key: string, modifierKeys?: string[], handler: Function}[]}[]} told */
    addShortcutKey(told) {
      for (const { config } of told) {
        for (const { key, modifierKeys = [], handler } of config) {
          desktop.document.addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => {
            const held = { CTRL: event.ctrlKey, ALT: event.altKey, SHIFT: event.shiftKey };
            const all = modifierKeys.every(
              (name) => held[/** @type {keyof typeof held} */ (name.toUpperCase())],
            );
            if (all && event.key.toUpperCase() === key.toUpperCase()) handler();
          });
        }
      }
    },
  };
  finesse.containerservices.NotificationPopoverService = {
    /** @param {any} told */
    showNotification: (told) =>
      container().showDialog({ title: told?.title ?? "", message: told?.message ?? "" }),
  };
  finesse.cslogger.FinesseLogger = finesse.cslogger.ClientLogger;
})();
