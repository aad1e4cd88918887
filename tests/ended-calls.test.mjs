// Calls that have ended: what is left to finish, how they are closed, and what a reload brings back.

import assert from "node:assert/strict";
import { test } from "node:test";

import { restoreCalls } from "../gadget/callcard/restore-calls.js";
import { DISCARD_PAUSE_MS } from "../gadget/shared/call-actions.js";
import { CallState } from "../gadget/shared/call-state.js";
import { TYPING_MS } from "../gadget/shared/notes.js";
import { UnfinishedCalls } from "../gadget/shared/unfinished-calls.js";
import { LATER, closeAll, create, matches, own } from "./fake-calls.mjs";
import { FakeStorage, dialog, interaction, settle } from "./fakes.mjs";

test("notes that can't be saved any more are discarded only by closing twice", async () => {
  let now = 1000;
  const { api, model, actions } = create(matches("a"), () => now);
  model.update([dialog("ACTIVE")], "1001");
  await settle();
  model.end(dialog("DROPPED", LATER));
  const { notes } = model.calls.get("1");
  api.updateInteraction = async () => {
    throw Object.assign(new Error("closed"), { code: "interaction-closed" });
  };
  notes.edit("too late");
  assert.equal(await actions.finish("1", true), false);
  assert.equal(notes.status, "discard-asked");
  assert.equal(await actions.finish("1", true), false, "the second press of a double click");
  now += DISCARD_PAUSE_MS;
  assert.equal(await actions.finish("1", true), true);
});

test("closing a call that the service never saw says why it stays", async () => {
  const { api, model, actions } = create([]);
  api.isUp = false;
  model.update([dialog("ACTIVE")], "1001");
  await settle();
  const { notes } = model.calls.get("1");
  notes.edit("typed in the outage");
  model.end(dialog("DROPPED", LATER));
  assert.equal(await actions.finish("1", true), false);
  assert.equal(notes.status, "waiting");
  assert.equal(notes.text, "typed in the outage");
  api.isUp = true;
  closeAll(model);
});

test("an ended call is read again: others end it, or go on with it", async () => {
  const { api, model } = create();
  model.update([dialog("ACTIVE")], "1001");
  await settle();
  model.end(dialog("DROPPED", LATER)); // transferred
  await settle();
  const { notes } = model.calls.get("1");
  assert.equal(notes.timeLeftMs, null);
  api.stored = interaction({ notes_until: new Date(Date.now() + 60_000).toISOString() });
  model.heartbeat();
  await settle();
  assert.ok(notes.timeLeftMs > 0);
  api.stored = interaction(); // a colleague answered the transferred call after all
  model.heartbeat();
  await settle();
  assert.equal(notes.timeLeftMs, null);
  closeAll(model);
});

test("an ended call comes back after a reload until it is finished", async () => {
  const session = new FakeStorage();
  const before = create(matches("a"), undefined, session);
  before.model.update([dialog("ACTIVE")], "1001");
  await settle();
  before.model.end(dialog("DROPPED", LATER));
  await settle();
  assert.equal(new UnfinishedCalls(session, "1001").all.length, 1);

  const after = create(matches("a"), undefined, session);
  after.api.stored = interaction({ notes: own("kept"), contact: { source: "local", id: "b" } });
  await restoreCalls(after.model, new UnfinishedCalls(session, "1001"), after.api);
  const state = after.model.calls.get("1");
  assert.deepEqual(
    [state.hasEnded, state.needsFinishing, state.notes.text, state.match.contact.id],
    [true, true, "kept", "b"],
  );
  assert.equal(after.api.reports.length, 0, "it is over");
  assert.equal(await after.actions.finish("1", true), true);
  assert.deepEqual(new UnfinishedCalls(session, "1001").all, []);

  const later = create(matches("a"), undefined, session);
  await restoreCalls(later.model, new UnfinishedCalls(session, "1001"), later.api);
  assert.equal(later.model.calls.size, 0);
  closeAll(before.model);
});

test("a call whose time for notes is over does not come back", async () => {
  const session = new FakeStorage();
  const before = create(matches("a"), undefined, session);
  before.model.update([dialog("ACTIVE")], "1001");
  await settle();
  before.model.end(dialog("DROPPED", LATER));
  await settle();
  const after = create([], undefined, session);
  after.api.stored = interaction({ status: "delivered" });
  await restoreCalls(after.model, new UnfinishedCalls(session, "1001"), after.api);
  assert.equal(after.model.calls.size, 0);
  assert.deepEqual(new UnfinishedCalls(session, "1001").all, []);
  closeAll(before.model);
});

test("a call that Finesse does not know any more is over", async () => {
  const { api, model, actions } = create();
  model.update([dialog("ACTIVE", LATER, {}, ["DROP"])], "1001");
  await settle();
  api.command = async () => {
    throw Object.assign(new Error("Invalid dialogId"), { status: 404, code: "not-found" });
  };
  await actions.run({ callId: "1", action: "drop" });
  const state = model.calls.get("1");
  assert.deepEqual([state.hasEnded, state.failure], [true, null]);
  closeAll(model);
});

test("a customer who leaves a conference is not said to be there", async () => {
  const { model } = create();
  const others = (...all) => ({
    participants: {
      Participant: [
        { mediaAddress: "1001", state: "ACTIVE", stateChangeTime: LATER, actions: {} },
        ...all.map(([mediaAddress, state]) => ({ mediaAddress, state })),
      ],
    },
  });
  model.update([dialog("ACTIVE", LATER, others(["+1", "ACTIVE"], ["1002", "ACTIVE"]))], "1001");
  const state = model.calls.get("1");
  assert.equal(state.hasCustomerLeft, false);
  model.update([dialog("ACTIVE", LATER, others(["+1", "DROPPED"], ["1002", "ACTIVE"]))], "1001");
  assert.equal(state.hasCustomerLeft, true);
  closeAll(model);
});

test("a consult that was not answered has nothing to write about", async () => {
  const { model } = create();
  const consult = (own, caller) => ({
    id: "2",
    fromAddress: "1003",
    toAddress: "1001",
    mediaProperties: { callType: "CONSULT" },
    participants: {
      Participant: [
        { mediaAddress: "1001", state: own, stateChangeTime: LATER, actions: {} },
        { mediaAddress: "1003", state: caller },
      ],
    },
  });
  model.update([consult("ALERTING", "INITIATED")], "1001");
  await settle();
  model.update([consult("DROPPED", "DROPPED")], "1001");
  const state = model.calls.get("2");
  assert.deepEqual([state.isMissedConsult, state.needsFinishing], [true, false]);
  closeAll(model);
});

test("a call of an outage comes back after a reload and is saved when the service answers", async () => {
  const session = new FakeStorage();
  const before = create([], undefined, session);
  before.api.isUp = false;
  before.model.update([dialog("ACTIVE")], "1001");
  await settle();
  before.model.calls.get("1").notes.edit("typed in the outage");
  before.model.end(dialog("DROPPED", LATER));
  const { all } = new UnfinishedCalls(session, "1001");
  assert.deepEqual([all.length, all[0].interaction], [1, null]);

  const after = create(matches("a"), undefined, session);
  after.api.isUp = false;
  await restoreCalls(after.model, new UnfinishedCalls(session, "1001"), after.api);
  const state = after.model.calls.get("1");
  assert.equal(state.notes.text, "typed in the outage");
  after.api.isUp = true;
  after.api.found = matches("a");
  await restoreCalls(after.model, new UnfinishedCalls(session, "1001"), after.api);
  assert.equal(state.lookup.status, "found");
  state.notes.update(interaction()); // by the answer to the report that was pending
  await settle();
  assert.equal(after.api.changes.at(-1).notes, "typed in the outage");
  before.api.isUp = true;
  closeAll(before.model);
  closeAll(after.model);
});

test("a reason of an outage stays when an older answer comes after it was saved", async () => {
  const session = new FakeStorage();
  const before = create([], undefined, session);
  before.model.update([dialog("ACTIVE")], "1001");
  await settle();
  before.api.isUp = false;
  before.model.calls.get("1").notes.chooseReasons(["Sale"]);
  before.model.end(dialog("DROPPED", LATER));
  await settle();

  const after = create([], undefined, session);
  const { updateInteraction } = after.api;
  const saved = new Promise((resolve) => {
    after.api.updateInteraction = async (id, change) => {
      const answer = await updateInteraction(id, change);
      setTimeout(resolve);
      return answer;
    };
  });
  after.api.interaction = async () => {
    await saved;
    return interaction(); // as it was before
  };
  await restoreCalls(after.model, new UnfinishedCalls(session, "1001"), after.api);
  const { notes } = after.model.calls.get("1");
  assert.deepEqual([notes.wrapUpReasons, notes.isUnsaved], [["Sale"], false]);
  before.api.isUp = true;
  closeAll(before.model);
  closeAll(after.model);
});

test("what is saved on a consult's card shows on the customer's, too", async () => {
  const { model } = create();
  model.update([dialog("HELD"), dialog("ACTIVE", LATER, { id: "2" })], "1001");
  await settle();
  const [customer, consult] = ["1", "2"].map((id) => model.calls.get(id).notes);
  assert.equal(customer.interaction.id, consult.interaction.id);
  consult.edit("refund 40 EUR");
  await consult.save();
  assert.deepEqual([customer.text, customer.isUnsaved], ["refund 40 EUR", false]);
  closeAll(model);
});

test("the customer has left when their address is off the line, however the service writes it", () => {
  const call = (others, more = {}) => ({
    id: "1",
    phase: "talking",
    number: "912125550123",
    others,
    actions: [],
    since: 0,
    ...more,
  });
  const notes = { interaction: null };
  const state = new CallState(call(["912125550123"]), notes);
  state.acknowledgement = { number: "2125550123" };
  state.update(call(["912125550123", "1002"]));
  assert.equal(state.hasCustomerLeft, false);
  state.update(call(["1002"]));
  assert.equal(state.hasCustomerLeft, true);
});

test("an agent who consulted is not taken for the customer", () => {
  const call = (others, consultant) => ({
    id: "1",
    phase: "talking",
    number: "1001",
    others,
    consultant,
    actions: [],
    since: 0,
  });
  const notes = { interaction: { notes: [{ extension: "1001", name: "Ana Costa" }] } };
  const state = new CallState(call(["1001"], "1001"), notes);
  state.acknowledgement = { number: "+1" };
  state.update(call(["1001", "+1"], ""));
  state.update(call(["+1"], ""));
  assert.equal(state.hasCustomerLeft, false);
  state.update(call(["1002"], ""));
  assert.equal(state.hasCustomerLeft, true);
});

/** Return a call as the card has it. */
const talk = (id, since, more = {}) => ({
  id,
  phase: "talking",
  number: "+1",
  others: ["+1"],
  actions: [],
  joined: since,
  since,
  queue: "",
  consultant: "",
  isConsult: false,
  ...more,
});
const notesOf = (isTaken) => ({ interaction: null, takeOver: () => isTaken });

test("a conference has the queue and the time of the customer's call that it ended", () => {
  const customer = new CallState(talk("1", 1000, { queue: "Support" }), notesOf(true));
  const conference = new CallState(talk("2", 5000), notesOf(true));
  customer.update(talk("1", 9000, { phase: "ended", queue: "Support" }));
  assert.equal(conference.takeOver(customer), true);
  assert.deepEqual([conference.call.queue, conference.talkingSince], ["Support", 1000]);
  conference.update(talk("2", 9000, { others: ["+1", "1002"] }));
  assert.deepEqual([conference.call.queue, conference.talkingSince], ["Support", 1000]);
});

test("a customer who comes back later has a queue and a time of their own", () => {
  const before = new CallState(talk("1", 1000, { queue: "Support" }), notesOf(true));
  before.update(talk("1", 3000, { phase: "ended", queue: "Support" }));
  const again = new CallState(talk("2", 60_000), notesOf(true));
  assert.equal(again.takeOver(before), true);
  assert.deepEqual([again.call.queue, again.talkingSince], ["", 60_000]);
});

test("what a consulted agent talked before is not the time with the customer", () => {
  const consult = new CallState(talk("1", 1000, { consultant: "1001" }), notesOf(true));
  consult.update(talk("1", 9000, { phase: "ended" }));
  const customer = new CallState(talk("2", 8000), notesOf(true));
  customer.takeOver(consult);
  assert.equal(customer.talkingSince, 8000);
  assert.equal(new CallState(talk("3", 8000), notesOf(false)).takeOver(consult), false);
});

test("whom the agent chose to consult is named, however Finesse writes the number", async () => {
  const { model, actions, api, commands } = create();
  api.command = async () => ({ request_id: "r1" });
  model.update([dialog("ACTIVE", undefined, { actions: ["CONSULT_CALL"] })], "1001");
  await settle();
  const params = { to: "+49 30 23125117" };
  void actions.run({ callId: "1", action: "consult", params, who: "Käthe" });
  const state = model.calls.get("1");
  assert.equal(state.nameOf("903023125117"), "Käthe");
  assert.equal(state.nameOf("903023125118"), "");
  void actions.run({ callId: "1", action: "consult", params: { to: "5" }, who: "5" });
  assert.equal(state.nameOf("5"), "");
  commands.observeEnd("1");
  closeAll(model);
});

test("a consult's card stays while the agent types in it, also when all is saved", async () => {
  let now = 1_000_000;
  const { model, api } = create(undefined, undefined, undefined, () => now);
  const consult = (state) => ({
    ...dialog(state, LATER, { mediaProperties: { callType: "CONSULT" }, fromAddress: "1003" }),
    participants: {
      Participant: ["1001", "1003"].map((mediaAddress) => ({ mediaAddress, state, actions: {} })),
    },
  });
  model.update([consult("ACTIVE")], "1001");
  await settle();
  const { notes } = model.calls.get("1");
  notes.edit("refund agreed, ");
  await notes.save();
  assert.equal(notes.isUnsaved, false);
  model.end(consult("DROPPED"));
  api.answer = { ...api.answer, interaction: null }; // the customer's call is not known yet
  model.update([dialog("ACTIVE", LATER, { id: "2" })], "1001");
  await settle();
  assert.deepEqual([...model.calls.keys()], ["1", "2"]);
  now += TYPING_MS;
  model.closeDone();
  assert.deepEqual([...model.calls.keys()], ["2"]);
  closeAll(model);
});
