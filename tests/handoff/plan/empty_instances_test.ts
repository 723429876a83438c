import assert from "node:assert/strict";
import { createEmptyInstances } from "../../../src/handoff/plan/empty_instances.ts";
import { a, b } from "./members.ts";

const id = "/metrics/job/backup";

Deno.test("of a member that was not asked nothing is known, and nothing is in the way", {
  permissions: "none",
}, () => {
  const instances = createEmptyInstances();
  assert.deepEqual([instances.isClear(), instances.knows(a), instances.has(a, id)], [
    true,
    false,
    false,
  ]);
});

Deno.test("what a member stores with an empty instance is known of that member alone", {
  permissions: "none",
}, () => {
  const instances = createEmptyInstances();
  instances.learn(a, new Set([id]));
  assert.deepEqual([instances.knows(a), instances.has(a, id)], [true, true]);
  assert.deepEqual([instances.knows(b), instances.has(b, id)], [false, false]);
  assert.equal(instances.has(a, "/metrics/job/other"), false);
  assert.equal(instances.isClear(), false);
  instances.learn(b, new Set());
  assert.equal(instances.isClear(), false, "a still does");
});

Deno.test("a group that was deleted is stored so no more", { permissions: "none" }, () => {
  const instances = createEmptyInstances();
  const found = new Set([id]);
  instances.learn(a, found);
  instances.removed(id, b);
  assert.equal(instances.has(a, id), true, "it was another member's copy");
  instances.removed(id, a);
  assert.deepEqual([instances.has(a, id), instances.isClear(), instances.knows(a)], [
    false,
    true,
    true,
  ]);
  assert.deepEqual(found, new Set([id]), "what was handed in is not altered");
});

Deno.test("a member that may have other data now is asked again", { permissions: "none" }, () => {
  const instances = createEmptyInstances();
  instances.learn(a, new Set([id]));
  instances.forget(a);
  assert.deepEqual([instances.knows(a), instances.has(a, id), instances.isClear()], [
    false,
    false,
    true,
  ]);
  instances.learn(a, new Set(["/metrics/job/other"]));
  assert.equal(instances.has(a, id), false);
});
