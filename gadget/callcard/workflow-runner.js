// Runs the workflow actions that Finesse leaves to the gadget, once what they need is loaded.

import { loadLater } from "./load-later.js";

/** @typedef {import("../shared/call-state.js").CallState} CallState */
/** @typedef {import("./workflows.js").WorkflowParts} WorkflowParts */

/** Milliseconds after a workflow's event in which the event of its call may come. */
const SETTLE_MS = 300;

export class WorkflowRunner {
  /** The call that rang, was answered or ended last: the event does not name the one that
   * triggered the workflow. @type {CallState | undefined} */
  #triggered;
  #parts;

  /** @param {WorkflowParts} parts */
  constructor(parts) {
    this.#parts = parts;
  }

  /** @param {import("../shared/calls-model.js").Change} change */
  observe({ type, state }) {
    if (["opened", "answered", "ended"].includes(type)) this.#triggered = state;
  }

  /** @param {Record<string, string>} params of the action, with Finesse's variables filled in */
  async run(params) {
    const { runWorkflow } = await loadLater();
    await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
    runWorkflow(params, this.#triggered, this.#parts);
  }
}
