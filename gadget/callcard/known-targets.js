// The transfer targets that an agent used last, and those that they marked as favourites. No DOM.

/** @typedef {import("../shared/types.d.ts").TransferTarget} TransferTarget */
/** @typedef {TransferTarget & {isFavourite?: boolean}} KnownTarget */

/** Targets to remember besides the favourites. */
const MAX_RECENT = 5;
const MAX_FAVOURITES = 20;

export class KnownTargets {
  /** The favourites, then the others from the last used on. @type {KnownTarget[]} */
  all = [];
  #storage;
  #key;

  /** @param {Storage} storage @param {string} agentId */
  constructor(storage, agentId) {
    this.#storage = storage;
    this.#key = `callcard.targets.${agentId}`;
    try {
      const saved = JSON.parse(storage.getItem(this.#key) ?? "[]");
      this.all = saved.filter((/** @type {KnownTarget} */ { number }) => number);
    } catch {
      // storage is forbidden, or holds something else
    }
  }

  /** @param {string} number */
  isFavourite(number) {
    return this.all.some((each) => each.number === number && each.isFavourite);
  }

  /** Remember a target as the last used. @param {TransferTarget} target */
  use(target) {
    this.#put(target, this.isFavourite(target.number));
  }

  /** Make a target a favourite, or an ordinary one again. @param {TransferTarget} target */
  toggle(target) {
    this.#put(target, !this.isFavourite(target.number));
  }

  /** @param {TransferTarget} target @param {boolean} isFavourite */
  #put({ kind, name, number }, isFavourite) {
    const others = this.all.filter((each) => each.number !== number);
    const all = [{ kind, name, number, detail: "", isFavourite }, ...others];
    this.all = [
      ...all.filter((each) => each.isFavourite).slice(0, MAX_FAVOURITES),
      ...all.filter((each) => !each.isFavourite).slice(0, MAX_RECENT),
    ];
    try {
      this.#storage.setItem(this.#key, JSON.stringify(this.all));
    } catch {
      // storage is full or forbidden
    }
  }
}
