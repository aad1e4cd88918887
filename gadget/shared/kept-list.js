// A short list that the browser keeps for an agent, beyond the tab: Finesse's desktop closes at once
// when somebody is signed out, and may empty the tab's own storage. No DOM.

const PREFIX = "callcard.kept.";
/** Milliseconds for which an entry is kept: nobody comes back to it after their shift. */
const KEEP_MS = 12 * 3_600_000;

/** @template {{keptAt: number}} Entry */
export class KeptList {
  #storage;
  #key;
  #size;

  /**
   * @param {Storage} storage
   * @param {string} name of the agent's list
   * @param {number} size entries to keep; the oldest are dropped
   */
  constructor(storage, name, size) {
    this.#storage = storage;
    this.#key = PREFIX + name;
    this.#size = size;
    // What is too old goes, also of agents who do not come back.
    for (const key of Object.keys(storage).filter((each) => each.startsWith(PREFIX)))
      this.#save(key, this.#read(key));
  }

  /** The entries, the oldest first. @returns {Entry[]} */
  get all() {
    return this.#read(this.#key);
  }

  /** Replace the entries. @param {Entry[]} entries */
  save(entries) {
    this.#save(this.#key, entries);
  }

  /** @param {string} key @returns {Entry[]} */
  #read(key) {
    try {
      /** @type {Entry[]} */
      const entries = JSON.parse(this.#storage.getItem(key) ?? "[]");
      return entries.filter(({ keptAt }) => Date.now() - keptAt < KEEP_MS);
    } catch {
      return [];
    }
  }

  /** @param {string} key @param {Entry[]} entries */
  #save(key, entries) {
    try {
      if (entries.length) this.#storage.setItem(key, JSON.stringify(entries.slice(-this.#size)));
      else this.#storage.removeItem(key);
    } catch {
      // storage is full or forbidden: the card has it, as long as it is there
    }
  }
}
