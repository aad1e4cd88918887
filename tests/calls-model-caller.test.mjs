// Who is calling, as the model of an agent's calls finds out.

import assert from "node:assert/strict";
import { mock, test } from "node:test";

import { FAILED_LOOKUP_MS } from "../gadget/shared/calls-model.js";
import { SAVE_RETRY_MS } from "../gadget/shared/notes.js";
import { LATER, closeAll, create, lookup, matches } from "./fake-calls.mjs";
import { contact, dialog, interaction, settle } from "./fakes.mjs";

test("a new call is reported with a look-up, and its only match is the caller", async () => {
  const { api, model, changes } = create();
  model.update([dialog("ALERTING")], "1001");
  const state = model.calls.get("1");
  assert.equal(state.lookup.status, "looking");
  await settle();
  assert.deepEqual([state.lookup.status, state.match.contact.id], ["found", "a"]);
  assert.deepEqual([api.reports.length, api.reports[0].lookup], [1, true]);
  assert.ok(changes.includes("opened 1") && changes.includes("caller 1"));
  assert.deepEqual(state.customer, {
    number: "+1",
    display: "+1 (display)",
    name: "Contact a",
    contact: "local/a",
    timeZone: "",
    note: "",
  });
  closeAll(model);
});

test("a failed look-up can be tried again", async () => {
  const { api, model } = create();
  api.isUp = false;
  api.status = 403;
  model.update([dialog("ALERTING")], "1001");
  await settle();
  const state = model.calls.get("1");
  assert.equal(state.lookup.status, "failed");
  api.isUp = true;
  model.retryLookup("1");
  assert.equal(state.lookup.status, "looking");
  await settle();
  assert.equal(state.lookup.status, "found");
  closeAll(model);
});

test("a caller is looked up again while no contact source answers", async () => {
  mock.timers.enable({ apis: ["setTimeout"] });
  const { api, model, changes } = create([]);
  api.answer.lookup.sources = { local: "failed", crm: "late" };
  model.update([dialog("ALERTING")], "1001");
  await settle();
  const state = model.calls.get("1");
  assert.equal(state.notes.interaction.id, "i1", "the call is logged all the same");
  const first = state.lookup;
  const announced = changes.filter((change) => change === "caller 1").length;
  mock.timers.tick(FAILED_LOOKUP_MS);
  await settle();
  assert.equal(api.reports.filter((report) => report.lookup).length, 2);
  assert.equal(state.lookup, first, "nothing new is shown");
  assert.equal(changes.filter((change) => change === "caller 1").length, announced);
  api.answer = { ...api.answer, lookup: lookup(matches("a")) };
  mock.timers.tick(FAILED_LOOKUP_MS);
  await settle();
  assert.equal(state.match.contact.id, "a");
  mock.timers.tick(FAILED_LOOKUP_MS);
  await settle();
  assert.equal(api.reports.filter((report) => report.lookup).length, 3);
  closeAll(model);
  mock.timers.reset();
});

test("the agent's choice among several contacts is saved", async () => {
  const found = matches("a", "b");
  const { api, model } = create(found);
  model.update([dialog("ALERTING")], "1001");
  await settle();
  const state = model.calls.get("1");
  assert.equal(state.match, null);
  await model.contacts.choose("1", found[1]);
  assert.equal(state.match.contact.id, "b");
  assert.deepEqual(api.changes, [{ id: "i1", contact: { source: "local", id: "b" } }]);
  closeAll(model);
});

test("the first of several contacts is shown if the service selects it", async () => {
  const { api, model } = create();
  const found = lookup(matches("a", "b"));
  const selection = { rule: "remembered", chosen_by: "Ana", chosen_at: LATER };
  api.answer = { ...api.answer, lookup: { ...found, selection } };
  model.update([dialog("ALERTING")], "1001");
  await settle();
  assert.equal(model.calls.get("1").match.contact.id, "a");
  assert.deepEqual(api.changes, [], "the service knows");
  closeAll(model);
});

test("a contact that is chosen during the look-up is kept and saved", async () => {
  const { api, model } = create(matches("a"));
  model.update([dialog("ALERTING")], "1001");
  const chosen = matches("b")[0];
  await model.contacts.choose("1", chosen);
  await settle();
  assert.equal(model.calls.get("1").match.contact.id, "b");
  assert.deepEqual(api.changes, [{ id: "i1", contact: { source: "local", id: "b" } }]);
  closeAll(model);
});

test("a contact that is rejected during the look-up is rejected in the service", async () => {
  const { api, model } = create(matches("a"));
  model.update([dialog("ALERTING")], "1001");
  void model.contacts.choose("1", matches("b")[0]);
  void model.contacts.reject("1");
  assert.deepEqual(api.changes, [], "the service does not know the call yet");
  await settle();
  assert.equal(model.calls.get("1").match, null);
  assert.deepEqual(api.changes, [{ id: "i1", contact_unknown: true }]);
  closeAll(model);
});

for (const [choice, change] of [
  ["chosen", { contact: { source: "local", id: "b" } }],
  ["taken off", { contact_unknown: true }],
])
  test(`a contact that is ${choice} in an outage is saved after it`, async () => {
    mock.timers.enable({ apis: ["setTimeout"] });
    const { api, model, actions } = create(matches("a"));
    model.update([dialog("ACTIVE")], "1001");
    await settle();
    const state = model.calls.get("1");
    api.isUp = false;
    if (choice === "chosen") await model.contacts.choose("1", matches("b")[0]);
    else await model.contacts.reject("1");
    assert.equal(state.notes.status, "failed");
    model.end(dialog("DROPPED", LATER));
    await settle();
    assert.equal(await actions.finish("1", true), false, "it would be lost");
    api.isUp = true;
    mock.timers.tick(SAVE_RETRY_MS);
    await settle();
    assert.deepEqual(api.changes, [{ id: "i1", ...change }]);
    assert.equal(state.match?.contact.id, choice === "chosen" ? "b" : undefined);
    assert.equal(state.notes.status, "saved");
    assert.equal(await actions.finish("1", true), true);
    mock.timers.reset();
  });

test("of two contacts that are chosen one after the other, the last one is saved last", async () => {
  const { api, model } = create(matches("a", "b"));
  model.update([dialog("ACTIVE")], "1001");
  await settle();
  const [first, last] = matches("a", "b");
  void model.contacts.choose("1", first);
  await model.contacts.choose("1", last);
  assert.deepEqual(
    api.changes.map(({ contact }) => contact.id),
    ["a", "b"],
  );
  assert.equal(model.calls.get("1").unsentChoice, null);
  closeAll(model);
});

test("a dialled contact that is read after the agent's rejection is not chosen", async () => {
  const { api, model } = create(matches("a"));
  let read;
  model.contacts.expect(new Promise((resolve) => (read = resolve)));
  model.update([dialog("ACTIVE", LATER, { fromAddress: "1001", toAddress: "+1" })], "1001");
  await settle();
  await model.contacts.reject("1");
  read(contact("b"));
  await settle();
  assert.equal(model.calls.get("1").match, null);
  assert.deepEqual(api.changes, [{ id: "i1", contact_unknown: true }]);
  closeAll(model);
});

test("a call dialled without a contact is with nobody who was dialled before", async () => {
  const { model } = create([]);
  model.contacts.expect(Promise.resolve(contact("a")));
  model.contacts.expect(null);
  model.update([dialog("ACTIVE", LATER, { fromAddress: "1001", toAddress: "+1" })], "1001");
  await settle();
  assert.equal(model.calls.get("1").match, null);
  closeAll(model);
});

test("a dialled contact that is read late is the one the call is with", async () => {
  const { api, model } = create(matches("a", "b"));
  let read;
  model.contacts.expect(new Promise((resolve) => (read = resolve)));
  model.update([dialog("ACTIVE", LATER, { fromAddress: "1001", toAddress: "+1" })], "1001");
  await settle();
  const state = model.calls.get("1");
  assert.equal(state.match, null, "two have the number");
  read(contact("b"));
  await settle();
  assert.equal(state.match.contact.id, "b");
  assert.deepEqual(api.changes.at(-1).contact, { source: "local", id: "b" });
  closeAll(model);
});

test("a dialled contact that cannot be read leaves the call to the look-up", async () => {
  const { model } = create();
  model.contacts.expect(Promise.reject(new Error("down")));
  model.update([dialog("ACTIVE", LATER, { fromAddress: "1001", toAddress: "+1" })], "1001");
  await settle();
  assert.equal(model.calls.get("1").match.contact.id, "a");
  closeAll(model);
});

test("another customer after a transfer is looked up", async () => {
  const { api, model } = create();
  model.update([dialog("ACTIVE", LATER, { fromAddress: "1002" })], "1001");
  await settle();
  api.answer = { ...api.answer, number: "+49301", lookup: null };
  model.update([dialog("ACTIVE", "2026-01-01T10:00:09.000Z", { fromAddress: "1002" })], "1001");
  api.answer = { ...api.answer, number: "+49301", lookup: lookup(matches("b")) };
  await settle();
  const state = model.calls.get("1");
  assert.equal(state.lookup.number, "+49301");
  assert.equal(state.match.contact.id, "b");
  const asked = api.reports.length;
  model.heartbeat();
  await settle();
  assert.equal(api.reports.length, asked + 1, "and only once");
  closeAll(model);
});

test("sources that are still looking are waited for, while the card shows what is there", async () => {
  const { api, model, changes } = create();
  const first = { ...lookup(matches("a")), sources: { local: "ok", crm: "pending" } };
  const all = { ...lookup(matches("a", "b")), sources: { local: "ok", crm: "ok" } };
  const wishes = [];
  const { report } = api;
  api.report = (sent, wish) => {
    wishes.push(wish);
    api.answer = { ...api.answer, lookup: wish === "all" ? all : first };
    return report.call(api, sent, wish);
  };
  const shown = [];
  model.subscribe(({ type, state }) => {
    if (type === "caller") shown.push([state.match?.contact.id, state.lookup.result.sources.crm]);
  });
  model.update([dialog("ALERTING")], "1001");
  await settle();
  assert.deepEqual(wishes, [true, "all"]);
  assert.deepEqual(shown, [
    ["a", "pending"],
    [undefined, "ok"],
  ]);
  assert.ok(changes.includes("caller 1"));
  closeAll(model);
});
