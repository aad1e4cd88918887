// Notes that the service does not have yet, kept while the browser tab lives: a reload, a failover
// or an ended token loses nothing. No DOM.

const KEY = "callcard.notes";
/** Drafts to keep; the oldest are dropped. */
const MAX_DRAFTS = 50;

/**
 * `base` is what the service had when typing began, `reasons` are those that it does not have.
 * @typedef {{text: string, base: string, typedAt: string, reasons?: string[] | null}} Draft
 */

export class NotesDrafts {
  #storage;

  /** @param {Storage} storage */
  constructor(storage) {
    this.#storage = storage;
  }

  /**
   * Return the draft for an interaction.
   * @param {string} interactionId @returns {Draft | undefined}
   */
  get(interactionId) {
    return this.#read().find(([id]) => id === interactionId)?.[1];
  }

  /**
   * Keep a draft, or drop it with null.
   * @param {string} interactionId @param {Draft | null} draft
   */
  set(interactionId, draft) {
    const drafts = this.#read().filter(([id]) => id !== interactionId);
    if (draft) drafts.push([interactionId, draft]);
    try {
      this.#storage.setItem(KEY, JSON.stringify(drafts.slice(-MAX_DRAFTS)));
    } catch {
      // storage is full or forbidden: the text stays in its field
    }
  }

  /** @returns {[string, Draft][]} */
  #read() {
    try {
      return JSON.parse(this.#storage.getItem(KEY) ?? "[]");
    } catch {
      return [];
    }
  }
}
