// Commands to Finesse and their outcomes.

import assert from "node:assert/strict";
import { mock, test } from "node:test";

import { readCall } from "../gadget/shared/call.js";
import { COMMAND_TIMEOUT_MS, Commands, hasHappened } from "../gadget/shared/commands.js";
import { dialog, settle } from "./fakes.mjs";

const LATER = "2026-01-01T10:00:05.000Z";
const read = (...given) => readCall(dialog(...given), "1001");
const withVariable = (value) => {
  const CallVariable = [{ name: "callVariable1", value }];
  return read("ACTIVE", LATER, { mediaProperties: { callvariables: { CallVariable } } });
};

const accepted = async () => ({ request_id: "r1" });
const create = (command = accepted, more = {}) =>
  new Commands({ api: { command, setState: accepted }, agentId: "1001", ...more });
const hold = { callId: "1", action: "hold" };
const refusal = { requestId: "r1", source: "/elsewhere", type: "T", message: "M", code: "22" };

test("an action has happened once the agent's state is one that it leads to", () => {
  const before = read("ALERTING");
  const has = (action, now) => hasHappened(now, { action, params: {}, before });
  assert.equal(has("answer", read("ACTIVE", LATER)), true);
  assert.equal(has("answer", read("ALERTING", LATER)), false);
  assert.equal(has("hold", read("ACTIVE", LATER)), false);
});

test("a state that has not changed since the command confirms nothing", () => {
  const before = read("ACTIVE");
  const command = { action: "retrieve", params: {}, before };
  assert.equal(hasHappened(read("ACTIVE"), command), false);
  assert.equal(hasHappened(read("ACTIVE", LATER), command), true);
});

test("call data counts as written when the call shows it, whole or truncated", () => {
  const params = { variables: { callVariable1: "long value" } };
  const command = { action: "data", params, before: withVariable("lo") };
  assert.equal(hasHappened(withVariable("long value"), command), true);
  assert.equal(hasHappened(withVariable("long"), command), true);
  assert.equal(hasHappened(withVariable("lo"), command), false);
  assert.equal(hasHappened(withVariable("other"), command), false);
});

test("one command at a time, confirmed by the call", async () => {
  const commands = create();
  const result = commands.sendToCall(hold, read("ACTIVE"));
  assert.equal(commands.sendToCall({ callId: "2", action: "answer" }, read("ALERTING")), null);
  assert.deepEqual([commands.isBusy, commands.pending?.action], [true, "hold"]);
  commands.observeCall(read("HELD", LATER), false);
  assert.equal((await result).outcome, "confirmed");
  assert.deepEqual([commands.isBusy, commands.pending], [false, null]);
});

test("a call is hung up while its wrap-up reasons are saved", async () => {
  const wrapUpReason = "Sale";
  const commands = create();
  const choose = (reason) => ({
    callId: "1",
    action: "wrap-up",
    params: { wrap_up_reasons: [reason] },
  });
  const saved = commands.sendToCall(choose(wrapUpReason), read("ACTIVE"));
  assert.equal(commands.sendToCall(choose("Other"), read("ACTIVE")), null, "one after the other");
  assert.deepEqual([commands.isBusy, commands.pending], [false, null]);
  const dropped = commands.sendToCall({ callId: "1", action: "drop" }, read("ACTIVE"));
  const idle = commands.whenIdle();
  commands.observeCall(read("ACTIVE", LATER, { mediaProperties: { wrapUpReason } }), false);
  assert.equal((await saved).outcome, "confirmed");
  assert.equal(commands.isBusy, true);
  commands.observeCall(read("DROPPED", LATER), false);
  assert.equal((await dropped).outcome, "confirmed");
  await idle;
});

test("a refusal is matched by its request, even before the response", async () => {
  let respond;
  const commands = create(() => new Promise((resolve) => (respond = resolve)));
  const result = commands.sendToCall(hold, read("ACTIVE"));
  commands.refuse({ ...refusal, requestId: "other" });
  commands.refuse(refusal);
  respond({ request_id: "r1" });
  assert.deepEqual(await result, { outcome: "refused", refusal });
});

test("a refusal without a request id is matched by its source", async () => {
  const commands = create();
  const result = commands.sendToCall(hold, read("ACTIVE"));
  await settle();
  commands.refuse({ ...refusal, requestId: "", source: "/finesse/api/Dialog/2" });
  assert.equal(commands.isBusy, true);
  commands.refuse({ ...refusal, requestId: "", source: "/finesse/api/Dialog/1" });
  assert.equal((await result).outcome, "refused");
});

test("a command without an event is unknown after the timeout", async () => {
  mock.timers.enable({ apis: ["setTimeout"] });
  const result = create().sendToCall(hold, read("ACTIVE"));
  await settle();
  mock.timers.tick(COMMAND_TIMEOUT_MS);
  mock.timers.reset();
  assert.equal((await result).outcome, "unknown");
});

test("a command that could not be sent has failed", async () => {
  const error = new Error("down");
  const commands = create(() => Promise.reject(error));
  const result = await commands.sendToCall(hold, read("ACTIVE"));
  assert.deepEqual(result, { outcome: "failed", error });
  assert.equal(commands.isBusy, false);
});

test("a command to a call that ends is over", async () => {
  const commands = create();
  const result = commands.sendToCall(hold, read("ACTIVE"));
  commands.observeEnd("2");
  assert.equal(commands.isBusy, true);
  commands.observeEnd("1");
  assert.equal((await result).outcome, "ended");
});

test("tones are confirmed by the request's id, other actions are not", async () => {
  const commands = create();
  const tones = commands.sendToCall({ callId: "1", action: "dtmf" }, read("ACTIVE"));
  commands.acknowledge("r1"); // before the response
  assert.equal((await tones).outcome, "confirmed");
  commands.sendToCall(hold, read("ACTIVE"));
  await settle();
  commands.acknowledge("r1");
  assert.equal(commands.isBusy, true);
  commands.observeEnd("1");
});

test("a second press within a second does not dial again", async () => {
  let now = 5000;
  const commands = create(accepted, { now: () => now });
  const result = commands.dial(accepted);
  assert.equal(commands.dial(accepted), null);
  commands.observeCall(read("INITIATED", LATER, { fromAddress: "1001" }), true);
  assert.equal((await result).outcome, "confirmed");
  assert.equal(commands.mayDial, false);
  now += 1000;
  assert.equal(commands.mayDial, true);
});

test("a change of state is confirmed by the agent's event", async () => {
  const commands = create();
  const result = commands.setState("READY", null);
  assert.equal(commands.setState("NOT_READY", "1"), null);
  commands.observeState();
  assert.equal((await result).outcome, "confirmed");
});
