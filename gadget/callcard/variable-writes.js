// Call variables that the agent writes, and how that went. No DOM.

import { isDone } from "../shared/call-actions.js";
import { keptValue } from "../shared/commands.js";

/** @typedef {import("../shared/call-state.js").CallState} CallState */
/** @typedef {import("../shared/call-state.js").VariableWrite} VariableWrite */

/**
 * Write a call variable, unless another command is awaited.
 * @param {import("../shared/calls-model.js").CallsModel} model which notes how it went
 * @param {import("../shared/commands.js").Commands} commands
 * @param {string} callId @param {string} name @param {string} value
 */
export async function writeVariable(model, commands, callId, name, value) {
  const state = model.calls.get(callId);
  if (!state) return;
  /** @param {VariableWrite} write */
  const note = (write) => {
    state.writes.set(name, write);
    model.notify("changed", state);
  };
  const params = { variables: { [name]: value } };
  const sent = commands.sendToCall({ callId, action: "data", params }, state.call);
  if (!sent) return note({ value, status: "busy" });
  state.failure = null;
  note({ value, status: "saving" });
  const result = await sent;
  if (!isDone(result)) return note({ value, status: "failed", result });
  // Saved means that the call shows the value, not that the request was accepted.
  const kept = keptValue(state.call, name, value);
  if (kept === null) return note({ value, status: "unchanged" });
  note(kept === value ? { value, status: "saved" } : { value, status: "truncated", kept });
}
