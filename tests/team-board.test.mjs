// The team board of supervisors: what it shows, in which order, and what may be done.

import assert from "node:assert/strict";
import { afterEach, beforeEach, mock, test } from "node:test";

import { readUser } from "../gadget/shared/desktop-team.js";
import { obstacles, partIn, removable } from "../gadget/supervisor/agent-rules.js";
import { TeamModel } from "../gadget/supervisor/team-model.js";
import { callsOf, countGroups, levelOf, rowsOf } from "../gadget/supervisor/team-rows.js";
import { settle } from "./fakes.mjs";

globalThis.gadgets = {
  Prefs: class Prefs {
    getMsg = () => "";
  },
};
const NOW = Date.parse("2026-01-01T10:10:00Z");
const THRESHOLDS = { NOT_READY: { amber_seconds: 300, red_seconds: 600 } };

const member = (id, state = "READY", more = {}) => ({
  id,
  name: `Agent ${id}`,
  extension: id,
  state,
  state_since: "2026-01-01T10:00:00Z",
  pending_state: "",
  reason: "",
  calls: [],
  ...more,
});
const call = (more = {}) => ({
  interaction: "i",
  calls: ["1"],
  number: "+1 212 555 0123",
  name: "Ada Lovelace",
  queue: "Support",
  direction: "in",
  state: "ACTIVE",
  state_since: "",
  started_at: "",
  ...more,
});

beforeEach(() => mock.timers.enable({ apis: ["setTimeout"] }));
afterEach(() => mock.timers.reset());

/** Make a model of a team whose answers the test gives. */
function create(agents, isShown) {
  const service = { agents, calls: {}, reads: 0, pending: null };
  const followed = [];
  let now = NOW;
  const model = new TeamModel({
    api: {
      async team() {
        service.reads += 1;
        const answer = { agents: service.agents, thresholds: THRESHOLDS };
        if (service.pending) await service.pending;
        if (service.error) throw service.error;
        return answer;
      },
      async teamCalls() {
        service.reads += 1;
        return { calls: service.calls };
      },
    },
    ownId: "2001",
    now: () => now,
    follow: (id, onUpdate, signal) => followed.push({ id, onUpdate, signal }),
    onChange: () => {},
    isShown,
  });
  const wait = async (milliseconds) => {
    now += milliseconds;
    mock.timers.tick(milliseconds);
    await settle();
  };
  return { model, service, followed, wait };
}

test("events change a member at once, and their calls a moment later", async () => {
  const { model, service, followed, wait } = create([member("1001"), member("2001")]);
  await model.select("1");
  assert.deepEqual([...model.members.keys()], ["1001"], "without the supervisor");
  service.calls = { 1001: [call()] };
  followed[0].onUpdate({ id: "1001", state: "TALKING", state_since: "2026-01-01T10:09:00Z" });
  assert.equal(model.members.get("1001").state, "TALKING");
  assert.deepEqual(model.members.get("1001").calls, []);
  await wait(1000);
  assert.equal(model.members.get("1001").calls[0].name, "Ada Lovelace");
});

test("events of a team that is not read yet are few reads", async () => {
  const { model, service, followed, wait } = create([member("1001")]);
  service.error = new Error("down");
  const selected = model.select("1");
  for (let event = 0; event < 200; event += 1)
    followed[0].onUpdate({ id: `${5000 + event}`, state: "READY" });
  await selected;
  assert.equal(service.reads, 1);
  service.error = null;
  await wait(2000);
  assert.equal(service.reads, 2);
  assert.deepEqual([...model.members.keys()], ["1001"]);
});

test("nothing is read while nobody sees the team", async () => {
  const { model, service, followed, wait } = create([member("1001")], () => false);
  await model.select("1");
  service.reads = 0;
  followed[0].onUpdate({ id: "1001", state: "TALKING" });
  await wait(10_000);
  assert.equal(service.reads, 0);
  assert.equal(model.members.get("1001").state, "TALKING");
});

test("many events are few reads", async () => {
  const { model, service, followed, wait } = create([member("1001")]);
  await model.select("1");
  service.reads = 0;
  for (let second = 0; second < 20; second += 1) {
    for (const state of ["TALKING", "HOLD", "TALKING"]) followed[0].onUpdate({ id: "1001", state });
    await wait(1000);
  }
  assert.ok(service.reads <= 10, String(service.reads));
});

test("an answer that is older than an event does not take it back", async () => {
  const { model, service, followed } = create([member("1001"), member("1002")]);
  await model.select("1");
  let answer = () => {};
  service.pending = new Promise((resolve) => (answer = resolve));
  service.agents = [member("1001"), member("1002", "NOT_READY")];
  const read = model.read();
  followed[0].onUpdate({ id: "1001", state: "TALKING", reason: "" });
  answer();
  await read;
  assert.equal(model.members.get("1001").state, "TALKING");
  assert.equal(model.members.get("1002").state, "NOT_READY");
});

test("another team ends the events and the answers of the one before", async () => {
  const { model, service, followed } = create([member("1001")]);
  let answer = () => {};
  service.pending = new Promise((resolve) => (answer = resolve));
  const first = model.select("1");
  service.agents = [member("3001")];
  const second = model.select("2");
  answer();
  await Promise.all([first, second]);
  assert.equal(followed[0].signal.aborted, true);
  assert.deepEqual([...model.members.keys()], ["3001"]);
});

test("a failed read is said, and what is known stays", async () => {
  const { model, service } = create([member("1001")]);
  await model.select("1");
  service.error = new Error("down");
  await model.read();
  assert.equal(model.error, service.error);
  assert.deepEqual([...model.members.keys()], ["1001"]);
  service.error = null;
  await model.read();
  assert.equal(model.error, null);
});

test("members are grouped, filtered and ordered", () => {
  const since = (minute) => ({ state_since: `2026-01-01T10:${minute}:00Z` });
  const members = [
    member("1010", "READY", since("05")),
    member("1009", "TALKING", { ...since("07"), calls: [call()] }),
    member("1002", "NOT_READY", since("01")),
    member("1003", "LOGOUT"),
    member("1004", "RESERVED", { state_since: "" }),
  ];
  const ids = (choice) =>
    rowsOf(members, { group: "", text: "", order: "name", language: "en", ...choice }).map(
      ({ id }) => id,
    );
  assert.deepEqual(ids({}), ["1002", "1004", "1009", "1010"]);
  assert.deepEqual(ids({ order: "longest" }), ["1002", "1010", "1009", "1004"]);
  assert.deepEqual(ids({ order: "state" }), ["1010", "1004", "1009", "1002"]);
  assert.deepEqual(ids({ group: "signed-out" }), ["1003"]);
  assert.deepEqual(ids({ text: " lovelace " }), ["1009"]);
  assert.deepEqual(ids({ text: "SUPPORT" }), ["1009"]);
  assert.deepEqual(countGroups(members), {
    ready: 1,
    busy: 2,
    "wrap-up": 0,
    "not-ready": 1,
    "signed-out": 1,
  });
});

test("a call that the state contradicts is not shown", () => {
  const shown = (state, platform, more = {}) =>
    callsOf(member("1", state, { calls: [call(more)] }), platform).length;
  assert.equal(shown("TALKING", "ucce"), 1);
  assert.equal(shown("NOT_READY", "ucce"), 0);
  assert.equal(shown("NOT_READY", "uccx"), 1);
  assert.equal(shown("NOT_READY", "ucce", { state: "ALERTING" }), 1);
  assert.equal(shown("LOGOUT", "ucce", { state: "ALERTING" }), 0);
});

test("a time in a state beyond its limit is amber, then red", () => {
  const level = (state_since, state = "NOT_READY") =>
    levelOf(member("1", state, { state_since }), THRESHOLDS, NOW);
  assert.equal(level("2026-01-01T10:05:01Z"), "");
  assert.equal(level("2026-01-01T10:05:00Z"), "amber");
  assert.equal(level("2026-01-01T10:00:00Z"), "red");
  assert.equal(level(""), "");
  assert.equal(level("2026-01-01T09:00:00Z", "READY"), "");
});

const dialogWith = (extension, callType, state = "ACTIVE") => ({
  id: "9",
  mediaProperties: { callType },
  participants: { Participant: [{ mediaAddress: extension, state }] },
});

test("the supervisor's part in an agent's call", () => {
  assert.equal(partIn([], "1001"), null);
  assert.equal(partIn([dialogWith("1002", "ACD_IN")], "1001"), null);
  assert.equal(partIn([dialogWith("1001", "CONFERENCE", "DROPPED")], "1001"), null);
  assert.equal(partIn([dialogWith("", "CONFERENCE")], ""), null);
  const listening = { callId: "9", mode: "listening" };
  assert.deepEqual(partIn([dialogWith("1001", "SUPERVISOR_MONITOR")], "1001"), listening);
  assert.deepEqual(partIn([conference()], "1001"), { callId: "9", mode: "joined" });
  const left = conference({ customer: "DROPPED" });
  assert.deepEqual(partIn([left], "1001"), { callId: "9", mode: "with-agent" });
});

/** A call that the supervisor has joined. */
const conference = ({ customer = "ACTIVE", actions = ["DROP", "PARTICIPANT_DROP"] } = {}) => ({
  id: "9",
  mediaProperties: { callType: "CONFERENCE" },
  participants: {
    Participant: [
      { mediaAddress: "1001", state: "ACTIVE" },
      { mediaAddress: "555", state: customer },
      { mediaAddress: "2001", state: "ACTIVE", actions: { action: actions } },
    ],
  },
});

test("whom a supervisor can take off a call", () => {
  const user = { extension: "2001" };
  const addresses = (dialog) => removable({ user, calls: [dialog], platform: "ucce" }, "1001");
  assert.deepEqual(addresses(conference()), ["555"]);
  assert.deepEqual(addresses(conference({ actions: ["DROP"] })), [], "not permitted by Finesse");
  assert.deepEqual(addresses(conference({ customer: "DROPPED" })), []);
  assert.deepEqual(addresses(dialogWith("1001", "SUPERVISOR_MONITOR")), []);
  assert.deepEqual(removable({ user, calls: [], platform: "ucce" }, "1001"), []);
});

test("what can be done follows Finesse's rules, one step after the other", () => {
  const user = { state: "NOT_READY", extension: "2001" };
  const possible = (agent, own) =>
    Object.entries(obstacles(agent, { user, calls: [], platform: "ucce", ...own }))
      .filter(([, why]) => !why)
      .map(([action]) => action)
      .sort();
  const talking = member("1001", "TALKING");
  assert.deepEqual(possible(talking, {}), ["monitor", "sign-out"]);
  assert.deepEqual(possible(talking, { user: { ...user, state: "READY" } }), ["sign-out"]);
  assert.deepEqual(possible(talking, { calls: [dialogWith("555", "ACD_IN")] }), ["sign-out"]);
  const listening = { calls: [dialogWith("1001", "SUPERVISOR_MONITOR")] };
  assert.deepEqual(possible(talking, listening), ["barge", "leave", "sign-out"]);
  const joined = { calls: [conference()] };
  assert.deepEqual(possible(talking, joined), ["intercept", "leave", "sign-out"]);
  const withAgent = { calls: [conference({ customer: "DROPPED" })] };
  assert.deepEqual(possible(talking, withAgent), ["leave", "sign-out"]);
  assert.deepEqual(possible(member("1001", "HOLD"), {}), ["sign-out"]);
  assert.deepEqual(possible(member("1001", "HOLD"), listening), ["leave", "sign-out"]);
  const leaving = member("1001", "TALKING", { pending_state: "LOGOUT" });
  assert.deepEqual(possible(leaving, {}), ["monitor"]);
  assert.deepEqual(possible(member("1001", "READY"), {}), ["not-ready", "sign-out"]);
  assert.deepEqual(possible(member("1001", "NOT_READY"), {}), ["ready", "sign-out"]);
  const calling = member("1001", "NOT_READY", { calls: [call()] });
  assert.deepEqual(possible(calling, {}), ["ready", "sign-out"]);
  const onUccx = possible(calling, { platform: "uccx" });
  assert.deepEqual(onUccx, ["monitor", "ready", "sign-out"], "a call that no queue gave");
  assert.deepEqual(possible(member("1001", "WORK"), {}), ["not-ready", "ready", "sign-out"]);
  assert.deepEqual(possible(member("1001", "LOGOUT", { extension: "" }), {}), []);
});

test("an event of a team is read in both spellings, and rubbish is left out", () => {
  const user = { loginId: "1001", state: "NOT_READY", stateChangeTime: "2026-01-01T10:00:00Z" };
  const expected = {
    id: "1001",
    state: "NOT_READY",
    state_since: "2026-01-01T10:00:00Z",
    pending_state: "",
    reason: "Lunch",
  };
  assert.deepEqual(readUser({ ...user, ReasonCode: { label: "Lunch" } }), expected);
  assert.deepEqual(readUser({ ...user, reasonCode: { label: "Lunch" } }), expected);
  for (const rubbish of [
    undefined,
    null,
    "",
    {},
    { loginId: "1" },
    { loginId: {}, state: "READY" },
  ])
    assert.equal(readUser(rubbish), null);
});
