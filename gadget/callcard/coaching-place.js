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
  #isMonitored = false;

  /** @param {AbortSignal} signal @param {() => void} onShift called when what is below moves */
  constructor(signal, onShift) {
    this.#signal = signal;
    let height = 0;
    new ResizeObserver(() => {
      if (this.element.offsetHeight !== height) onShift();
      height = this.element.offsetHeight;
    }).observe(this.element);
  }

  /** @param {(coaching: import("./coaching.js").Coaching) => void} action */
  async #do(action) {
    try {
      const { Coaching } = await loadLater();
      action((this.#coaching ??= new Coaching(this.element, this.#signal)));
    } catch {
      // tried again with the next reason
    }
  }

  /** Read what waits. */
  check() {
    void this.#do((coaching) => void coaching.check());
  }

  /** Read what waits if a report's acknowledgement says so. @param {ReportAcknowledgement | null} answer */
  observe(answer) {
    if (answer?.coaching && answer !== this.#last) this.check();
    this.#last = answer;
  }

  /** @param {boolean} isMonitored whether a supervisor listens */
  follow(isMonitored) {
    this.#isMonitored = isMonitored;
    if (isMonitored || this.#coaching)
      void this.#do((coaching) => coaching.follow(this.#isMonitored));
  }
}
