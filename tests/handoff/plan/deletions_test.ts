import assert from "node:assert/strict";
import { createDeletions } from "../../../src/handoff/plan/deletions.ts";
import { a, b } from "./members.ts";

const EXACT = { min: 0, max: 0 };
/** What a read of a member found of some groups. */
const read = (times: Readonly<Record<string, number>>) => ({
  times: new Map(Object.entries(times)),
  clockAhead: EXACT,
});

Deno.test("a deletion is remembered by its last time until all that did not hear of it were read", {
  permissions: "none",
}, () => {
  const deletions = createDeletions();
  deletions.note("x", 10, [a]);
  deletions.note("y", 20, [a, b]);
  deletions.note("x", 30, [a]);
  assert.deepEqual([...deletions.pending], [["y", 20], ["x", 30]]);
  deletions.read(a, read({}), 25);
  assert.deepEqual([...deletions.pending], [["y", 20], ["x", 30]], "b was not read yet");
  deletions.read(b, read({}), 25);
  assert.deepEqual([...deletions.pending], [["x", 30]]);
  deletions.read(a, read({}), 31);
  assert.equal(deletions.pending.size, 0);
});

Deno.test("a read that began before the deletion, or with it, tells nothing of it", {
  permissions: "none",
}, () => {
  const deletions = createDeletions();
  deletions.note("x", 10, [a]);
  for (const beganAt of [9, 10]) deletions.read(a, read({}), beganAt);
  assert.equal(deletions.pending.size, 1);
});

Deno.test("a copy of before the deletion is waited for until it is gone", {
  permissions: "none",
}, () => {
  const deletions = createDeletions();
  deletions.note("x", 10, [a]);
  deletions.read(a, read({ x: 9 }), 11);
  assert.equal(deletions.pending.size, 1, "it is there still");
  deletions.read(a, read({}), 12);
  assert.equal(deletions.pending.size, 0);
});

Deno.test("a copy that may have been pushed since is none that the deletion meant", {
  permissions: "none",
}, () => {
  const deletions = createDeletions();
  deletions.note("x", 10, [a]);
  const unsure = { times: new Map([["x", 9]]), clockAhead: { min: -2, max: 2 } };
  deletions.read(a, unsure, 12);
  assert.equal(deletions.pending.size, 0);
});

Deno.test("a read of a member that has heard of the deletion settles nothing", {
  permissions: "none",
}, () => {
  const deletions = createDeletions();
  deletions.note("x", 10, [b]);
  deletions.read(a, read({}), 11);
  assert.equal(deletions.pending.size, 1);
});

Deno.test("a member that is gone for good is not waited for", { permissions: "none" }, () => {
  const deletions = createDeletions();
  deletions.note("x", 10, [a]);
  deletions.note("y", 10, [a, b]);
  deletions.forget(a);
  assert.deepEqual([...deletions.pending], [["y", 10]]);
  deletions.read(b, read({}), 11);
  assert.equal(deletions.pending.size, 0);
});

Deno.test("the oldest of too many deletions are given up", { permissions: "none" }, () => {
  const deletions = createDeletions();
  for (let i = 0; i < 10_002; i++) deletions.note(`/metrics/job/job${i}`, 1, [a]);
  assert.equal(deletions.pending.size, 10_000);
  assert.equal(deletions.pending.has("/metrics/job/job1"), false);
  assert.equal(deletions.pending.has("/metrics/job/job2"), true);
});
