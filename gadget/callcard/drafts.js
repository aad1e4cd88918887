// Notes that the service does not have yet, kept in the browser: a reload, a failover, an ended token
// or being signed out loses nothing. No DOM.

const KEY = "callcard.notes";
/** Drafts to keep; the oldest are dropped. */
const MAX_DRAFTS = 50;
/** Milliseconds for which a draft is kept. */
const KEEP_MS = 12 * 3_600_000;

/**
 * `base` is what the service had when typing began, `reasons` are those that it does not have.
 * @typedef {{text: string, base: string, typedAt: string, reasons?: string[] | null}} Draft
 */

export class NotesDrafts {
  #storage;
  #key;

  /** @param {Storage} storage @param {string} agentId */
  constructor(storage, agentId) {
    this.#storage = storage;
    this.#key = `${KEY}.${agentId}`;
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
      this.#storage.setItem(this.#key, JSON.stringify(drafts.slice(-MAX_DRAFTS)));
    } catch {
      // storage is full or forbidden: the text stays in its field
    }
  }

  /** @returns {[string, Draft][]} */
  #read() {
    try {
      /** @type {[string, Draft][]} */
      const drafts = JSON.parse(this.#storage.getItem(this.#key) ?? "[]");
      return drafts.filter(([, { typedAt }]) => Date.now() - Date.parse(typedAt) < KEEP_MS);
    } catch {
      return [];
    }
  }
}
