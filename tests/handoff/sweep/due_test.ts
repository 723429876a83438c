import assert from "node:assert/strict";
import { createDue } from "../../../src/handoff/sweep/due.ts";
import { a, b } from "../plan/members.ts";

/** Every delay as long as it may be. */
const longest = () => 1;

Deno.test("a member that nothing is known of is due, one that is being read is not", {
  permissions: "none",
}, () => {
  const due = createDue(longest);
  assert.equal(due.isDue(a, 0), true);
  assert.equal(due.leftMs([a], 0), 0);
  due.begins(a);
  assert.equal(due.isDue(a, 1e9), false);
  assert.equal(due.leftMs([a], 0), Infinity);
  assert.equal(due.leftMs([], 0), Infinity);
});

Deno.test("a member that was read is due again at its time, whatever becomes of others", {
  permissions: "none",
}, () => {
  const due = createDue(longest);
  for (const member of [a, b]) due.begins(member);
  due.wasRead(a, 500);
  assert.deepEqual([due.isDue(a, 499), due.isDue(a, 500)], [false, true]);
  assert.equal(due.leftMs([a, b], 100), 400, "b is being read still");
  due.wasRead(b, 300);
  assert.equal(due.leftMs([a, b], 100), 200);
  assert.equal(due.leftMs([a, b], 900), 0);
});

Deno.test("who is asked for while it is being read is read once more right after", {
  permissions: "none",
}, () => {
  for (const ask of ["now", "all"] as const) {
    const due = createDue(longest);
    due.begins(a);
    if (ask === "now") due.now(a);
    else due.all();
    assert.equal(due.isDue(a, 0), false, "one read at a time");
    due.wasRead(a, 500);
    assert.equal(due.isDue(a, 0), true);
    due.begins(a);
    due.wasRead(a, 500);
    assert.equal(due.isDue(a, 0), false);
  }
});

Deno.test("who is asked for is due at once, and so are all", { permissions: "none" }, () => {
  const due = createDue(longest);
  for (const member of [a, b]) {
    due.begins(member);
    due.wasRead(member, 500);
  }
  due.now(a);
  assert.deepEqual([due.isDue(a, 0), due.isDue(b, 0)], [true, false]);
  due.all();
  assert.equal(due.isDue(b, 0), true);
});

Deno.test("a member may be wanted sooner, and not later", { permissions: "none" }, () => {
  const due = createDue(longest);
  due.begins(a);
  due.by(a, 100);
  due.wasRead(a, 500);
  assert.equal(due.leftMs([a], 0), 500, "what it is wanted for while it is read comes about then");
  due.by(a, 700);
  assert.equal(due.leftMs([a], 0), 500);
  due.by(a, 100);
  assert.equal(due.leftMs([a], 0), 100);
  due.now(a);
  due.by(a, 100);
  assert.equal(due.isDue(a, 0), true);
});

Deno.test("a member that cannot be read is tried again later and later, until it was read", {
  permissions: "none",
}, () => {
  const due = createDue(longest);
  const fails = () => {
    due.begins(a);
    due.hasFailed(a, 0);
    return due.leftMs([a], 0);
  };
  const delays = [1, 2, 3, 4, 5, 6, 7].map(fails);
  assert.deepEqual(delays, [1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000]);
  due.begins(a);
  due.wasRead(a, 0);
  assert.equal(fails(), 1_000);
});

Deno.test("what a member waits for is looked at again later and later, once for each read", {
  permissions: "none",
}, () => {
  const due = createDue(longest);
  const looks = () => {
    due.begins(a);
    due.wasRead(a, 1e9);
    for (const nowMs of [0, 900]) due.waits(a, nowMs);
    return due.leftMs([a], 0);
  };
  assert.deepEqual([1, 2, 3].map(looks), [1_000, 2_000, 4_000]);
  due.waitsNoMore(a);
  assert.equal(looks(), 1_000);
});

Deno.test("delays are drawn, so that many instances do not read in step", {
  permissions: "none",
}, () => {
  const due = createDue(() => 0);
  due.begins(a);
  due.hasFailed(a, 0);
  assert.equal(due.leftMs([a], 0), 500);
});

Deno.test("a member that is forgotten and comes again is due, and fails as if for the first time", {
  permissions: "none",
}, () => {
  const due = createDue(longest);
  for (let i = 0; i < 3; i++) {
    due.begins(a);
    due.hasFailed(a, 0);
  }
  due.begins(a);
  due.forget(a);
  assert.equal(due.isDue(a, 0), true);
  due.begins(a);
  due.hasFailed(a, 0);
  assert.equal(due.leftMs([a], 0), 1_000);
});
