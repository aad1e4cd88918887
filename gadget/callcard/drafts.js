// Notes that the service does not have yet, kept in the browser: a reload, a failover, an ended token
// or being signed out loses nothing. No DOM.

import { KeptList } from "../shared/kept-list.js";

/** Drafts to keep; the oldest are dropped. */
const MAX_DRAFTS = 50;

/**
 * `base` is what the service had when typing began, `reasons` are those that it does not have.
 * @typedef {{text: string, base: string, typedAt: string, reasons?: string[] | null}} Draft
 */
/** A tab's draft; the tab is empty once it has left. @typedef {Draft & {id: string, tab: string, keptAt: number}} KeptDraft */

export class NotesDrafts {
  /** @type {KeptList<KeptDraft>} */
  #list;
  #tab;

  /**
   * @param {Storage} storage @param {string} agentId
   * @param {string} tab this one: what is typed in another one just now is that one's
   */
  constructor(storage, agentId, tab) {
    this.#list = new KeptList(storage, `${agentId}.notes`, MAX_DRAFTS);
    this.#tab = tab;
  }

  /**
   * Return the draft for an interaction.
   * @param {string} interactionId @returns {Draft | undefined}
   */
  get(interactionId) {
    return this.#list.all.find((each) => each.id === interactionId && this.#isOwn(each));
  }

  /**
   * Keep a draft, or drop it with null.
   * @param {string} interactionId @param {Draft | null} draft
   */
  set(interactionId, draft) {
    const kept = this.#list.all.filter((each) => each.id !== interactionId || !this.#isOwn(each));
    if (draft) kept.push({ ...draft, id: interactionId, tab: this.#tab, keptAt: Date.now() });
    this.#list.save(kept);
  }

  /** Leave the drafts to the agent's next tab. */
  leave() {
    this.#list.save(
      this.#list.all.map((each) => (this.#isOwn(each) ? { ...each, tab: "" } : each)),
    );
  }

  /** @param {KeptDraft} draft */
  #isOwn({ tab }) {
    return !tab || tab === this.#tab;
  }
}
