// The entries of one number on the number lists, and what the agent may do with each list. No DOM.

import { api } from "./api.js";

/** @typedef {import("./types.d.ts").ListedNumber} ListedNumber */
/** @typedef {import("./types.d.ts").ListWarning} ListWarning */
/** @typedef {import("./types.d.ts").NumberListName} NumberListName */
/** @typedef {import("./types.d.ts").NumberListSummary} NumberListSummary */

export class NumberEntries {
  /** @type {ListedNumber[]} */
  entries = [];
  /** @type {NumberListSummary[]} */
  #lists = [];
  #number;
  #warned;
  #onWarnings;

  /**
   * @param {Pick<import("./types.d.ts").ParsedNumber, "e164" | "given" | "display">} number
   * @param {ListWarning[]} warnings those of the call
   * @param {(warnings: ListWarning[]) => void} onWarnings gets those that it has now
   */
  constructor({ e164, given, display }, warnings, onWarnings) {
    this.#warned = new Set(warnings.map(({ id }) => id));
    this.#number = e164 || given;
    /** As people write it. */
    this.display = display || given;
    this.#onWarnings = onWarnings;
  }

  /** Read the entries, and what the agent may do. */
  async read() {
    const { lists, numbers } = await api.numberLists(this.#number);
    this.#lists = lists;
    this.entries = numbers;
    this.#onWarnings(numbers.filter((entry) => this.#concernsCall(entry)));
  }

  /**
   * Whether an entry warns of the call. Of entries for one dialled number or one team, the service
   * has found which do.
   * @param {ListedNumber} entry
   */
  #concernsCall(entry) {
    return isWarning(entry) && (!(entry.dialled || entry.team) || this.#warned.has(entry.id));
  }

  /** Return whether the agent may add to a list. @param {NumberListName} list */
  canAdd(list) {
    return this.#right(list) !== "read";
  }

  /** Return whether what the agent adds waits for a supervisor. @param {NumberListName} list */
  isProposal(list) {
    return this.#right(list) === "propose" && list !== "flag"; // a flag counts at once
  }

  /** @param {NumberListName} list */
  #right(list) {
    return this.#lists.find(({ name }) => name === list)?.right ?? "read";
  }

  /** @param {NumberListName} list @param {string} reason */
  async add(list, reason) {
    await api.addToList(list, { number: this.#number, reason });
    await this.read();
  }

  /** @param {ListedNumber} entry */
  async remove({ list, id }) {
    await api.removeFromList(list, id);
    await this.read();
  }
}

/** Whether an entry warns agents. @param {ListedNumber} entry */
const isWarning = ({ list, state, has_expired }) =>
  state === "effective" && !has_expired && list !== "allow" && list !== "never-log";
