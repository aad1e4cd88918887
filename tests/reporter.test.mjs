// Reports of calls: each change, in order, until it is acknowledged.

import assert from "node:assert/strict";
import { beforeEach, mock, test } from "node:test";

import { readReport } from "../gadget/shared/call.js";
import { CallReporter, HEARTBEAT_MS } from "../gadget/shared/reporter.js";
import { FakeApi, FakeStorage, dialog, settle } from "./fakes.mjs";

const ringing = readReport(dialog("ALERTING", "2026-01-01T10:00:00.000Z"), false);
const talking = readReport(dialog("ACTIVE", "2026-01-01T10:00:05.000Z"), false);
const held = readReport(dialog("HELD", "2026-01-01T10:00:09.000Z"), false);
const ended = readReport(dialog("DROPPED", "2026-01-01T10:01:00.000Z"), true);

const create = (api, { storage = new FakeStorage(), tab = "a", onAnswer = () => {} } = {}) =>
  new CallReporter({ send: api.report, onAnswer, storage, agentId: "1001", tab });
const states = (participants) => participants.map(({ state }) => state);

beforeEach(() => mock.timers.reset());

test("states passed while a report is sent go with the next one", async () => {
  const api = new FakeApi();
  const reporter = create(api);
  reporter.report(ringing, true);
  reporter.report(talking);
  reporter.report(held);
  await settle();
  assert.deepEqual(
    api.reports.map(({ participants }) => participants[0].state),
    ["ALERTING", "HELD"],
  );
  assert.deepEqual(states(api.reports[1].earlier_states), ["ALERTING", "ACTIVE"]);
  assert.deepEqual([api.reports[0].lookup, api.reports[1].lookup], [true, false]);
  reporter.report(held);
  await settle();
  assert.equal(api.reports.length, 2, "an unchanged call is not reported again");
});

test("an outage loses no state of a call", async () => {
  mock.timers.enable({ apis: ["setTimeout", "Date"] });
  const api = new FakeApi();
  api.isUp = false;
  const reporter = create(api);
  for (const report of [ringing, talking, held]) reporter.report(report);
  await settle();
  reporter.heartbeat();
  reporter.report(ended);
  reporter.setAgentState("WORK", "2026-01-01T10:01:00.000Z");
  await settle();
  api.isUp = true;
  mock.timers.tick(60_000);
  await settle();
  const reported = api.reports.flatMap(({ earlier_states, participants }) =>
    states([...earlier_states, ...participants]),
  );
  assert.deepEqual(new Set(reported), new Set(["ALERTING", "ACTIVE", "HELD", "DROPPED"]));
});

test("a call that Finesse has not confirmed is reported again until it has", async () => {
  mock.timers.enable({ apis: ["setTimeout", "Date"] });
  const api = new FakeApi();
  api.answer = { ...api.answer, verified: false };
  const reporter = create(api);
  reporter.report(ringing, true);
  await settle();
  mock.timers.tick(3000);
  await settle();
  assert.equal(api.reports.length, 2);
  api.answer = { ...api.answer, verified: true };
  for (let second = 0; second < 20; second++) {
    mock.timers.tick(1000);
    await settle();
  }
  assert.equal(api.reports.length, 3);
});

test("pending reports survive a reload", async () => {
  mock.timers.enable({ apis: ["setTimeout", "Date"] });
  const api = new FakeApi();
  const storage = new FakeStorage();
  api.isUp = false;
  const before = create(api, { storage });
  before.report(ringing, true);
  before.report(talking);
  await settle();
  create(api, { storage });
  await settle();
  api.isUp = true;
  mock.timers.tick(2000);
  await settle();
  assert.ok(
    api.reports.some(
      ({ participants, earlier_states }) =>
        participants[0].state === "ACTIVE" && earlier_states[0].state === "ALERTING",
    ),
  );
  assert.equal(Object.keys(storage).length, 0, "acknowledged reports are not kept");
});

test("another tab takes over reports only from a tab that was closed", async () => {
  mock.timers.enable({ apis: ["setTimeout", "Date"], now: 1_000_000 });
  const down = new FakeApi();
  down.isUp = false;
  const storage = new FakeStorage();
  create(down, { storage }).report(ended);
  await settle();
  const api = new FakeApi();
  const reporter = create(api, { storage, tab: "b" });
  await settle();
  assert.equal(api.reports.length, 0);
  mock.timers.tick(2 * HEARTBEAT_MS + 1);
  reporter.heartbeat();
  await settle();
  assert.deepEqual(
    api.reports.map((report) => report.ended),
    [true],
  );
});

test("a report that the service rejects is not repeated", async () => {
  mock.timers.enable({ apis: ["setTimeout", "Date"] });
  const api = new FakeApi();
  api.isUp = false;
  api.status = 403;
  const failures = [];
  const onAnswer = (id, answer, error) => failures.push([id, answer, error.status]);
  create(api, { onAnswer }).report(ringing, true);
  await settle();
  api.isUp = true;
  mock.timers.tick(60_000);
  await settle();
  assert.deepEqual(failures, [["1", null, 403]]);
  assert.equal(api.reports.length, 0);
});

test("the heartbeat reports running calls, the agent's state ended ones", async () => {
  const api = new FakeApi();
  const reporter = create(api);
  reporter.report(talking);
  await settle();
  reporter.heartbeat();
  await settle();
  assert.equal(api.reports.length, 2);
  reporter.report(ended);
  await settle();
  reporter.heartbeat();
  reporter.setAgentState("WORK", "2026-01-01T10:01:00.000Z");
  await settle();
  assert.deepEqual([api.reports.length, api.reports[3].agent_state], [4, "WORK"]);
  reporter.forget("1");
  reporter.setAgentState("READY", "2026-01-01T10:02:00.000Z");
  await settle();
  assert.equal(api.reports.length, 4);
});
