// The connections to Finesse and to the service: what comes from the desktop goes to the model, the
// commands and the agent, and how both connections are is shown.

import { api, serviceStatus } from "../shared/api.js";
import { isConversation, withEnd } from "../shared/call.js";
import { desktop } from "../shared/desktop.js";
import { every } from "../shared/dom.js";
import { afterPress } from "../shared/press.js";
import { formatTime, t } from "../shared/texts.js";

/** @typedef {import("../shared/types.d.ts").UserData} UserData */

/** Milliseconds between attempts to reach the service while it does not answer. */
const PROBE_MS = 10_000;
/** Milliseconds between reads of the calls while Finesse reports no changes. */
const READ_MS = 3000;
/**
 * Milliseconds after which a failure of the library is over, unless it failed again: each of its
 * attempts takes less, and a success of which nothing is new is not announced.
 */
const FAILED_MS = 20_000;

/** Commands by which a call ends for the agent and goes on for the others. */
const PASSES_ON = ["transfer", "complete-transfer", "conference"];

export class Connection {
  #model;
  #commands;
  #agent;
  #notices;
  #show;
  #onReady;
  #onMonitored;
  /**
   * Runs while the library could not load the agent or the calls.
   * @type {ReturnType<typeof setTimeout> | undefined}
   */
  #failure;
  #hasCalls = false;
  /** When the calls were read last, in server milliseconds. */
  #readAt = NaN;
  /** Whether the desktop has said that it has no connection to Finesse: calls may be out of date. */
  isLost = false;

  /**
   * @param {import("./app-parts.d.ts").AppParts} parts
   * @param {object} options
   * @param {(isMonitored: boolean) => void} options.onMonitored whether a supervisor listens
   * @param {() => void} options.onReady called once it is known which calls are on, and again
   *   when the service answers after an outage
   */
  constructor({ model, commands, agent, notices, show }, { onMonitored, onReady }) {
    this.#model = model;
    this.#commands = commands;
    this.#agent = agent;
    this.#notices = notices;
    this.#show = show;
    this.#onReady = onReady;
    this.#onMonitored = onMonitored;
  }

  /** Follow the desktop and the service until `signal` aborts. @param {AbortSignal} signal */
  follow(signal) {
    const fail = () => {
      if (this.isLost) return; // which the notice says already
      clearTimeout(this.#failure);
      const recover = () => this.#agent.user && this.#recover();
      this.#failure = setTimeout(afterPress, FAILED_MS, recover);
      this.#notices.setConnection(t("connection.failed"), true);
    };
    /** @type {import("../shared/desktop.js").DesktopListener} */
    const listener = {
      agent: (user) => this.#onAgent(user),
      calls: (dialogs) => this.#onCalls(dialogs),
      ended: (dialog) => isConversation(dialog) && this.#onEnd(dialog),
      layout: (labels) => this.#onLayout(labels),
      refused: (refusal) => this.#commands.refuse(refusal),
      acknowledged: (requestId) => this.#commands.acknowledge(requestId),
      connected: (isConnected) => this.#onConnection(isConnected),
      failed: fail,
    };
    this.#notices.setConnection(t("connecting"));
    // All in one order, after the press that lasts just now.
    const handlers = /** @type {Record<string, (detail: any) => void>} */ (listener);
    for (const [name, handle] of Object.entries(handlers))
      handlers[name] = (detail) => afterPress(() => handle(detail));
    desktop.follow(listener, signal).catch(fail).finally(desktop.dismissLoading);
    every(PROBE_MS, () => serviceStatus.isDown && this.#agent.readLists(), signal);
    // A call that was answered or has ended meanwhile must not stay as it was.
    every(READ_MS, () => this.isLost && this.#model.running.length && desktop.readCalls(), signal);
    serviceStatus.subscribe(() => this.#onServiceStatus());
  }

  /** @param {import("../shared/types.d.ts").DialogData[]} dialogs */
  #onCalls(dialogs) {
    this.#recover();
    this.#readAt = desktop.now;
    this.#onMonitored(!dialogs.every(isConversation));
    this.#model.update(dialogs.filter(isConversation), this.#agent.user?.extension ?? "");
    if (!this.#hasCalls) this.#onReady();
    this.#hasCalls = true;
  }

  /** @param {import("../shared/types.d.ts").DialogData} dialog as it was known last */
  #onEnd(dialog) {
    const { extension } = this.#agent.user ?? {};
    // Nobody knows how long a call went on that could not be read for longer.
    const isSeen = desktop.now - this.#readAt < 2 * READ_MS;
    const endedAt = isSeen ? desktop.now : this.#readAt;
    const isKnown = this.isLost && extension && !Number.isNaN(endedAt);
    const isTransferred =
      PASSES_ON.includes(this.#commands.pending?.action ?? "") ||
      Boolean(this.#model.calls.get(dialog.id)?.transferredTo);
    this.#model.end(isKnown ? withEnd(dialog, extension, endedAt, isTransferred) : dialog);
  }

  /** Take off the notice of a failure. */
  #recover() {
    if (this.#failure) this.#notices.setConnection("");
    this.#endFailure();
  }

  #endFailure() {
    clearTimeout(this.#failure);
    this.#failure = undefined;
  }

  /** @param {UserData} user */
  #onAgent(user) {
    if (!this.#agent.user) {
      this.#notices.setConnection("");
      void this.#agent.readProfile(this.#show);
    }
    const { state = "" } = user;
    // Without it, colleagues would see a state that is a minute old.
    if (state && state !== this.#agent.user?.state) api.notePresence(state).catch(() => {});
    this.#agent.update(user);
    this.#model.setAgentState(user.state ?? "", user.stateChangeTime ?? "");
  }

  /** @param {Map<string, string>} labels */
  #onLayout(labels) {
    this.#agent.labels = labels;
    this.#show();
  }

  /** @param {boolean} isConnected */
  #onConnection(isConnected) {
    this.#endFailure();
    this.isLost = !isConnected;
    const time = formatTime(Date.now());
    if (!isConnected) this.#notices.setConnection(t("connection.lost", { time }));
    else this.#notices.setConnection(this.#agent.user ? "" : t("connecting"));
  }

  #onServiceStatus() {
    const { downSince } = serviceStatus;
    this.#notices.setService(downSince);
    if (downSince === null) {
      this.#agent.readLists();
      this.#model.retryFailedLookups();
      // What failed while the service did not answer is over.
      for (const state of this.#model.running)
        if (state.failure?.outcome === "failed") state.failure = null;
      if (this.#hasCalls) this.#onReady();
    }
    this.#show();
  }
}
