// Where the card shows what supervisors write. The messages themselves are loaded later, when there
// may be one.

import { h } from "../shared/dom.js";
import { loadLater } from "./load-later.js";

/** @typedef {import("../shared/types.d.ts").ReportAcknowledgement} ReportAcknowledgement */

export class CoachingPlace {
  element = h("div", { class: "coaching-place" });
  #signal;
  /** @type {import("./coaching.js").Coaching | undefined} */
  #coaching;
  /** @type {ReportAcknowledgement | null} */
  #last = null;

  /** @param {AbortSignal} signal @param {() => void} onShift called when what is below moves */
  constructor(signal, onShift) {
    this.#signal = signal;
    let height = 0;
    new ResizeObserver(() => {
      if (this.element.offsetHeight !== height) onShift();
      height = this.element.offsetHeight;
    }).observe(this.element);
  }

  async #load() {
    const { Coaching } = await loadLater();
    return (this.#coaching ??= new Coaching(this.element, this.#signal));
  }

  /** Read what waits. */
  check() {
    void this.#load().then((coaching) => coaching.check());
  }

  /** Take the acknowledgement of a report, which says whether something waits. @param {ReportAcknowledgement | null} answer */
  take(answer) {
    if (answer?.coaching && answer !== this.#last) this.check();
    this.#last = answer;
  }

  /** @param {boolean} isMonitored whether a supervisor listens */
  follow(isMonitored) {
    if (isMonitored || this.#coaching)
      void this.#load().then((coaching) => coaching.follow(isMonitored));
  }
}
