// The agent's notes on one call: saved as they are typed, merged with what others wrote, kept
// through an outage. No DOM.

/** @typedef {import("./types.d.ts").Interaction} Interaction */
/** @typedef {import("./types.d.ts").InteractionChange} InteractionChange */

/** Milliseconds after a key in which the agent is still typing. */
export const TYPING_MS = 3000;
/** Milliseconds without typing after which notes are saved. */
const SAVE_PAUSE_MS = 600;
/** Milliseconds after which notes are saved although the agent goes on typing. */
const LONGEST_UNSAVED_MS = 3000;
/** Milliseconds for which a text is kept whose call the service never had: ids are used again. */
const EARLY_DRAFT_MS = 3_600_000;
/** Milliseconds until a failed save is tried again. */
export const SAVE_RETRY_MS = 5000;
/** HTTP statuses: the agent's session has ended; the first of those that are the server's errors. */
const [UNAUTHORIZED, SERVER_ERRORS] = [401, 500];

/**
 * `waiting`: the service does not have the call yet; `failed`: saving is tried again; `rejected`:
 * something else about the interaction failed; `too-late`: the service takes no more notes.
 * @typedef {"" | "waiting" | "typing" | "saving" | "saved" | "failed" | "rejected" | "too-late"
 *   | "reason-missing" | "contact-unsaved" | "contact-open" | "discard-asked"} NotesStatus
 */
/** @typedef {{text: string, base: string, typedAt: string, reasons?: string[] | null}} Draft */
/**
 * @typedef {object} Drafts
 * @property {(interactionId: string) => Draft | undefined} get
 * @property {(interactionId: string, draft: Draft | null) => void} set
 */

/** Whether what was not saved is to be sent again. @param {unknown} error */
export function isTemporary(error) {
  const { code, status = 0 } = /** @type {{code?: string, status?: number}} */ (error ?? {});
  return code === "unreachable" || status === UNAUTHORIZED || status >= SERVER_ERRORS;
}

export class Notes {
  /** @type {Interaction | null} */
  interaction = null;
  text = "";
  /** @type {NotesStatus} */
  status = "";
  /** Why the status is `failed` or `rejected`. @type {unknown} */
  error = null;
  /** How many changes were answered: what was asked before the last one may be older than it. */
  changes = 0;
  /** What the service has of the agent's notes. */
  #base = "";
  #isSaving = false;
  /** @type {Promise<unknown>} */
  #lastSave = Promise.resolve();
  /** Reasons that were chosen and that the service does not have yet. @type {string[] | null} */
  #reasons = null;
  /** @type {Promise<unknown>} */
  #lastChange = Promise.resolve();
  /** Lines added before the service had the call. @type {string[]} */
  #earlyLines = [];
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;
  /** Since when the agent has typed what was not sent; null if all was. @type {number | null} */
  #unsentSince = null;
  #editedAt = -Infinity;
  #agentId;
  #callKey;
  #save;
  #drafts;
  #now;
  #onChange;

  /**
   * @param {object} options
   * @param {string} options.agentId
   * @param {string} options.callKey names the call until the service has an interaction of it
   * @param {(id: string, change: InteractionChange) => Promise<Interaction>} options.save
   * @param {Drafts} options.drafts
   * @param {() => number} options.now the server's clock, in milliseconds
   * @param {() => void} options.onChange
   */
  constructor({ agentId, callKey, save, drafts, now, onChange }) {
    this.#agentId = agentId;
    this.#callKey = callKey;
    this.#save = save;
    this.#drafts = drafts;
    this.#now = now;
    this.#onChange = onChange;
    const early = drafts.get(callKey);
    if (early && now() - Date.parse(early.typedAt) < EARLY_DRAFT_MS) this.text = early.text;
  }

  /** Whether the service does not have the text or the reasons yet. */
  get isUnsaved() {
    return this.text !== this.#base || !!this.#reasons;
  }

  /** Whether the agent's team requires a wrap-up reason and none is chosen. */
  get lacksReason() {
    const { interaction } = this;
    return (
      !this.#reasons?.length &&
      !!interaction?.wrap_up_required &&
      !interaction.wrap_up_reasons.length &&
      !interaction.finished
    );
  }

  /** The wrap-up reasons that this agent chose, or else those of the call. */
  get wrapUpReasons() {
    if (this.#reasons) return this.#reasons;
    const own = this.#own?.wrap_up_reasons ?? [];
    return own.length ? own : (this.interaction?.wrap_up_reasons ?? []);
  }

  /** The other agents who have had the call, with what they wrote. */
  get colleagues() {
    return (this.interaction?.notes ?? []).filter(({ agent }) => agent !== this.#agentId);
  }

  /** Milliseconds until notes end; null while the call is on. */
  get timeLeftMs() {
    const until = this.interaction?.notes_until;
    return until ? Date.parse(until) - this.#now() : null;
  }

  /** Whether the agent is still typing, as far as is known: what is saved may go on. */
  get isInUse() {
    return this.#now() - this.#editedAt < TYPING_MS;
  }

  /** Whether the service takes no more notes. */
  get isClosed() {
    const { status = "open" } = this.interaction ?? {};
    const left = this.timeLeftMs;
    return status === "delivered" || status === "parked" || (left !== null && !(left > 0));
  }

  get #own() {
    return this.interaction?.notes.find(({ agent }) => agent === this.#agentId);
  }

  /**
   * Take the interaction as the service has it; what was typed meanwhile stays.
   * @param {Interaction} interaction
   */
  update(interaction) {
    const isFirst = this.interaction?.id !== interaction.id;
    this.interaction = interaction;
    const saved = this.#own?.text ?? "";
    const draft = isFirst ? this.#drafts.get(interaction.id) : undefined;
    if (isFirst && this.text) {
      // From now on it is kept under the interaction's id.
      this.#drafts.set(this.#callKey, null);
      if (!draft) this.#drafts.set(interaction.id, this.#draft());
    }
    if (draft) {
      this.#base = draft.base;
      this.text ||= draft.text;
      this.#reasons ??= draft.reasons ?? null;
    } else if (!this.#isSaving && (isFirst || this.text === this.#base)) {
      if (!this.text || this.text === this.#base) this.text = saved;
      this.#base = saved;
    }
    for (const line of this.#earlyLines.splice(0)) this.addLine(line);
    this.#onChange();
    if (this.isUnsaved) void this.save();
  }

  /**
   * Change the interaction after the changes before it, so that the answers come in order.
   * @param {InteractionChange} change @returns {Promise<Interaction>}
   */
  async change(change) {
    const { id } = /** @type {Interaction} */ (this.interaction);
    const answer = this.#lastChange.then(() => this.#save(id, change));
    this.#lastChange = answer.catch(() => {});
    try {
      return await answer;
    } finally {
      this.changes += 1;
    }
  }

  /**
   * Take what the agent has typed; it is saved after a pause, or once the service has the call.
   * @param {string} text
   */
  edit(text) {
    this.text = text;
    this.#editedAt = this.#now();
    this.#drafts.set(this.interaction?.id ?? this.#callKey, this.#draft());
    if (!this.interaction) return;
    this.#unsentSince ??= this.#now();
    const longest = this.#unsentSince + LONGEST_UNSAVED_MS - this.#now();
    this.#saveLater(Math.max(0, Math.min(SAVE_PAUSE_MS, longest)));
    this.setStatus("typing");
  }

  /**
   * Save the chosen wrap-up reasons, and try again until the service has them.
   * @param {string[]} reasons
   */
  async chooseReasons(reasons) {
    this.#reasons = reasons;
    this.#drafts.set(this.interaction?.id ?? this.#callKey, this.#draft());
    await this.#saveReasons();
  }

  async #saveReasons() {
    const reasons = this.#reasons;
    if (!reasons) return;
    try {
      const changed = await this.change({ wrap_up_reasons: reasons });
      if (this.#reasons === reasons) this.#reasons = null; // else chosen anew meanwhile
      this.#drafts.set(changed.id, this.isUnsaved ? this.#draft() : null);
      this.update(changed);
      this.setStatus("saved");
    } catch (error) {
      if (isTemporary(error)) return this.#retry(error);
      this.#reasons = null;
      if (this.interaction)
        this.#drafts.set(this.interaction.id, this.isUnsaved ? this.#draft() : null);
      this.setStatus("rejected", error);
    }
  }

  /**
   * Go on with what was typed on another card of the same interaction; return whether that is
   * possible now.
   * @param {Notes} other
   */
  takeOver(other) {
    const { isUnsaved, text } = other;
    if (other.#isSaving || (isUnsaved && this.isUnsaved)) return false;
    if (this.isUnsaved) return true;
    this.#base = other.#base;
    if (isUnsaved) this.edit(text);
    else this.text = text;
    return true;
  }

  /** Append a line unless it is there, as a workflow does. @param {string} line */
  addLine(line) {
    if (!this.interaction) this.#earlyLines.push(line);
    else if (!this.text.split("\n").includes(line))
      this.edit(this.text ? `${this.text}\n${line}` : line);
  }

  /** Save what was typed, and try again until the service has it. @returns {Promise<unknown>} */
  save() {
    if (this.#isSaving) return this.#lastSave;
    this.#lastSave = this.#saveText();
    return this.#lastSave;
  }

  async #saveText() {
    const { interaction, text } = this;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#reasons) await this.#saveReasons();
    // What was typed may have been taken back.
    if (text === this.#base && this.status === "typing") this.setStatus("saved");
    if (!interaction || this.#isSaving || text === this.#base) return;
    const { typedAt } = this.#drafts.get(interaction.id) ?? this.#draft();
    this.#unsentSince = null;
    this.#isSaving = true;
    this.setStatus("saving");
    try {
      const change = { notes: text, base_notes: this.#base, typed_at: typedAt };
      this.interaction = await this.change(change);
      // Another tab's lines may have been merged in; what was typed since then stays.
      this.#base = this.#own?.text ?? text;
      if (this.text === text) this.text = this.#base;
      this.#isSaving = false;
      this.#drafts.set(interaction.id, this.isUnsaved ? this.#draft() : null);
      this.setStatus("saved");
    } catch (error) {
      if (/** @type {{code?: string}} */ (error).code === "interaction-closed") {
        this.#isSaving = false;
        this.setStatus("too-late");
        return;
      }
      this.#retry(error);
    }
    this.#isSaving = false;
    if (this.isUnsaved && !this.#timer) this.#saveLater(SAVE_PAUSE_MS);
  }

  /** Save what was typed so far, also during a save that has begun earlier. */
  async saveNow() {
    await this.#lastSave;
    await this.save();
  }

  /**
   * Show how something about the interaction went.
   * @param {NotesStatus} status @param {unknown} [error]
   */
  setStatus(status, error = null) {
    this.status = status;
    this.error = error;
    this.#onChange();
  }

  /** @param {unknown} error why what the agent entered could not be saved */
  #retry(error) {
    this.setStatus("failed", error);
    this.#saveLater(SAVE_RETRY_MS);
  }

  /** Stop saving: the call's card is closed. */
  dispose() {
    clearTimeout(this.#timer);
  }

  /** @param {number} milliseconds */
  #saveLater(milliseconds) {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.save(), milliseconds);
  }

  /** @returns {Draft} */
  #draft() {
    const typedAt = new Date(this.#now()).toISOString();
    return { text: this.text, base: this.#base, typedAt, reasons: this.#reasons };
  }
}
