// The agent's callbacks beside their calls: which of them are due, and which a call is about.

import { api } from "../shared/api.js";
import { errorText } from "../shared/errors.js";
import { isSameNumber } from "../shared/numbers.js";
import { isSomebodyElse } from "./contact-updates.js";

/** @typedef {import("../shared/call-state.js").CallState} CallState */
/** @typedef {import("../shared/types.d.ts").Callback} Callback */

/** Milliseconds for which a callback can be opened again whose customer was reached. */
const REACHED_MS = 60_000;
/** Milliseconds after a callback's time in which the agent is reminded. */
const REMINDER_MS = 120_000;

/**
 * Return whether a call is with whom a callback is for: of one number, it may be somebody else.
 * @param {Callback} callback @param {CallState} state
 */
const isWith = ({ number, contact }, { customer, match }) =>
  isSameNumber(number, customer.number) && !(match && isSomebodyElse(match.contact, contact));

/** @param {Callback} callback @param {CallState[]} running */
const isOnLine = (callback, running) => running.some((state) => isWith(callback, state));

export class AgentCallbacks {
  /** The open callbacks. @type {Callback[]} */
  #open = [];
  /** Callbacks that the agent has been reminded of, by id and time. @type {Set<string>} */
  #reminded = new Set();
  #list;
  #agent;

  /**
   * @param {import("./callbacks.js").CallbackListElement} list
   * @param {import("./agent.js").Agent} agent
   */
  constructor(list, agent) {
    this.#list = list;
    this.#agent = agent;
  }

  async read() {
    try {
      this.#open = (await api.callbacks()).callbacks;
      this.#show();
    } catch (error) {
      this.#list.showReadError(errorText(error));
    }
  }

  #show() {
    this.#list.show(this.#open, this.#agent.notReadyReasons);
  }

  /** Show why a callback could not be made or changed. @param {string} text */
  setError(text) {
    this.#list.setError(text);
  }

  /**
   * Note on the calls which callback they are about; it stays there when the callback is done.
   * @param {Iterable<CallState>} states
   */
  noteOn(states) {
    for (const state of states) {
      const known = state.callback && isWith(state.callback, state) ? state.callback : null;
      state.callback = this.#open.find((each) => each.note && isWith(each, state)) ?? known;
    }
  }

  /**
   * Show a callback as done whose customer was reached: the service closes it. It may have been a
   * mailbox: the agent can open it again.
   * @param {CallState} state
   */
  finishReached(state) {
    if (state.call.direction !== "out" || Number.isNaN(state.talkingSince)) return;
    const isReached = (/** @type {Callback} */ each) => each.last_tried_at && isWith(each, state);
    this.#list.showDone(this.#open.filter(isReached), REACHED_MS);
    this.#open = this.#open.filter((each) => !isReached(each));
    this.#show();
  }

  /**
   * Return the callbacks that have become due, each once.
   * @param {number} now the server's clock, in milliseconds
   * @param {CallState[]} running the calls: who is on the line is no reminder
   */
  takeDue(now, running) {
    return this.#open.filter((each) => {
      const lateMs = now - Date.parse(each.due_at);
      const key = `${each.id} ${each.due_at}`;
      if (!(lateMs >= 0 && lateMs < REMINDER_MS) || this.#reminded.has(key)) return false;
      if (isOnLine(each, running)) return false;
      this.#reminded.add(key);
      return true;
    });
  }

  /**
   * Return whom to call back now; empty if nobody is due who is not on the line.
   * @param {number} now @param {CallState[]} running
   */
  overdue(now, running) {
    const due = this.#open.find(
      (each) => each.due_at && Date.parse(each.due_at) <= now && !isOnLine(each, running),
    );
    return due ? due.name || due.display : "";
  }

  /** Close a callback, or open it again. @param {string} id @param {"done" | "open"} status */
  async setStatus(id, status) {
    try {
      await api.changeCallback(id, { status });
      await this.read();
    } catch (error) {
      this.setError(errorText(error));
    }
  }
}
