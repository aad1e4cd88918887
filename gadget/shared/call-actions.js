// What the agent does to a call: commands to Finesse, and changes of the interaction in the
// service. No DOM.

import { joinedWith, partnerOf } from "./consults.js";

/** @typedef {import("./commands.js").CommandResult} CommandResult */
/** @typedef {import("./call-state.js").CallState} CallState */
/** @typedef {import("./calls-model.js").CallsModel} CallsModel */
/** @typedef {import("./commands.js").CallArguments} CallArguments */
/** @typedef {import("./commands.js").Commands} Commands */
/** @typedef {import("./types.d.ts").Action} Action */

/** Actions on a held call that are shown on the call that the agent talks on. @type {Action[]} */
const HELD_CALL_ACTIONS = ["complete-transfer", "conference", "retrieve"];

/** The service's status for a call that Finesse does not know. */
const NOT_FOUND = 404;

/** From this status on, Finesse or the service failed. */
const FAILED_STATUS = 500;

/** Milliseconds for which signing out waits for notes that are saved. */
const SAVE_MS = 2000;

/** Milliseconds until a wrap-up reason is sent again. */
const WRAP_UP_RETRY_MS = 5000;

/** Milliseconds after which a second press means it: the first one of a double click does not. */
export const DISCARD_PAUSE_MS = 1500;

/** @param {import("./commands.js").CommandResult} result */
export const isDone = ({ outcome }) => outcome === "confirmed" || outcome === "ended";

/**
 * Return whether Finesse does not know the call any more: the event of its end was lost.
 * @param {import("./commands.js").CommandResult} result
 */
const isGone = ({ outcome, error }) =>
  outcome === "failed" && /** @type {{status?: number}} */ (error)?.status === NOT_FOUND;

/** Return who is at the other end, by name if that is known. @param {CallState | undefined} state */
function partyOf(state) {
  if (!state) return "";
  const { call, match } = state;
  const { name = "", company = "" } = match?.contact ?? {};
  return state.nameOf(call.number) || name || company || call.number;
}

export class CallActions {
  #model;
  #commands;
  /** What the agent chose last. @type {WeakMap<CallState, string[]>} */
  #chosenReasons = new WeakMap();
  /** Why reasons did not reach Finesse. @type {WeakMap<CallState, CommandResult>} */
  #reasonFailures = new WeakMap();
  #now;

  /**
   * @param {CallsModel} model @param {Commands} commands
   * @param {() => number} [now] counts milliseconds
   */
  constructor(model, commands, now = () => performance.now()) {
    this.#now = now;
    this.#model = model;
    this.#commands = commands;
    model.subscribe(({ type, state }) => {
      if (type === "opened" || type === "updated")
        commands.observeCall(state.call, type === "opened");
      if (type === "ended") commands.observeEnd(state.id);
    });
  }

  /**
   * The actions on held calls that end a consult.
   * @returns {{action: Action, callId: string}[]}
   */
  get heldCallActions() {
    return this.#model.running
      .filter(({ call }) => call.phase === "held")
      .flatMap(({ id, call }) =>
        HELD_CALL_ACTIONS.filter((action) => call.actions.includes(action)).map((action) => ({
          action,
          callId: id,
        })),
      );
  }

  /**
   * Send a command, unless another one is awaited; a failure, or that it was not sent, shows on the
   * call.
   * @param {CallArguments} command
   */
  async run(command) {
    const target = this.#model.calls.get(command.callId);
    const shown = this.#model.calls.get(command.shownOn ?? command.callId);
    if (!target || !shown) return;
    const result = this.#commands.sendToCall(command, target.call);
    if (!result) {
      shown.failure = { outcome: "busy" };
      return this.#model.notify("changed", shown);
    }
    const { params, who } = command;
    if (params?.to && who) this.#model.contacts.nameTarget(params.to, who);
    const noteTransfer = this.#transferOf(command, target, shown);
    shown.failure = null;
    shown.confirmedAction = "";
    this.#model.notify("changed", shown);
    const outcome = await result;
    const isLost = isGone(outcome);
    shown.failure = isLost ? null : { ...outcome, who: who || params?.to };
    if (isLost) this.#model.endLost(command.callId);
    for (const state of this.#model.running)
      if (state.failure?.outcome === "busy") state.failure = null;
    if (isDone(outcome)) {
      shown.confirmedAction = command.action;
      noteTransfer();
    }
    this.#model.notify("changed", shown);
  }

  /**
   * Return what notes on the calls whom a command transfers them to.
   * @param {CallArguments} command @param {CallState} target @param {CallState} shown
   */
  #transferOf({ action, params, who }, target, shown) {
    // As they are now: afterwards the calls have ended.
    const { running } = this.#model;
    if (action === "complete-transfer") {
      const other = target === shown ? joinedWith(target, running) : shown;
      const consulted = [target, other].find((each) => each?.call.isConsult);
      const [toTarget, toOther] = [partyOf(consulted ?? other), partyOf(consulted ?? target)];
      return () => {
        target.transferredTo = toTarget;
        if (other) other.transferredTo = toOther;
      };
    }
    const consult = partnerOf(target, running);
    const to = (action === "transfer" && (who || params?.to)) || "";
    return () => {
      target.transferredTo = shown.transferredTo = to;
      if (to && consult?.call.isConsult) consult.customerTransferredTo = to;
    };
  }

  /**
   * Choose wrap-up reasons: in Finesse while it has the call, and in the interaction.
   * @param {string} callId @param {string[]} reasons
   */
  async chooseWrapUp(callId, reasons) {
    const state = this.#model.calls.get(callId);
    if (!state?.notes.interaction) return;
    state.failure = null;
    void this.#sendWrapUp(state, reasons);
    await state.notes.chooseReasons(reasons);
  }

  /**
   * Send Finesse the wrap-up reasons; of choices that follow each other quickly, as by the arrow
   * keys, the last one.
   * @param {CallState} state @param {string[]} reasons
   */
  async #sendWrapUp(state, reasons) {
    this.#chosenReasons.set(state, reasons);
    await this.#commands.whenIdle();
    const isLast = this.#chosenReasons.get(state) === reasons;
    if (!isLast || !reasons.length || !state.call.actions.includes("wrap-up")) return;
    const params = { wrap_up_reasons: reasons };
    const command = { callId: state.id, action: /** @type {const} */ ("wrap-up"), params };
    const before = this.#reasonFailures.get(state);
    const result = await this.#commands.sendToCall(command, state.call);
    if (!result) return;
    if (isDone(result)) {
      if (!before || state.failure !== before) return;
      state.failure = null; // it is over
      return this.#model.notify("changed", state);
    }
    state.failure = result;
    this.#reasonFailures.set(state, result);
    this.#model.notify("changed", state);
    // Choosing the same reason again is no choice: what only failed is sent again.
    const { status = 0 } = /** @type {{status?: number}} */ (result.error ?? {});
    if (status >= FAILED_STATUS)
      setTimeout(() => void this.#sendWrapUp(state, reasons), WRAP_UP_RETRY_MS);
  }

  /**
   * Close a call that has ended, once its notes are saved and a required reason is chosen.
   * @param {string} callId @param {boolean} mayDiscard whether a second press, after a pause, gives
   *   up a new contact that is half filled in, or notes that can't be saved any more
   * @returns {Promise<boolean>} whether it is closed
   */
  async finish(callId, mayDiscard) {
    const state = this.#model.calls.get(callId);
    if (!state) return false;
    const { notes } = state;
    if (state.lacksReason) {
      notes.setStatus("reason-missing");
      return false;
    }
    if (state.isContactEdited) {
      const isMeant = this.#isSecondPress(state, mayDiscard);
      state.discardAskedAt ||= this.#now();
      notes.setStatus(mayDiscard ? "contact-unsaved" : "contact-open");
      if (!isMeant) return false;
      state.isContactEdited = false;
    }
    const wasAsked = notes.status === "discard-asked" && this.#isSecondPress(state, mayDiscard);
    await notes.save();
    if (notes.isUnsaved && !wasAsked) {
      if (!notes.interaction) notes.setStatus("waiting");
      else if (notes.isClosed || notes.status === "too-late") this.#askToDiscard(state);
      return false; // the status says why, and saving goes on
    }
    await this.#model.contacts.sendChoice(state);
    if (state.lacksChoice) return false; // as well
    // If this does not arrive, the time for notes ends by itself. The customer's card may still be
    // open beside that of a consult.
    const isLast = this.#model.cardsOf(notes.interaction?.id).length === 1;
    if (isLast) notes.change({ finished: true }).catch(() => {});
    this.#model.close(callId);
    return true;
  }

  /** Save all notes before the desktop closes; what takes longer is kept in the browser. */
  async saveNotes() {
    const saved = [...this.#model.calls.values()].map(({ notes }) => notes.saveNow());
    await Promise.race([Promise.all(saved), new Promise((end) => setTimeout(end, SAVE_MS))]);
  }

  /** @param {CallState} state @param {boolean} mayDiscard */
  #isSecondPress({ discardAskedAt }, mayDiscard) {
    return mayDiscard && discardAskedAt > 0 && this.#now() - discardAskedAt >= DISCARD_PAUSE_MS;
  }

  /** Say that the notes are lost if Close is pressed again. @param {CallState} state */
  #askToDiscard(state) {
    state.discardAskedAt = this.#now();
    state.notes.setStatus("discard-asked");
  }
}
