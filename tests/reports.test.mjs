// What the service's log is told of a call: everything, once answered never again, and in order.

import assert from "node:assert/strict";
import { beforeEach, mock, test } from "node:test";

import { readSeen } from "../gadget/callcard/call.js";
import { REPEAT, Reports } from "../gadget/callcard/reports.js";
import { readAction } from "../gadget/callcard/workflows.js";

class Storage {
  constructor() {
    Object.defineProperty(this, "getItem", { value: (key) => this[key] ?? null });
    Object.defineProperty(this, "setItem", { value: (key, value) => (this[key] = value) });
    Object.defineProperty(this, "removeItem", { value: (key) => delete this[key] });
  }
}

const dialog = (state, since, more = {}) => ({
  id: "1",
  fromAddress: "+1",
  toAddress: "1001",
  participants: {
    Participant: [
      {
        mediaAddress: "1001",
        mediaAddressType: "AGENT_DEVICE",
        state,
        stateChangeTime: since,
        startTime: "2026-01-01T10:00:00.000Z",
      },
    ],
  },
  ...more,
});
const ringing = readSeen(dialog("ALERTING", "2026-01-01T10:00:00.000Z"), false);
const talking = readSeen(dialog("ACTIVE", "2026-01-01T10:00:05.000Z"), false);
const held = readSeen(dialog("HELD", "2026-01-01T10:00:09.000Z"), false);
const over = readSeen(dialog("DROPPED", "2026-01-01T10:01:00.000Z"), true);

/** A service that is `up` or not. */
class Service {
  up = true;
  status = 503;
  got = [];
  send = async (report, lookup) => {
    await null;
    if (!this.up) throw Object.assign(new Error("down"), { status: this.status });
    this.got.push({ ...report, lookup });
    return { interaction: { id: "i" } };
  };
}
const settled = async () => {
  for (let n = 0; n < 20; n++) await null;
};

beforeEach(() => mock.timers.reset());

test("what happened while a report was on its way goes with the next one", async () => {
  const service = new Service();
  const reports = new Reports(service.send, () => {}, new Storage(), "1001", "a");
  reports.see(ringing, true);
  reports.see(talking);
  reports.see(held);
  await settled();
  assert.deepEqual(
    service.got.map(({ parties }) => parties[0].state),
    ["ALERTING", "HELD"],
  );
  assert.deepEqual(
    service.got[1].earlier.map(({ state }) => state),
    ["ALERTING", "ACTIVE"],
  );
  assert.equal(service.got[0].lookup, true);
  assert.equal(service.got[1].lookup, false);
  reports.see(held);
  await settled();
  assert.equal(service.got.length, 2, "nothing new is not told");
});

test("an outage in which nothing changes loses nothing of what had changed before", async () => {
  mock.timers.enable({ apis: ["setTimeout", "Date"] });
  const service = new Service();
  service.up = false;
  const reports = new Reports(service.send, () => {}, new Storage(), "1001", "a");
  for (const seen of [ringing, talking, held]) reports.see(seen);
  await settled();
  reports.again();
  reports.see(over);
  reports.agent("WORK", "2026-01-01T10:01:00.000Z");
  await settled();
  service.up = true;
  mock.timers.tick(60_000);
  await settled();
  const told = service.got.flatMap(({ earlier, parties }) =>
    [...earlier, ...parties].map(({ state }) => state),
  );
  assert.deepEqual(new Set(told), new Set(["ALERTING", "ACTIVE", "HELD", "DROPPED"]));
});

test("a service that is away is told when it is back, and after a reload too", async () => {
  mock.timers.enable({ apis: ["setTimeout", "Date"] });
  const service = new Service();
  const storage = new Storage();
  service.up = false;
  const reports = new Reports(service.send, () => {}, storage, "1001", "a");
  reports.see(ringing, true);
  reports.see(talking);
  await settled();
  const again = new Reports(service.send, () => {}, storage, "1001", "a");
  await settled();
  service.up = true;
  mock.timers.tick(2000);
  await settled();
  assert.ok(
    service.got.some(
      ({ parties, earlier }) => parties[0].state === "ACTIVE" && earlier[0].state === "ALERTING",
    ),
  );
  assert.equal(Object.keys(storage).length, 0, "nothing is kept that was answered");
  assert.ok(again);
});

test("what a browser that died had to tell is told by the next one, and not while it lives", async () => {
  mock.timers.enable({ apis: ["setTimeout", "Date"], now: 1_000_000 });
  const dead = new Service();
  dead.up = false;
  const storage = new Storage();
  new Reports(dead.send, () => {}, storage, "1001", "a").see(over);
  await settled();
  const service = new Service();
  const reports = new Reports(service.send, () => {}, storage, "1001", "b");
  await settled();
  assert.equal(service.got.length, 0);
  mock.timers.tick(2 * REPEAT + 1);
  reports.again();
  await settled();
  assert.deepEqual(
    service.got.map(({ over }) => over),
    [true],
  );
});

test("what the service will never take is not told again", async () => {
  mock.timers.enable({ apis: ["setTimeout", "Date"] });
  const service = new Service();
  service.up = false;
  service.status = 403;
  const failures = [];
  const reports = new Reports(
    service.send,
    (id, told, error) => failures.push([id, told, error.status]),
    new Storage(),
    "1001",
    "a",
  );
  reports.see(ringing, true);
  await settled();
  service.up = true;
  mock.timers.tick(60_000);
  await settled();
  assert.deepEqual(failures, [["1", null, 403]]);
  assert.equal(service.got.length, 0);
});

test("a call that is on is told of again, one that is over only if the agent's state changes", async () => {
  const service = new Service();
  const reports = new Reports(service.send, () => {}, new Storage(), "1001", "a");
  reports.see(talking);
  await settled();
  reports.again();
  await settled();
  assert.equal(service.got.length, 2);
  reports.see(over);
  await settled();
  reports.again();
  reports.agent("WORK", "2026-01-01T10:01:00.000Z");
  await settled();
  assert.deepEqual([service.got.length, service.got[3].state], [4, "WORK"]);
  reports.forget("1");
  reports.agent("READY", "2026-01-01T10:02:00.000Z");
  await settled();
  assert.equal(service.got.length, 4);
});

test("only our own workflow paths are ours", () => {
  assert.deepEqual(readAction("callcard:note?text=a%20b"), {
    action: "note",
    values: { text: "a b" },
  });
  assert.deepEqual(readAction("callcard://callback"), { action: "callback", values: {} });
  for (const other of ["https://crm.example/?x=callcard:note", "callcard", "", "callcard:../x"])
    assert.equal(readAction(other), null);
});
