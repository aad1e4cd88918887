// The agent beside the calls: their state with its reasons, their callbacks, and their calls that
// are not in the CRM yet.

import { api } from "../shared/api.js";
import { commandErrorText, errorText } from "../shared/errors.js";
import { isSameNumber } from "../shared/numbers.js";
import { loadLater } from "./load-later.js";

/** @typedef {import("../shared/call-state.js").CallState} CallState */
/** @typedef {import("../shared/commands.js").Commands} Commands */
/** @typedef {import("../shared/parked-list.js").ParkedListElement} ParkedListElement */
/** @typedef {import("../shared/types.d.ts").Callback} Callback */
/** @typedef {import("../shared/types.d.ts").Platform} Platform */
/** @typedef {import("../shared/types.d.ts").Reason} Reason */
/** @typedef {import("../shared/types.d.ts").UserData} UserData */
/** @typedef {import("./agent-state.js").AgentStateElement} AgentStateElement */
/** @typedef {import("./callbacks.js").CallbackListElement} CallbackListElement */

/** Milliseconds for which a callback can be opened again whose customer was reached. */
const REACHED_MS = 60_000;
/** Milliseconds after a callback's time in which the agent is reminded. */
const REMINDER_MS = 120_000;
/** Milliseconds until the agent's reasons are read again after a failure. */
const PROFILE_RETRY_MS = 10_000;

export class Agent {
  /** The agent as Finesse has them; null until the desktop is connected. @type {UserData | null} */
  user = null;
  /** @type {string[]} */
  wrapUpReasons = [];
  /** @type {Platform} */
  platform = "ucce";
  /** The contact sources in which cases can be opened. @type {string[]} */
  caseSources = [];
  /** When a call brings the gadget to the front. @type {"ring" | "answer" | "never"} */
  bringToFront = "ring";
  /** The team's labels of call variables, the most important first. @type {Map<string, string>} */
  labels = new Map();
  /** The open callbacks. @type {Callback[]} */
  #open = [];
  /** @type {Reason[]} */
  #notReadyReasons = [];
  /** Callbacks that the agent has been reminded of, by id and time. @type {Set<string>} */
  #reminded = new Set();
  #commands;
  #state;
  #callbacks;
  #parked;

  /**
   * @param {Commands} commands @param {AgentStateElement} state
   * @param {HTMLElement} callbacks @param {HTMLElement} parked lists that are defined later
   */
  constructor(commands, state, callbacks, parked) {
    this.#commands = commands;
    this.#state = state;
    this.#callbacks = callbacks;
    this.#parked = parked;
  }

  /** Take the agent as Finesse has them now. @param {UserData} user */
  update(user) {
    const hasChanged =
      user.state !== this.user?.state ||
      user.reasonCodeId !== this.user?.reasonCodeId ||
      user.pendingState;
    if (hasChanged) {
      this.#commands.observeState();
      this.#state.setError("");
    }
    this.user = user;
    this.#state.show(user, this.#commands.isChangingState);
  }

  /** Read the agent's reasons; until then, states have none. @param {() => void} onRead */
  async readProfile(onRead) {
    try {
      const me = await api.me();
      this.#state.setReasons(me.not_ready_reasons, me.sign_out_reasons);
      this.#notReadyReasons = me.not_ready_reasons;
      this.wrapUpReasons = me.wrap_up_reasons;
      this.platform = me.platform;
      this.bringToFront = me.bring_to_front;
      this.caseSources = me.case_sources;
      onRead();
      this.readLists();
    } catch {
      setTimeout(() => void this.readProfile(onRead), PROFILE_RETRY_MS);
    }
  }

  /** Change the agent's state. @param {string} state @param {string | null} reason */
  async setState(state, reason) {
    const user = this.user ?? {};
    const result = this.#commands.setState(state, reason);
    if (!result) return this.#state.show(user, true);
    this.#state.setError("");
    this.#state.show({ ...user, state, reasonCodeId: reason }, true);
    this.#state.setError(commandErrorText(await result));
    this.showState();
  }

  /** Show the state that the agent has: another one was chosen, and not taken. */
  showState() {
    this.#state.show(this.user ?? {}, false);
  }

  /** Read the callbacks and the parked calls. */
  readLists() {
    void this.readCallbacks();
    // After a failure, what is shown stays until the next read.
    void this.#readParked().catch(() => {});
  }

  async #readParked() {
    const { interactions } = await api.parkedInteractions();
    if (!interactions.length && !this.#parked.firstChild) return;
    await loadLater(); // which defines the element
    /** @type {ParkedListElement} */ (this.#parked).show(interactions);
  }

  async readCallbacks() {
    try {
      this.#open = (await api.callbacks()).callbacks;
      await this.#showCallbacks();
    } catch (error) {
      this.#callbackList?.showReadError(errorText(error));
    }
  }

  async #showCallbacks() {
    if (!this.#open.length && !this.#callbackList) return;
    await loadLater(); // which defines the element
    this.#callbackList?.show(this.#open, this.#notReadyReasons);
  }

  /** The list, once it is loaded. */
  get #callbackList() {
    return "show" in this.#callbacks
      ? /** @type {CallbackListElement} */ (this.#callbacks)
      : undefined;
  }

  /** Return what the agent noted for a callback to a number; empty if nothing. @param {string} to */
  callbackNote(to) {
    return this.#open.find(({ number, note }) => note && isSameNumber(number, to))?.note ?? "";
  }

  /** Show why a callback could not be made or changed. @param {string} text */
  setCallbackError(text) {
    this.#callbackList?.setError(text);
  }

  /**
   * Show a callback as done whose customer was reached: the service closes it. It may have been a
   * mailbox: the agent can open it again.
   * @param {CallState} state
   */
  finishReached({ call, talkingSince, customer }) {
    if (call.direction !== "out" || Number.isNaN(talkingSince)) return;
    const isReached = (/** @type {Callback} */ { number, last_tried_at }) =>
      last_tried_at && isSameNumber(number, customer.number);
    this.#callbackList?.showDone(this.#open.filter(isReached), REACHED_MS);
    this.#open = this.#open.filter((each) => !isReached(each));
    this.#showCallbacks().catch(() => {});
  }

  /**
   * Return the callbacks that have become due, each once.
   * @param {number} now the server's clock, in milliseconds
   * @param {(number: string) => boolean} isOnLine
   */
  takeDueCallbacks(now, isOnLine) {
    return this.#open.filter(({ id, due_at, number }) => {
      const lateMs = now - Date.parse(due_at);
      const key = `${id} ${due_at}`;
      if (isOnLine(number) || !(lateMs >= 0 && lateMs < REMINDER_MS) || this.#reminded.has(key))
        return false;
      this.#reminded.add(key);
      return true;
    });
  }

  /**
   * Return whom to call back now; empty if nobody is due who is not on the line.
   * @param {number} now @param {(number: string) => boolean} isOnLine
   */
  overdue(now, isOnLine) {
    const due = this.#open.find(
      ({ due_at, number }) => due_at && Date.parse(due_at) <= now && !isOnLine(number),
    );
    return due ? due.name || due.display : "";
  }

  /** Close a callback, or open it again. @param {string} id @param {"done" | "open"} status */
  async setCallbackStatus(id, status) {
    try {
      await api.changeCallback(id, { status });
      await this.readCallbacks();
    } catch (error) {
      this.setCallbackError(errorText(error));
    }
  }
}
