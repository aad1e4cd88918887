// finesse.containerservices: the events that the desktop sends to gadgets, and their topics.

(() => {
  const { finesse } = window;
  const { enumeration } = finesse.internal;

  const PREFIX = "finesse.containerservices";
  /** What `ContainerServices.addHandler` takes. The topics of the last two are not public, so
   * gadgets use these names. */
  const EVENT_TOPICS = {
    ACTIVE_TAB: `${PREFIX}.activeTab`,
    TIMER_TICK_EVENT: `${PREFIX}.timerTickEvent`,
    WORKFLOW_ACTION_EVENT: `${PREFIX}.workflowActionEvent`,
    RELOAD_GADGET_EVENT: `${PREFIX}.reloadGadget`,
    GADGET_VIEW_CHANGED_EVENT: `${PREFIX}.gadgetViewChangedEvent`,
    MAX_AVAILABLE_HEIGHT_CHANGED_EVENT: `${PREFIX}.maxAvailableHeightChangedEvent`,
    ACTIVE_CALL_STATUS_EVENT: `${PREFIX}.activeCallStatusEvent`,
    FINESSE_MAINTENANCE_MODE_EVENT: `${PREFIX}.finesseMaintenanceModeEvent`,
  };

  const Topics = {
    REQUESTS: `${PREFIX}.requests`,
    RELOAD_GADGET: EVENT_TOPICS.RELOAD_GADGET_EVENT,
    /** @param {string} path of an object */
    getTopic: (path) => finesse.clientservices.Topics.getTopic(path),
  };

  class TimerTickEvent {
    #tickFrequency;
    #dateQueued;
    /** @param {number} tickFrequency in seconds @param {Date} dateQueued */
    constructor(tickFrequency, dateQueued) {
      this.#tickFrequency = tickFrequency;
      this.#dateQueued = dateQueued;
    }
    getTickFrequency() {
      return this.#tickFrequency;
    }
    getDateQueued() {
      return this.#dateQueued;
    }
  }

  class GadgetViewChangedEvent {
    #values;
    /** @param {string} gadgetId @param {string} tabId @param {number} maxAvailableHeight in pixels
     * @param {string} view `default` or `canvas` */
    constructor(gadgetId, tabId, maxAvailableHeight, view) {
      this.#values = { gadgetId, tabId, maxAvailableHeight, view };
    }
    getGadgetId() {
      return this.#values.gadgetId;
    }
    getTabId() {
      return this.#values.tabId;
    }
    getMaxAvailableHeight() {
      return this.#values.maxAvailableHeight;
    }
    getView() {
      return this.#values.view;
    }
  }

  class MaxAvailableHeightChangedEvent {
    #height;
    /** @param {number} maxAvailableHeight in pixels */
    constructor(maxAvailableHeight) {
      this.#height = maxAvailableHeight;
    }
    getMaxAvailableHeight() {
      return this.#height;
    }
  }

  /** @param {any[]} items */
  const byName = (items) => Object.fromEntries((items ?? []).map((item) => [item.name, item]));

  class WorkflowActionEvent {
    /** @type {any} */
    #event = {};
    /** Take an event of the desktop; return whether it is one. @param {any} event */
    setWorkflowActionEvent(event) {
      const isComplete = ["name", "type", "handledBy", "params", "actionVariables"].every(
        (name) => event?.[name] !== undefined,
      );
      if (isComplete) this.#event = event;
      return isComplete;
    }
    getName() {
      return this.#event.name;
    }
    getType() {
      return this.#event.type;
    }
    getHandledBy() {
      return this.#event.handledBy;
    }
    getParams() {
      return byName(this.#event.params);
    }
    getActionVariables() {
      return byName(this.#event.actionVariables);
    }
  }
  Object.assign(WorkflowActionEvent, { HandledBy: enumeration("FINESSE", "OTHER") });

  /** Return the event of a message on the hub. @param {string} topic @param {any} data */
  function toEvent(topic, data) {
    switch (topic) {
      case EVENT_TOPICS.TIMER_TICK_EVENT:
        return new TimerTickEvent(data.tickFrequency, data.dateQueued);
      case EVENT_TOPICS.GADGET_VIEW_CHANGED_EVENT:
        return new GadgetViewChangedEvent(
          data.gadgetId,
          data.tabId,
          data.maxAvailableHeight,
          data.view,
        );
      case EVENT_TOPICS.MAX_AVAILABLE_HEIGHT_CHANGED_EVENT:
        return new MaxAvailableHeightChangedEvent(data.maxAvailableHeight);
      case EVENT_TOPICS.WORKFLOW_ACTION_EVENT: {
        const event = new WorkflowActionEvent();
        event.setWorkflowActionEvent(data);
        return event;
      }
      default:
        return data;
    }
  }

  Object.assign(finesse.containerservices, {
    Topics,
    TimerTickEvent,
    GadgetViewChangedEvent,
    MaxAvailableHeightChangedEvent,
    WorkflowActionEvent,
  });
  Object.assign(finesse.internal, { EVENT_TOPICS, toEvent });
})();
