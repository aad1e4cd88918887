// The agent beside the calls: their state with its reasons, and their calls that are not in the CRM
// yet.

import { api } from "../shared/api.js";
import { commandErrorText } from "../shared/errors.js";
import { loadLater } from "./load-later.js";

/** @typedef {import("../shared/commands.js").Commands} Commands */
/** @typedef {import("../shared/parked-list.js").ParkedListElement} ParkedListElement */
/** @typedef {import("../shared/types.d.ts").Platform} Platform */
/** @typedef {import("../shared/types.d.ts").Reason} Reason */
/** @typedef {import("../shared/types.d.ts").UserData} UserData */
/** @typedef {import("../shared/types.d.ts").WritableSources} WritableSources */
/** @typedef {import("./agent-state.js").AgentStateElement} AgentStateElement */

/** Milliseconds until the agent's reasons are read again after a failure. */
const PROFILE_RETRY_MS = 10_000;

export class Agent {
  /** The agent as Finesse has them; null until the desktop is connected. @type {UserData | null} */
  user = null;
  /** @type {string[]} */
  wrapUpReasons = [];
  /** @type {Platform} */
  platform = "ucce";
  /** Undefined until it is known. @type {WritableSources | undefined} */
  writableSources;
  /** When a call brings the gadget to the front. @type {"ring" | "answer" | "never"} */
  bringToFront = "ring";
  /** The team's labels of call variables, the most important first. @type {Map<string, string>} */
  labels = new Map();
  /** @type {Reason[]} */
  notReadyReasons = [];
  /** Set when they are loaded. @type {import("./agent-callbacks.js").AgentCallbacks | undefined} */
  callbacks;
  #commands;
  #state;
  #parked;

  /**
   * @param {Commands} commands @param {AgentStateElement} state
   * @param {HTMLElement} parked a list that is defined later
   */
  constructor(commands, state, parked) {
    this.#commands = commands;
    this.#state = state;
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
      this.notReadyReasons = me.not_ready_reasons;
      this.wrapUpReasons = me.wrap_up_reasons;
      this.platform = me.platform;
      this.bringToFront = me.bring_to_front;
      this.writableSources = me.writable_sources;
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
    void this.callbacks?.read();
    // After a failure, what is shown stays until the next read.
    void this.#readParked().catch(() => {});
  }

  async #readParked() {
    const { interactions } = await api.parkedInteractions();
    if (!interactions.length && !this.#parked.firstChild) return;
    await loadLater(); // which defines the element
    /** @type {ParkedListElement} */ (this.#parked).show(interactions);
  }
}
