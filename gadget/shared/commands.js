// Commands that were sent to Finesse and whose event is awaited. A 202 is not success: a command
// ends as confirmed, refused, failed (it could not be sent) or unknown (no event before the
// deadline). No DOM.

/** @typedef {import("./api.js").Api} Api */
/** @typedef {import("./call.js").Call} Call */
/** @typedef {import("./refusals.js").Refusal} Refusal */
/** @typedef {import("./types.d.ts").Action} Action */
/** @typedef {import("./types.d.ts").CommandParams} CommandParams */
/** @typedef {import("./types.d.ts").CommandResponse} CommandResponse */

/**
 * `ended`: the call is over, so nothing is left to wait for. `busy`: it was not sent, as another
 * one is awaited.
 * @typedef {"confirmed" | "refused" | "failed" | "unknown" | "ended" | "busy"} Outcome
 */
/**
 * `who` is the name or the number of whom the call was to go to.
 * @typedef {{outcome: Outcome, refusal?: Refusal, error?: unknown, who?: string}} CommandResult
 */
/**
 * `who` is the name of whom the call goes to.
 * @typedef {{callId: string, action: Action, params?: CommandParams, shownOn?: string,
 *   who?: string}} CallArguments
 */
/**
 * @typedef {object} PendingCommand
 * @property {string} callId
 * @property {Action} action
 * @property {CommandParams} params
 * @property {string} shownOn the call whose panel the button is on
 * @property {Call} before the call when the command was sent
 */

/** Milliseconds until a command without an event counts as unknown. */
export const COMMAND_TIMEOUT_MS = 6000;
/** Milliseconds in which a second press is the same press. */
const DOUBLE_CLICK_MS = 1000;

/** What commands exclude each other: a phone takes one command for any of its calls at a time. */
const CALL = "call";
/** Wrap-up reasons are no command of the phone: a call may be hung up while they are saved. */
const REASONS = "reasons";
const DIAL = "dial";
const STATE = "state";

/**
 * The agent's own state in a call once an action has happened. The service has the same table; a
 * test compares them.
 * @type {Partial<Record<Action, string[]>>}
 */
export const EXPECTED_STATES = {
  answer: ["ACTIVE"],
  hold: ["HELD"],
  retrieve: ["ACTIVE"],
  drop: ["DROPPED", "WRAP_UP"],
  consult: ["HELD"],
  "complete-transfer": ["DROPPED", "WRAP_UP"],
  transfer: ["DROPPED", "WRAP_UP"],
  conference: ["ACTIVE"],
  accept: ["ACCEPTED", "DROPPED"],
  reject: ["DROPPED"],
  close: ["DROPPED"],
};

/**
 * Actions that the library does without the service, by Finesse's names.
 * @type {Partial<Record<Action, string>>}
 */
export const DIRECT_ACTIONS = {
  answer: "ANSWER",
  hold: "HOLD",
  retrieve: "RETRIEVE",
  drop: "DROP",
};

/** Actions that leave no trace in the call; Finesse acknowledges them by the request's id. */
const ACKNOWLEDGED = ["dtmf", "record", "callback", "cancel-callback"];

/**
 * Return whether a command has happened: the agent's state is one that it leads to, and has changed
 * since it was sent.
 * @param {Call} call as it is now
 * @param {Pick<PendingCommand, "action" | "params" | "before">} command
 */
export function hasHappened(call, { action, params, before }) {
  if (action === "data")
    return Object.entries(params.variables ?? {}).every(
      ([name, value]) => keptValue(call, name, value, before) !== null,
    );
  if (action === "wrap-up")
    return (params.wrap_up_reasons ?? []).every((reason) => call.wrapUpReasons.includes(reason));
  if (action === "drop-participant") return !call.others.includes(params.participant ?? "");
  const hasChanged = call.state !== before.state || !Object.is(call.since, before.since);
  return hasChanged && (EXPECTED_STATES[action] ?? []).includes(call.state);
}

/**
 * Return what a call shows of a written value: all of it, the part that Finesse kept, or null.
 * @param {Call} call @param {string} name @param {string} value
 * @param {Call} [before] the call when it was written
 */
export function keptValue(call, name, value, before) {
  const shown = valueOf(call, name);
  if (shown.trim() === value.trim()) return value;
  const isPart = shown !== "" && value.startsWith(shown);
  return isPart && (!before || shown !== valueOf(before, name)) ? shown : null;
}

/** @param {Call} call @param {string} name */
const valueOf = (call, name) =>
  call.variables.find((variable) => variable.name === name)?.value ?? "";

/** A command on its way, until `end()`. */
class OpenCommand {
  requestId = "";
  /** Events that arrived before the response with the request's id. @type {Refusal[]} */
  earlyRefusals = [];
  /** @type {string[]} */
  earlyAcknowledgements = [];
  /** @type {Promise<CommandResult>} */
  result;
  /** @type {(outcome: Outcome, details?: {refusal?: Refusal, error?: unknown}) => void} */
  end = () => {};

  /** @param {string} source where a refusal would come from @param {() => void} onEnd */
  constructor(source, onEnd) {
    this.source = source;
    this.result = new Promise((resolve) => {
      const timer = setTimeout(() => this.end("unknown"), COMMAND_TIMEOUT_MS);
      this.end = (outcome, details = {}) => {
        clearTimeout(timer);
        onEnd();
        resolve({ outcome, ...details });
      };
    });
  }

  /**
   * Take the request's id from the response; its event may have arrived already.
   * @param {string} requestId
   */
  respond(requestId) {
    this.requestId = requestId;
    const refusal = this.earlyRefusals.find((early) => early.requestId === requestId);
    if (refusal) this.end("refused", { refusal });
    else if (this.earlyAcknowledgements.includes(requestId)) this.end("confirmed");
  }
}

export class Commands {
  /** The commands to calls that are awaited, by what they exclude. @type {Map<string, PendingCommand>} */
  #pending = new Map();
  /** @type {Map<string, OpenCommand>} */
  #open = new Map();
  #nextDialAt = 0;
  #api;
  #agentId;
  #now;
  #onChange;
  #sendDirectly;
  #isServiceDown;

  /**
   * @param {object} options
   * @param {Pick<Api, "command" | "setState">} options.api
   * @param {string} options.agentId
   * @param {(callId: string, action: string) => Promise<CommandResponse>} [options.sendDirectly]
   * sends one of `DIRECT_ACTIONS` without the service
   * @param {() => boolean} [options.isServiceDown]
   * @param {() => number} [options.now] counts milliseconds
   * @param {() => void} [options.onChange] called when `pending` changes
   */
  constructor({
    api,
    agentId,
    sendDirectly,
    isServiceDown = () => false,
    now = () => performance.now(),
    onChange = () => {},
  }) {
    this.#api = api;
    this.#sendDirectly = sendDirectly;
    this.#isServiceDown = isServiceDown;
    this.#agentId = agentId;
    this.#now = now;
    this.#onChange = onChange;
  }

  /** The command to a call that is awaited, other than wrap-up reasons. */
  get pending() {
    return this.#pending.get(CALL) ?? null;
  }

  /** Whether such a command is awaited. */
  get isBusy() {
    return this.#open.has(CALL);
  }

  /** Wait until neither a command to a call nor wrap-up reasons are awaited. */
  async whenIdle() {
    const awaited = () => this.#open.get(CALL) ?? this.#open.get(REASONS);
    while (awaited()) await awaited()?.result;
  }

  get isChangingState() {
    return this.#open.has(STATE);
  }

  /**
   * Whether a call may be dialled: the second half of a double click comes when the first is done.
   */
  get mayDial() {
    return this.#now() >= this.#nextDialAt && !this.#open.has(DIAL);
  }

  /**
   * Send a command to a call; null while another one is awaited.
   * @param {CallArguments} command @param {Call} before the call as it is now
   * @returns {Promise<CommandResult> | null}
   */
  sendToCall({ callId, action, params = {}, shownOn = callId }, before) {
    const key = action === "wrap-up" ? REASONS : CALL;
    const result = this.#send(key, `/finesse/api/Dialog/${callId}`, (command) =>
      this.#command(callId, action, params, command),
    );
    if (!result) return null;
    this.#pending.set(key, { callId, action, params, shownOn, before });
    this.#onChange();
    return result.finally(() => {
      this.#pending.delete(key);
      this.#onChange();
    });
  }

  /**
   * Send a command by the service, or by the library if the service does not answer. Should the
   * service have passed it on nevertheless, Finesse refuses the second.
   * @param {string} callId @param {Action} action @param {CommandParams} params
   * @param {OpenCommand} command @returns {Promise<CommandResponse>}
   */
  async #command(callId, action, params, command) {
    const direct = DIRECT_ACTIONS[action];
    if (!direct || !this.#sendDirectly) return this.#api.command(callId, action, params);
    if (!this.#isServiceDown()) {
      try {
        return await this.#api.command(callId, action, params);
      } catch (error) {
        // Confirmed or given up meanwhile: a second one would undo what the agent did next.
        const isOpen = this.#open.get(CALL) === command;
        if (/** @type {any} */ (error).code !== "unreachable" || !isOpen) throw error;
      }
    }
    return this.#sendDirectly(callId, direct);
  }

  /**
   * Dial by `send`; null when it is too early for another call.
   * @param {() => Promise<CommandResponse>} send @returns {Promise<CommandResult> | null}
   */
  dial(send) {
    if (!this.mayDial) return null;
    const result = this.#send(DIAL, `/finesse/api/User/${this.#agentId}`, send);
    this.#nextDialAt = this.#now() + DOUBLE_CLICK_MS;
    return (
      result?.finally(() => {
        this.#nextDialAt = this.#now() + DOUBLE_CLICK_MS;
      }) ?? null
    );
  }

  /**
   * Change the agent's state; null while another change is awaited.
   * @param {string} state @param {string | null} reason @returns {Promise<CommandResult> | null}
   */
  setState(state, reason) {
    return this.#send(STATE, `/finesse/api/User/${this.#agentId}`, () =>
      this.#api.setState(state, reason),
    );
  }

  /**
   * Note a call as it is now: it may confirm a command.
   * @param {Call} call @param {boolean} isNew
   */
  observeCall(call, isNew) {
    if (isNew && call.direction === "out") this.#open.get(DIAL)?.end("confirmed");
    for (const [key, command] of this.#pending) {
      if (command.callId !== call.id) continue;
      if (hasHappened(call, command)) this.#open.get(key)?.end("confirmed");
      else if (call.phase === "ended") this.#open.get(key)?.end("ended");
    }
  }

  /** Note that the agent's state has changed. */
  observeState() {
    this.#open.get(STATE)?.end("confirmed");
  }

  /** Note that a call is off this desktop. @param {string} callId */
  observeEnd(callId) {
    for (const [key, command] of this.#pending)
      if (command.callId === callId) this.#open.get(key)?.end("ended");
  }

  /** Note that Finesse has done what a request asked. @param {string} requestId */
  acknowledge(requestId) {
    const command = this.#open.get(CALL);
    if (!command || !ACKNOWLEDGED.includes(this.pending?.action ?? "")) return;
    if (requestId === command.requestId) command.end("confirmed");
    else if (!command.requestId) command.earlyAcknowledgements.push(requestId);
  }

  /**
   * Note a refusal by Finesse: matched by its request, else by where it comes from.
   * @param {Refusal} refusal
   */
  refuse(refusal) {
    for (const command of [...this.#open.values()]) {
      const isMatch = refusal.requestId
        ? refusal.requestId === command.requestId
        : refusal.source === command.source;
      if (isMatch) command.end("refused", { refusal });
      else if (!command.requestId) command.earlyRefusals.push(refusal);
    }
  }

  /**
   * @param {string} key @param {string} source
   * @param {(command: OpenCommand) => Promise<CommandResponse>} send
   * @returns {Promise<CommandResult> | null}
   */
  #send(key, source, send) {
    if (this.#open.has(key)) return null;
    const command = new OpenCommand(source, () => {
      if (this.#open.get(key) === command) this.#open.delete(key);
    });
    this.#open.set(key, command);
    void send(command).then(
      ({ request_id }) => command.respond(request_id),
      (error) => {
        if (error.refusal) command.end("refused", { refusal: error.refusal });
        else command.end("failed", { error });
      },
    );
    return command.result;
  }
}
