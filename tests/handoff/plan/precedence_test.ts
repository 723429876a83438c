/** When another ring takes precedence for groups that rings place differently. @module */

import assert from "node:assert/strict";
import { createPrecedence, HANDOVER_MS } from "../../../src/handoff/plan/precedence.ts";
import type { HashRing } from "../../../src/ring/hash_ring.ts";
import { A, B, C, NONE } from "./rings_story.ts";

const WAIT_MS = 1_500;

/** A precedence by a clock that stands until it is told to go on. Ring A is agreed on at the beginning. */
function createStory() {
  let nowMs = 0;
  const precedence = createPrecedence(NONE, { clock: () => nowMs, waitMs: WAIT_MS });
  const follow = (
    ring: HashRing,
    { isAgreed = true, isAlone = false, stands = true } = {},
  ) => precedence.follow({ ring, isAgreed, isAlone, stands });
  follow(A);
  return { precedence, follow, pass: (ms: number) => void (nowMs += ms) };
}

Deno.test("a first ring takes precedence at once", { permissions: "none" }, () => {
  const { precedence } = createStory();
  assert.deepEqual([precedence.ring, precedence.rings], [A, [A]]);
});

Deno.test("a ring that all went by keeps precedence while its redirects may be followed", {
  permissions: "none",
}, () => {
  const { precedence, follow, pass } = createStory();
  follow(B);
  assert.deepEqual([precedence.ring, Math.min(...precedence.endsMs)], [A, WAIT_MS]);
  pass(WAIT_MS - 1);
  follow(B);
  assert.equal(precedence.ring, A);
  pass(1);
  follow(B);
  assert.equal(precedence.ring, B);
});

Deno.test("the ring before is reckoned with until other instances have found out too", {
  permissions: "none",
}, () => {
  const { precedence, follow, pass } = createStory();
  follow(B);
  pass(WAIT_MS);
  follow(B);
  assert.deepEqual(precedence.rings, [B, A]);
  assert.equal(Math.min(...precedence.endsMs), WAIT_MS + HANDOVER_MS);
  pass(HANDOVER_MS);
  assert.deepEqual(precedence.rings, [B]);
});

Deno.test("where there are no others nobody has to find out", { permissions: "none" }, () => {
  const { precedence, follow, pass } = createStory();
  follow(B, { isAlone: true });
  pass(WAIT_MS);
  follow(B, { isAlone: true });
  assert.deepEqual([precedence.rings, precedence.endsMs], [[B], [Infinity, Infinity]]);
});

Deno.test("another ring that is announced meanwhile waits as long again, four times at most", {
  permissions: "none",
}, () => {
  const { precedence, follow, pass } = createStory();
  follow(B);
  for (let i = 0; i < 4; i++) {
    pass(WAIT_MS - 1);
    follow(i % 2 === 0 ? C : B);
    assert.equal(precedence.ring, A);
  }
  assert.equal(Math.min(...precedence.endsMs), 4 * WAIT_MS);
  pass(4);
  follow(B);
  assert.equal(precedence.ring, B);
});

Deno.test("a ring that comes back never lost precedence, and the next one waits as long again", {
  permissions: "none",
}, () => {
  const { precedence, follow, pass } = createStory();
  follow(B);
  pass(WAIT_MS - 1);
  follow(A);
  assert.deepEqual([precedence.ring, Math.min(...precedence.endsMs)], [A, Infinity]);
  pass(1);
  follow(B);
  assert.equal(precedence.ring, A);
});

Deno.test("there is no wait where it makes nothing safer", { permissions: "none" }, async (t) => {
  await t.step("not all instances went by the ring", () => {
    const { precedence, follow } = createStory();
    follow(A, { isAgreed: false });
    follow(B);
    assert.deepEqual([precedence.ring, precedence.rings], [B, [B]]);
  });
  await t.step("another instance does not count it as one in use any more", () => {
    const { precedence, follow } = createStory();
    follow(B);
    follow(B, { stands: false });
    assert.equal(precedence.ring, B);
  });
  await t.step("the next ring has no members", () => {
    const { precedence, follow } = createStory();
    follow(NONE);
    assert.equal(precedence.ring, NONE);
  });
});
