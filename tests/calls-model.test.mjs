// The model of an agent's calls, and what the agent does to them.

import assert from "node:assert/strict";
import { test } from "node:test";

import { writeVariable } from "../gadget/callcard/variable-writes.js";
import { DISCARD_PAUSE_MS } from "../gadget/shared/call-actions.js";
import { LATER, closeAll, create, lookup, matches, own } from "./fake-calls.mjs";
import { dialog, interaction, settle } from "./fakes.mjs";

test("nothing is announced after unsubscribing", () => {
  const { model, changes, unsubscribe } = create();
  unsubscribe();
  model.update([dialog("ALERTING")], "1001");
  assert.deepEqual(changes, []);
  closeAll(model);
});

test("a call that the agent closed during wrap-up stays closed", async () => {
  const { api, model } = create();
  model.update([dialog("ACTIVE")], "1001");
  model.update([dialog("WRAP_UP", LATER)], "1001");
  await settle();
  model.close("1");
  model.update([dialog("WRAP_UP", LATER, { queueName: "Sales" })], "1001");
  await settle();
  assert.deepEqual([...model.calls.keys()], []);
  assert.equal(api.reports.filter((report) => report.lookup).length, 1);
  model.end(dialog("DROPPED", "2026-01-01T10:00:09.000Z"));
  model.update([dialog("ALERTING", "2026-01-01T11:00:00.000Z")], "1001");
  assert.deepEqual([...model.calls.keys()], ["1"]);
  closeAll(model);
});

test("an ended call stays until it is finished or its time is over", async () => {
  const { model } = create();
  model.update([dialog("ACTIVE")], "1001");
  await settle();
  model.end(dialog("DROPPED", LATER));
  model.update([dialog("ALERTING", LATER, { id: "2" })], "1001");
  assert.deepEqual([...model.calls.keys()], ["1", "2"]);
  const { notes } = model.calls.get("1");
  assert.equal(model.calls.get("1").needsFinishing, true);
  notes.update(interaction({ notes_until: "2026-01-01T10:01:00.000Z" }));
  model.closeDone();
  assert.deepEqual([...model.calls.keys()], ["2"]);
  closeAll(model);
});

test("a call that was not answered closes when the next one comes", async () => {
  const { model } = create();
  model.update([dialog("ALERTING")], "1001");
  await settle();
  model.end(dialog("DROPPED", LATER));
  assert.equal(model.calls.get("1").hasEnded, true);
  model.contacts.setEdited("1", { name: "Ada" });
  model.update([dialog("ALERTING", LATER, { id: "2" })], "1001");
  assert.deepEqual([...model.calls.keys()], ["1", "2"]);
  await model.contacts.choose("1", matches("a")[0]);
  model.update([dialog("ALERTING", LATER, { id: "3" })], "1001");
  assert.deepEqual([...model.calls.keys()], ["2", "3"]);
  closeAll(model);
});

test("an unanswered call closes at once while another one is on", async () => {
  const { model, changes } = create();
  model.update([dialog("HELD"), dialog("ALERTING", LATER, { id: "2" })], "1001");
  await settle();
  model.end(dialog("DROPPED", LATER, { id: "2" }));
  assert.deepEqual([...model.calls.keys()], ["1"]);
  assert.ok(changes.indexOf("ended 2") < changes.indexOf("closed 2"));
  closeAll(model);
});

test("a command that was not sent, as another is awaited, says so until that is over", async () => {
  const { model, commands, actions } = create();
  model.update([dialog("ACTIVE", LATER, {}, ["HOLD", "TRANSFER_SST"])], "1001");
  const state = model.calls.get("1");
  const held = actions.run({ callId: "1", action: "hold" });
  await actions.run({ callId: "1", action: "transfer", params: { to: "1002" } });
  assert.equal(state.failure.outcome, "busy");
  assert.equal(commands.pending.action, "hold");
  model.update([dialog("HELD", "2026-01-01T10:00:09.000Z", {}, ["RETRIEVE"])], "1001");
  await held;
  assert.equal(state.failure.outcome, "confirmed");
  closeAll(model);
});

test("a half-filled new contact is discarded only by closing twice", async () => {
  let now = 1000;
  const { model, actions } = create([], () => now);
  model.update([dialog("ACTIVE")], "1001");
  await settle();
  model.contacts.setEdited("1", { name: "Ada" });
  model.end(dialog("DROPPED", LATER));
  assert.equal(await actions.finish("1", true), false);
  assert.equal(model.calls.get("1").notes.status, "contact-unsaved");
  assert.equal(await actions.finish("1", true), false, "the second press of a double click");
  now += DISCARD_PAUSE_MS;
  assert.equal(await actions.finish("1", false), false, "by a button that says Save");
  assert.equal(model.calls.get("1").notes.status, "contact-open");
  model.contacts.setEdited("1", { name: "Ada" });
  assert.equal(await actions.finish("1", true), false, "more was typed");
  now += DISCARD_PAUSE_MS;
  assert.equal(await actions.finish("1", true), true);
  assert.equal(model.calls.size, 0);
});

test("a required reason that can no longer be chosen does not hold the card", async () => {
  const { model } = create();
  model.update([dialog("ACTIVE")], "1001");
  await settle();
  model.end(dialog("DROPPED", LATER));
  const state = model.calls.get("1");
  state.notes.update(interaction({ wrap_up_required: true }));
  assert.equal(state.lacksReason, true);
  state.notes.update(interaction({ wrap_up_required: true, notes_until: "2026-01-01T10:01:00Z" }));
  assert.equal(state.lacksReason, false);
  closeAll(model);
});

test("a consult closes when it ends, and talk time counts from the answer", async () => {
  const { model } = create();
  const consult = { id: "2", fromAddress: "1001", mediaProperties: { callType: "CONSULT" } };
  model.update([dialog("ALERTING")], "1001");
  model.update([dialog("ACTIVE", LATER)], "1001");
  assert.equal(model.calls.get("1").talkingSince, Date.parse(LATER));
  model.update([dialog("HELD", LATER), dialog("ACTIVE", LATER, consult)], "1001");
  await settle();
  model.end(dialog("DROPPED", LATER, consult));
  assert.deepEqual([...model.calls.keys()], ["1"]);
  closeAll(model);
});

test("a call whose end was lost ends by the service's answer", async () => {
  const { api, model } = create();
  api.answer = { ...api.answer, ended_for_agent: true };
  model.update([dialog("ACTIVE")], "1001");
  await settle();
  assert.equal(model.calls.get("1").hasEnded, true);
  assert.equal(api.reports.at(-1).ended, true);
  closeAll(model);
});

test("a refused command shows on its call until the next one", async () => {
  const { model, commands, actions } = create();
  model.update([dialog("ACTIVE", LATER, {}, ["HOLD"])], "1001");
  const state = model.calls.get("1");
  const run = actions.run({ callId: "1", action: "hold" });
  await settle();
  commands.refuse({ requestId: "r1", source: "", type: "T", message: "M", code: "22" });
  await run;
  assert.equal(state.failure.outcome, "refused");
  const again = actions.run({ callId: "1", action: "hold" });
  assert.equal(state.failure, null);
  model.update([dialog("HELD", "2026-01-01T10:00:09.000Z")], "1001");
  await again;
  assert.equal(state.failure.outcome, "confirmed");
  closeAll(model);
});

test("a held call lends the actions that end a consult", () => {
  const { model, actions } = create();
  const held = dialog("HELD", LATER, {}, ["TRANSFER", "CONFERENCE", "RETRIEVE"]);
  model.update([held, dialog("ACTIVE", LATER, { id: "2" })], "1001");
  assert.deepEqual(actions.heldCallActions, [
    { action: "complete-transfer", callId: "1" },
    { action: "conference", callId: "1" },
    { action: "retrieve", callId: "1" },
  ]);
  closeAll(model);
});

test("a written variable is saved, truncated or unchanged by what the call shows", async () => {
  const { model, commands } = create();
  const withValue = (value) => {
    const CallVariable = value ? [{ name: "user.case", value }] : [];
    return dialog("ACTIVE", LATER, { mediaProperties: { callvariables: { CallVariable } } });
  };
  model.update([withValue("")], "1001");
  const state = model.calls.get("1");
  const writing = writeVariable(model, commands, "1", "user.case", "4711-long");
  assert.equal(state.writes.get("user.case").status, "saving");
  await writeVariable(model, commands, "1", "user.case", "other");
  assert.equal(state.writes.get("user.case").status, "busy");
  model.update([withValue("4711")], "1001");
  await writing;
  assert.deepEqual(
    [state.writes.get("user.case").status, state.writes.get("user.case").kept],
    ["truncated", "4711"],
  );
  closeAll(model);
});

test("a required wrap-up reason keeps an ended call open", async () => {
  const { api, model, actions } = create();
  api.answer = { ...api.answer, interaction: interaction({ wrap_up_required: true }) };
  model.update([dialog("ACTIVE")], "1001");
  await settle();
  model.end(dialog("DROPPED", LATER));
  await settle();
  const { notes } = model.calls.get("1");
  assert.deepEqual([await actions.finish("1"), notes.status], [false, "reason-missing"]);
  await actions.chooseWrapUp("1", ["Sale"]);
  assert.equal(await actions.finish("1"), true);
  await settle();
  assert.deepEqual(api.changes.at(-1), { id: "i1", finished: true });
  assert.equal(model.calls.size, 0);
});

test("of reasons chosen one after another the last one counts, in Finesse too", async () => {
  const { api, model, commands, actions } = create();
  const sent = [];
  api.command = async (id, action, params) => {
    sent.push(params.wrap_up_reasons?.join() ?? action);
    return { request_id: "r1" };
  };
  model.update([dialog("ACTIVE", undefined, {}, ["UPDATE_CALL_DATA", "HOLD"])], "1001");
  await settle();
  void actions.run({ callId: "1", action: "hold" });
  for (const reason of ["Sale", "Other", "Refund"]) void actions.chooseWrapUp("1", [reason]);
  await settle();
  assert.deepEqual(sent, ["hold"], "while the agent waits for another command");
  commands.refuse({ requestId: "r1", source: "", type: "T", message: "M", code: "1" });
  await settle();
  assert.deepEqual(sent, ["hold", "Refund"]);
  assert.deepEqual(api.changes.at(-1), { id: "i1", wrap_up_reasons: ["Refund"] });
  assert.equal(model.calls.get("1").failure.outcome, "refused", "the hold");
  commands.observeEnd("1");
  closeAll(model);
});

for (const next of ["nothing", "another report"])
  test(`an answer that crossed a change is asked for again, with ${next} to send`, async () => {
    const { api, model, actions } = create();
    model.update([dialog("ACTIVE")], "1001");
    await settle();
    const { notes } = model.calls.get("1");
    const { answer } = api;
    let answerReport;
    const delayed = new Promise((resolve) => (answerReport = resolve));
    const { report } = api;
    api.report = () => delayed;
    model.heartbeat();
    await settle();
    notes.edit("typed");
    await notes.save();
    await actions.chooseWrapUp("1", ["Sale"]);
    if (next === "another report") model.update([dialog("HELD", LATER)], "1001");
    let repeated = 0;
    api.report = (...sent) => {
      repeated += 1;
      api.answer = { ...answer, interaction: interaction({ notes: own("typed") }) };
      return report(...sent);
    };
    const texts = new Set();
    model.subscribe(() => texts.add(notes.text));
    answerReport({ ...answer, interaction: interaction() });
    await settle();
    assert.deepEqual([...texts], ["typed"]);
    assert.equal(repeated, 1);
    closeAll(model);
  });

test("an id that is used again for another caller is another call", async () => {
  const { model, changes } = create();
  model.update([dialog("ACTIVE")], "1001");
  await settle();
  changes.length = 0;
  model.update([dialog("ALERTING", LATER, { fromAddress: "+2" })], "1001");
  assert.deepEqual(
    changes.filter((change) => /opened|closed/.test(change)),
    ["closed 1", "opened 1"],
  );
  assert.equal(model.calls.get("1").call.phase, "ringing");
  model.update([dialog("ACTIVE", "2026-01-01T10:00:09.000Z", { fromAddress: "+2" })], "1001");
  assert.equal(model.calls.get("1").call.phase, "talking", "the answer alone is no other call");
  closeAll(model);
});
