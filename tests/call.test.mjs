// Reading Finesse dialogs as calls and reports, and workflow paths.

import assert from "node:assert/strict";
import { test } from "node:test";

import { readAction } from "../gadget/callcard/workflows.js";
import { readCall, readReport, withEnd } from "../gadget/shared/call.js";
import { matches } from "../server/finesse_sandbox/static/desktop/hub.js";

const participant = (address, state, action) => ({
  mediaAddress: address,
  state,
  actions: action && { action },
  stateChangeTime: "2026-01-01T10:00:00.000Z",
});

test("reads one participant and a list of participants", () => {
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

test("reads dialogs with missing, empty and unknown parts", () => {
  for (const participants of [undefined, null, {}, { Participant: null }]) {
    const call = readCall(
      { id: "1", participants, state: "UNHEARD_OF", mediaProperties: null },
      "1001",
    );
    assert.deepEqual(
      [call.phase, call.actions, call.number, call.variables],
      ["talking", [], "", []],
    );
    assert.ok(Number.isNaN(call.since));
  }
});

test("leaves out call variables without a value", () => {
  const CallVariable = [
    { name: "callVariable1", value: "A" },
    { name: "callVariable2", value: null },
    { name: "", value: "x" },
  ];
  const call = readCall({ id: "1", mediaProperties: { callvariables: { CallVariable } } }, "1001");
  assert.deepEqual(call.variables, [{ name: "callVariable1", value: "A" }]);
});

test("reports the fields of a dialog", () => {
  const report = readReport(
    {
      id: "1",
      secondaryId: "2",
      associatedDialogUri: "/finesse/api/Dialog/3/",
      mediaProperties: { callKeyPrefix: "150", callKeyCallId: "9", wrapUpReason: "Sale" },
      participants: { Participant: participant("1001", "ACTIVE") },
    },
    true,
  );
  assert.deepEqual(
    [report.call_key, report.associated_call, report.merged_call, report.wrap_up_reasons],
    ["150:9", "3", "2", ["Sale"]],
  );
  assert.equal(report.participants[0].state_since, "2026-01-01T10:00:00.000Z");
  assert.equal(report.ended, true);
});

test("a call that ended unseen is reported with its end", () => {
  const dialog = {
    id: "1",
    state: "ACTIVE",
    participants: { Participant: [participant("1001", "HELD"), participant("+12", "ACTIVE")] },
  };
  const endedAt = Date.parse("2026-01-01T10:05:00.000Z");
  const statesOf = (ended) =>
    readReport(ended, true).participants.map((each) => [each.state, each.state_since]);
  const [left, stayed] = [
    ["DROPPED", "2026-01-01T10:05:00.000Z"],
    ["ACTIVE", "2026-01-01T10:00:00.000Z"],
  ];
  assert.deepEqual(statesOf(withEnd(dialog, "1001", endedAt, false)), [left, left]);
  assert.deepEqual(statesOf(withEnd(dialog, "1001", endedAt, true)), [left, stayed]);
  const ringing = [participant("1001", "ALERTING"), participant("+12", "ACTIVE")];
  const redirected = { ...dialog, participants: { Participant: ringing } };
  assert.deepEqual(statesOf(withEnd(redirected, "1001", endedAt, false)), [left, stayed]);
  const others = [...dialog.participants.Participant, participant("1002", "ACTIVE")];
  const conference = { ...dialog, participants: { Participant: others } };
  assert.deepEqual(statesOf(withEnd(conference, "1001", endedAt, false)), [left, stayed, stayed]);
  const wrapUp = { ...dialog, participants: { Participant: participant("1001", "WRAP_UP") } };
  const [own] = withEnd(wrapUp, "1001", 0, false).participants.Participant;
  assert.equal(own.state, "WRAP_UP", "Finesse has reported the end");
});

test("reads only workflow paths of this gadget", () => {
  assert.deepEqual(readAction("callcard:note?text=a%20b"), {
    name: "note",
    values: { text: "a b" },
  });
  assert.deepEqual(readAction("callcard:dial?number=+4930123456"), {
    name: "dial",
    values: { number: "+4930123456" },
  });
  assert.deepEqual(readAction("callcard://callback"), { name: "callback", values: {} });
  for (const other of ["https://crm.example/?x=callcard:note", "callcard", "", "callcard:../x"])
    assert.equal(readAction(other), null);
});

test("sandbox hub matches topics as OpenAjax does", () => {
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
