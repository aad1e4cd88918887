// The transfer targets that an agent used last, and their favourites.

import assert from "node:assert/strict";
import { test } from "node:test";

import { KnownTargets } from "../gadget/callcard/known-targets.js";
import { FakeStorage } from "./fakes.mjs";

const target = (number) => ({ kind: "agent", name: `Agent ${number}`, detail: "READY", number });
const numbers = (known) => known.all.map(({ number }) => number);

test("favourites come first, then the five that were used last", () => {
  const known = new KnownTargets(new FakeStorage(), "1001");
  for (const number of ["1", "2", "3", "4", "5", "6", "2"]) known.use(target(number));
  assert.deepEqual(numbers(known), ["2", "6", "5", "4", "3"]);
  known.toggle(target("4"));
  known.use(target("7"));
  assert.deepEqual(numbers(known), ["4", "7", "2", "6", "5", "3"]);
  assert.equal(known.all[0].detail, "", "a state of then says nothing now");
  known.toggle(target("4"));
  assert.equal(known.isFavourite("4"), false);
});

test("each agent has their own, and what cannot be read is nothing", () => {
  const storage = new FakeStorage();
  new KnownTargets(storage, "1001").use(target("1"));
  assert.deepEqual(numbers(new KnownTargets(storage, "1002")), []);
  for (const broken of ["{", "3", '[{"kind": "agent"}]', "null"]) {
    storage.setItem("callcard.targets.1001", broken);
    assert.deepEqual(numbers(new KnownTargets(storage, "1001")), []);
  }
});
