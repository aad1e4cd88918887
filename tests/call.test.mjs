// A Finesse dialog as the card sees it; orders and their outcomes.

import assert from "node:assert/strict";
import { mock, test } from "node:test";

import { happened, readCall } from "../gadget/callcard/call.js";
import { Orders, PATIENCE } from "../gadget/callcard/orders.js";
import { matches } from "../server/sandbox/static/desktop/hub.js";

const participant = (address, state, action) => ({
  mediaAddress: address,
  state,
  actions: action && { action },
  stateChangeTime: "2026-01-01T10:00:00.000Z",
});

test("a single child and a list are read alike", () => {
  const one = readCall(
    {
      id: "1",
      fromAddress: "+1",
      participants: { Participant: participant("1001", "ALERTING", "ANSWER") },
    },
    "1001",
  );
  assert.deepEqual(
    [one.phase, one.actions, one.direction, one.number],
    ["ringing", ["answer"], "in", "+1"],
  );
  const many = readCall(
    {
      id: "1",
      fromAddress: "1001",
      mediaProperties: { dialedNumber: "+2" },
      participants: {
        Participant: [
          participant("1001", "HELD", ["DROP", "RETRIEVE", "TRANSFER"]),
          participant("+2", "ACTIVE", "HOLD"),
        ],
      },
    },
    "1001",
  );
  assert.deepEqual(
    [many.phase, many.actions, many.direction, many.number],
    ["held", ["retrieve", "complete-transfer", "drop"], "out", "+2"],
  );
});

test("missing, empty and unknown parts are no surprise", () => {
  for (const participants of [undefined, null, {}, { Participant: null }]) {
    const call = readCall(
      { id: "1", participants, state: "DAYDREAMING", mediaProperties: null },
      "1001",
    );
    assert.deepEqual(
      [call.phase, call.actions, call.number, call.variables],
      ["talking", [], "", []],
    );
    assert.ok(Number.isNaN(call.since));
  }
});

test("variables without a value are left out", () => {
  const CallVariable = [
    { name: "callVariable1", value: "A" },
    { name: "callVariable2", value: null },
    { name: "", value: "x" },
  ];
  const call = readCall({ id: "1", mediaProperties: { callvariables: { CallVariable } } }, "1001");
  assert.deepEqual(call.variables, [{ name: "callVariable1", value: "A" }]);
});

test("an action has happened when it is no longer offered", () => {
  const call = readCall(
    { id: "1", participants: { Participant: participant("1001", "ACTIVE", ["HOLD"]) } },
    "1001",
  );
  assert.equal(happened(call, "answer"), true);
  assert.equal(happened(call, "hold"), false);
});

test("one order at a time, confirmed by what is seen", async () => {
  const orders = new Orders();
  const given = orders.give("call", "/d/1", async () => ({ request_id: "r1" }));
  assert.equal(
    orders.give("call", "/d/1", async () => assert.fail("sent twice")),
    null,
  );
  orders.confirm("call");
  assert.deepEqual(await given, { outcome: "confirmed", refusal: undefined });
  assert.equal(orders.isOpen("call"), false);
});

test("a refusal is matched by its request, even when it overtakes the answer", async () => {
  const orders = new Orders();
  let answer;
  const given = orders.give("call", "/d/1", () => new Promise((resolve) => (answer = resolve)));
  const refusal = { requestId: "r1", source: "/elsewhere", type: "T", message: "M" };
  orders.refuse({ ...refusal, requestId: "other" });
  orders.refuse(refusal);
  answer({ request_id: "r1" });
  assert.deepEqual(await given, { outcome: "refused", refusal });
});

test("without a request id, a refusal is matched by where it comes from", async () => {
  const orders = new Orders();
  const given = orders.give("call", "/d/1", async () => ({ request_id: "r1" }));
  await Promise.resolve();
  orders.refuse({ requestId: "", source: "/d/2", type: "", message: "" });
  assert.equal(orders.isOpen("call"), true);
  orders.refuse({ requestId: "", source: "/d/1", type: "", message: "" });
  assert.equal((await given).outcome, "refused");
});

test("silence is neither success nor failure", async () => {
  mock.timers.enable({ apis: ["setTimeout"] });
  const orders = new Orders();
  const given = orders.give("call", "/d/1", async () => ({ request_id: "r1" }));
  await Promise.resolve();
  mock.timers.tick(PATIENCE);
  mock.timers.reset();
  assert.equal((await given).outcome, "unknown");
});

test("an order that could not be sent is over", async () => {
  const orders = new Orders();
  await assert.rejects(
    orders.give("call", "/d/1", () => Promise.reject(new Error("down"))),
    /down/,
  );
  assert.equal(orders.isOpen("call"), false);
});

test("the stand-in's hub matches topics as OpenAjax does", () => {
  for (const [pattern, topic, met] of [
    ["a.b", "a.b", true],
    ["a.b", "a.b.c", false],
    ["a.*", "a.b", true],
    ["a.*", "a.b.c", false],
    ["a.**", "a.b.c", true],
    ["a.**", "a", false],
    ["*.b", "a.b", true],
    ["**", "a", true],
  ])
    assert.equal(matches(pattern, topic), met, `${pattern} ${topic}`);
});
