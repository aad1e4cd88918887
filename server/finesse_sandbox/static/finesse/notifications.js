// finesse.containerservices: messages to the agent over the desktop, and between gadgets about
// tasks. 12.0 and later.

(() => {
  const { finesse } = window;
  const { enumeration, getHub, getSandbox } = finesse.internal;

  const DEFAULT_TIMEOUT_MS = 8000;

  // ---- toaster: a notification of the browser

  const FinesseToaster = {
    TOASTER_DEFAULT_ICONS: enumeration(
      "INCOMING_CALL_ICON",
      "INCOMING_CHAT_ICON",
      "INCOMING_TEAM_MESSAGE",
    ),
    /** @param {any} [_config] @param {any} [_logger] */
    init: (_config, _logger) => FinesseToaster,
    /** Show a notification of the browser while the agent looks at another window.
     * @param {string} title
     * @param {any} [options] {body, icon, autoClose in ms, showWhenVisible, onclick} */
    showToaster(title, options = {}) {
      const { body, icon, autoClose = DEFAULT_TIMEOUT_MS, showWhenVisible, onclick } = options;
      const isVisible = window.parent.document.visibilityState === "visible";
      if (isVisible && !showWhenVisible) return undefined;
      if (window.Notification?.permission !== "granted") {
        void window.Notification?.requestPermission();
        return undefined;
      }
      const notification = new Notification(title, { body, icon });
      notification.onclick = onclick ?? (() => window.parent.focus());
      setTimeout(() => notification.close(), autoClose);
      return notification;
    },
  };

  // ---- popover: a message with a timer and buttons

  let nextPopoverId = 1;

  const PopoverService = {
    COUNTER_TYPE: enumeration("COUNT_UP", "COUNT_DOWN"),
    init: () => PopoverService,
    /** Show a message and return its id.
     * @param {any} banner {icon, content: [{name, value}], headerContent}
     * @param {any} timer {displayTimeoutInSecs, display, counterType}
     * @param {any} action {dismissible, requiredActionText, buttons}
     * @param {(outcome: {popoverId: string, source: string}) => void} [onAction] is called when
     * the agent has pressed a button, has dismissed the message, or the time is over. The values of
     * `source` are not public. */
    showPopover(banner, timer, action, onAction) {
      const id = `${new gadgets.Prefs().getModuleId()}-${nextPopoverId++}`;
      getSandbox().showPopover(id, { banner, timer, action }, onAction ?? (() => {}));
      return id;
    },
    /** @param {string} id @param {any} banner @param {any} timer @param {any} action
     * @param {(outcome: {popoverId: string, source: string}) => void} [onAction] */
    updatePopover(id, banner, timer, action, onAction) {
      getSandbox().showPopover(id, { banner, timer, action }, onAction ?? (() => {}));
      return id;
    },
    /** @param {string} id */
    dismissPopover: (id) => getSandbox().dismissPopover(id),
    /** @param {boolean} isExistingPopover @param {string} popoverId @param {any} bannerData
     * @param {any} timerData @param {any} actionData */
    generatePayload: (isExistingPopover, popoverId, bannerData, timerData, actionData) => ({
      isExistingPopover,
      popoverId,
      bannerData,
      timerData,
      actionData,
    }),
  };

  const text = { type: "string" };
  const flag = { type: "boolean" };
  const button = {
    type: "object",
    required: ["id", "label", "type"],
    properties: { id: text, label: text, type: { enum: ["Affirm", "Decline"] }, hoverText: text },
  };
  /** What the documentation says about the arguments of `showPopover`, as JSON schemas. */
  const PopoverSchema = {
    getBannerDataSchema: () => ({
      type: "object",
      properties: {
        icon: { type: "object", properties: { type: text, value: text } },
        content: { type: "array", items: { type: "object", required: ["name", "value"] } },
        headerContent: { type: "object" },
      },
    }),
    getTimerDataSchema: () => ({
      type: "object",
      properties: {
        displayTimeoutInSecs: { type: "integer" },
        display: flag,
        counterType: { enum: Object.values(PopoverService.COUNTER_TYPE) },
      },
    }),
    getActionDataSchema: () => ({
      type: "object",
      properties: {
        dismissible: flag,
        keepMaximised: flag,
        clientIdentifier: text,
        requiredActionText: text,
        buttons: { type: "array", maxItems: 2, items: button },
      },
    }),
  };

  // ---- notification center

  const NotificationPopoverService = {
    topic: "finext.notification.popover",
    /** @param {any} [_containerServices] */
    init: (_containerServices) => NotificationPopoverService,
    /** Send a message to the desktop's notification center.
     * @param {string | undefined} messageFrom @param {string} message
     * @param {boolean} [isDismissable] @param {number | string} [timeout] in milliseconds; 0: the
     * message is only collected
     * @param {any} [icon] {name, color, size, svg} @param {string} [type] @param {boolean} [pristine]
     * leaves the title as it is @param {boolean} [showAlways] @param {string} [customLink]
     * @param {() => void} [onClickCustomLink] */
    showNotification(
      messageFrom,
      message,
      isDismissable = true,
      timeout = DEFAULT_TIMEOUT_MS,
      icon,
      type,
      pristine = false,
      showAlways = false,
      customLink,
      onClickCustomLink,
    ) {
      const title = pristine ? messageFrom : `Message from ${messageFrom ?? ""}`.trim();
      getHub().publish(NotificationPopoverService.topic, {
        title: messageFrom ? title : "",
        message,
        isDismissable,
        timeout: Number(timeout),
        icon,
        type,
        showAlways,
        customLink,
        onClickCustomLink,
      });
    },
  };

  // ---- between gadgets

  /** Gadgets inform each other which task the agent has selected. 12.6. */
  const TaskActivityNotification = {
    topic: "finesse.container.taskactivity",
    requestTopic: "finesse.container.taskactivity.request",
    /** The last selection that this gadget has published. @type {any} */
    last: null,
    /** @param {any} [_containerServices] */
    init(_containerServices) {
      getHub().subscribe(TaskActivityNotification.requestTopic, () => {
        const { last, topic } = TaskActivityNotification;
        if (last) getHub().publish(topic, last);
      });
      return TaskActivityNotification;
    },
    /** @param {string} from @param {any} message {taskId, active, mediaType, contextInfo} */
    notifyTaskSelection(from, message) {
      if (!from || !message?.taskId)
        throw new Error("TaskActivityNotification: the sender or the message's taskId is missing");
      TaskActivityNotification.last = { from, message };
      getHub().publish(TaskActivityNotification.topic, { from, message });
    },
    /** @param {(selection: any) => void} callback */
    registerForTaskNotifications: (callback) =>
      getHub().subscribe(
        TaskActivityNotification.topic,
        (/** @type {string} */ _topic, /** @type {any} */ selection) => callback(selection),
      ),
    /** Ask the gadgets for their current tasks, which arrive at the registered callbacks. */
    requestCurrentTasks: () => getHub().publish(TaskActivityNotification.requestTopic, {}),
  };

  Object.assign(finesse.containerservices, {
    FinesseToaster,
    PopoverService,
    PopoverSchema,
    NotificationPopoverService,
    TaskActivityNotification,
  });
})();
