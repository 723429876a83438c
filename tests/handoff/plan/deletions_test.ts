import assert from "node:assert/strict";
import { createDeletions } from "../../../src/handoff/plan/deletions.ts";

Deno.test("a deletion is remembered by its last time until all have been swept since", {
  permissions: "none",
}, () => {
  const deletions = createDeletions();
  deletions.note("a", 10);
  deletions.note("b", 20);
  deletions.note("a", 30);
  assert.deepEqual([...deletions.pending], [["b", 20], ["a", 30]]);
  deletions.settle(20);
  assert.equal(deletions.pending.size, 2, "it may have come while they were read");
  deletions.settle(25);
  assert.deepEqual([...deletions.pending], [["a", 30]]);
  deletions.settle(31);
  assert.equal(deletions.pending.size, 0);
});

Deno.test("the oldest of too many deletions are given up", { permissions: "none" }, () => {
  const deletions = createDeletions();
  for (let i = 0; i < 10_002; i++) deletions.note(`/metrics/job/job${i}`, 1);
  assert.equal(deletions.pending.size, 10_000);
  assert.equal(deletions.pending.has("/metrics/job/job1"), false);
  assert.equal(deletions.pending.has("/metrics/job/job2"), true);
});
