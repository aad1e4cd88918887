// The agent's notes: saved while typing, merged, and kept through an outage.

import assert from "node:assert/strict";
import { afterEach, beforeEach, mock, test } from "node:test";

import { NotesDrafts } from "../gadget/callcard/drafts.js";
import { Notes } from "../gadget/shared/notes.js";
import { FakeApi, FakeStorage, interaction, settle } from "./fakes.mjs";

const create = (api, storage = new FakeStorage()) =>
  new Notes({
    agentId: "1001",
    callKey: "call 1 +1",
    save: api.updateInteraction,
    drafts: new NotesDrafts(storage, "1001", "a"),
    now: () => Date.now(),
    onChange: () => {},
  });
const own = (text) => [{ agent: "1001", name: "", text, wrap_up_reasons: [] }];

beforeEach(() => mock.timers.enable({ apis: ["setTimeout", "Date"], now: 1_000_000 }));
afterEach(() => mock.timers.reset());

test("typing is saved after a pause, with what it is based on", async () => {
  const api = new FakeApi();
  const notes = create(api);
  notes.update(interaction({ notes: own("old") }));
  notes.edit("old and new");
  assert.deepEqual([notes.status, notes.isUnsaved], ["typing", true]);
  mock.timers.tick(600);
  await settle();
  assert.deepEqual([api.changes[0].notes, api.changes[0].base_notes], ["old and new", "old"]);
  assert.deepEqual([notes.status, notes.isUnsaved], ["saved", false]);
});

test("what was typed and taken back does not stay unsaved", async () => {
  const api = new FakeApi();
  const notes = create(api);
  notes.update(interaction({ notes: own("old") }));
  notes.edit("old x");
  notes.edit("old");
  mock.timers.tick(600);
  await settle();
  assert.deepEqual([notes.status, api.changes.length], ["saved", 0]);
});

test("notes are saved while the agent goes on typing without a pause", async () => {
  const api = new FakeApi();
  const notes = create(api);
  notes.update(interaction());
  for (let second = 1; second <= 8; second += 1) {
    for (let key = 0; key < 4; key += 1) {
      notes.edit(`${notes.text}x`);
      mock.timers.tick(250);
      await settle();
    }
  }
  assert.ok(api.changes.length >= 2, "every three seconds");
  assert.ok(api.changes.at(-1).notes.length >= 20);
});

test("a failed save is repeated until it succeeds", async () => {
  const api = new FakeApi();
  api.isUp = false;
  const notes = create(api);
  notes.update(interaction());
  notes.edit("text");
  mock.timers.tick(600);
  await settle();
  assert.equal(notes.status, "failed");
  api.isUp = true;
  mock.timers.tick(5000);
  await settle();
  assert.deepEqual([notes.status, api.changes.length], ["saved", 1]);
});

test("a reason that is chosen in an outage is shown, and saved when that is over", async () => {
  const api = new FakeApi();
  api.isUp = false;
  const notes = create(api);
  notes.update(interaction({ wrap_up_reasons: ["Complaint"] }));
  await notes.chooseReasons(["Order"]);
  assert.deepEqual(
    [notes.status, notes.isUnsaved, notes.wrapUpReasons],
    ["failed", true, ["Order"]],
  );
  notes.update(interaction({ wrap_up_reasons: ["Complaint"] }));
  assert.deepEqual(notes.wrapUpReasons, ["Order"]);
  await settle();
  api.isUp = true;
  mock.timers.tick(5000);
  await settle();
  assert.deepEqual(api.changes, [{ id: "i1", wrap_up_reasons: ["Order"] }]);
  assert.deepEqual([notes.status, notes.isUnsaved], ["saved", false]);
});

test("a draft survives a reload and is saved then", async () => {
  const api = new FakeApi();
  const storage = new FakeStorage();
  const before = create(api, storage);
  before.update(interaction());
  before.edit("typed before the reload");
  before.dispose();
  const after = create(api, storage);
  after.update(interaction());
  assert.equal(after.text, "typed before the reload");
  await settle();
  assert.equal(api.changes[0].notes, "typed before the reload");
  assert.equal(new NotesDrafts(storage, "1001", "a").get("i1"), undefined);
});

test("what another tab saved appears unless the agent is typing", () => {
  const notes = create(new FakeApi());
  notes.update(interaction({ notes: own("one") }));
  notes.update(interaction({ notes: own("one and two") }));
  assert.equal(notes.text, "one and two");
  notes.edit("mine");
  notes.update(interaction({ notes: own("theirs") }));
  assert.equal(notes.text, "mine");
});

test("an interaction that is closed takes no more notes", async () => {
  const notes = create({
    updateInteraction: async () => {
      throw Object.assign(new Error("closed"), { code: "interaction-closed" });
    },
  });
  notes.update(interaction());
  notes.edit("late");
  await notes.save();
  assert.equal(notes.status, "too-late");
});

test("notes end at the time that the service set", () => {
  const notes = create(new FakeApi());
  notes.update(interaction({ notes_until: new Date(1_060_000).toISOString() }));
  assert.deepEqual([notes.timeLeftMs, notes.isClosed], [60_000, false]);
  mock.timers.tick(60_000);
  assert.equal(notes.isClosed, true);
});

test("a line that a workflow adds before the service has the call is kept", async () => {
  const api = new FakeApi();
  const notes = create(api);
  notes.addLine("Answered for gold");
  notes.update(interaction({ notes: own("typed before a reload") }));
  assert.equal(notes.text, "typed before a reload\nAnswered for gold");
  mock.timers.tick(600);
  await settle();
  assert.equal(api.changes[0].notes, "typed before a reload\nAnswered for gold");
});

test("changes are sent one after the other", async () => {
  const { updateInteraction } = new FakeApi();
  let release;
  const reasonsHeldUp = new Promise((resolve) => (release = resolve));
  const order = [];
  const slow = new Notes({
    agentId: "1001",
    callKey: "call 1 +1",
    save: async (id, change) => {
      if (change.wrap_up_reasons) await reasonsHeldUp;
      order.push(Object.keys(change)[0]);
      return updateInteraction(id, change);
    },
    drafts: new NotesDrafts(new FakeStorage(), "1001", "a"),
    now: () => Date.now(),
    onChange: () => {},
  });
  slow.update(interaction());
  const reasons = slow.change({ wrap_up_reasons: ["Sale"] });
  slow.edit("text");
  const saved = slow.save();
  await settle();
  assert.deepEqual(order, []);
  release();
  await Promise.all([reasons, saved]);
  assert.deepEqual(order, ["wrap_up_reasons", "notes"]);
});

test("what is typed before the service has the call survives a reload", async () => {
  const api = new FakeApi();
  const storage = new FakeStorage();
  create(api, storage).edit("typed in the outage");
  const after = create(api, storage);
  assert.deepEqual([after.text, after.isUnsaved], ["typed in the outage", true]);
  after.update(interaction());
  await settle();
  assert.equal(api.changes[0].notes, "typed in the outage");
  assert.equal(create(api, storage).text, "", "a later call with the same id begins empty");
});

test("a text of a call that nobody reported for an hour belongs to no later call", () => {
  const storage = new FakeStorage();
  create(new FakeApi(), storage).edit("yesterday's");
  mock.timers.setTime(1_000_000 + 3_600_001);
  assert.equal(create(new FakeApi(), storage).text, "");
});

test("what was typed during a save is sent before the desktop closes", async () => {
  const answers = [];
  const sent = [];
  const notes = create({
    updateInteraction: (id, change) => {
      sent.push(change.notes);
      return new Promise((resolve) =>
        answers.push(() => resolve(interaction({ notes: own(change.notes) }))),
      );
    },
  });
  notes.update(interaction());
  notes.edit("one");
  void notes.save();
  await settle();
  notes.edit("one two");
  const saved = notes.saveNow();
  answers.shift()();
  await settle();
  assert.deepEqual(sent, ["one", "one two"]);
  answers.shift()();
  await saved;
  assert.equal(notes.isUnsaved, false);
});

test("a tab leaves alone what is typed in another one until that has gone", () => {
  const storage = new FakeStorage();
  const [first, second] = ["a", "b"].map((tab) => new NotesDrafts(storage, "1001", tab));
  const draft = { text: "half", base: "", typedAt: new Date().toISOString() };
  first.set("i1", draft);
  assert.equal(second.get("i1"), undefined);
  second.set("i1", null);
  assert.equal(first.get("i1").text, "half");
  first.leave();
  assert.equal(second.get("i1").text, "half");
  assert.equal(new NotesDrafts(storage, "1002", "c").get("i1"), undefined, "another agent's");
  second.set("i1", null);
  assert.deepEqual(Object.keys(storage), []);
});

test("what nobody came back to is deleted when another agent signs in", () => {
  const storage = new FakeStorage();
  const draft = { text: "half", base: "", typedAt: new Date().toISOString() };
  new NotesDrafts(storage, "1001", "a").set("i1", draft);
  mock.timers.tick(11 * 3_600_000);
  assert.ok(new NotesDrafts(storage, "1002", "b"));
  assert.equal(Object.keys(storage).length, 1);
  mock.timers.tick(3_600_000);
  assert.ok(new NotesDrafts(storage, "1002", "b"));
  assert.deepEqual(Object.keys(storage), []);
});
