/** When all copies of a group are known without a read, so that a push need not wait for one. @module */

import assert from "node:assert/strict";
import type { Whereabouts } from "../../../src/handoff/plan/whereabouts.ts";
import { a, b, c, ringOf } from "./members.ts";
import {
  compare,
  goBy,
  GROUP,
  inventory,
  sweep,
  up,
  whereaboutsWith,
} from "./whereabouts_story.ts";

const { id } = GROUP;
const HOLDS = inventory({ [id]: 1 });

/** The members that hold the only copies there can be. `undefined` where members have to be read. */
function exactOf(whereabouts: Whereabouts): string[] | undefined {
  const exact = whereabouts.holdersOf(GROUP)?.exact;
  return exact && [...exact.keys()].toSorted();
}

/** A group on `a`, which the ring in force places on `b`; all have been read since. */
function misplaced(): Whereabouts {
  const whereabouts = whereaboutsWith(ringOf(a));
  sweep(whereabouts, [a], [a]);
  goBy(whereabouts, ringOf(b));
  sweep(whereabouts, [a, b, c], [a]);
  assert.deepEqual(exactOf(whereabouts), [a]);
  return whereabouts;
}

Deno.test("a holder whose read takes long still holds the only copy, then and when it has ended", {
  permissions: "none",
}, () => {
  const whereabouts = misplaced();
  const reading = whereabouts.begin(a);
  whereabouts.overdue(a);
  sweep(whereabouts, [b, c]);
  assert.deepEqual(exactOf(whereabouts), [a], "while it is read");
  reading.end(HOLDS);
  assert.deepEqual(exactOf(whereabouts), [a], "when it was read");
  compare(whereabouts);
  assert.deepEqual(exactOf(whereabouts), [a], "when that was compared");
});

Deno.test("a push that went elsewhere while the holder was slow makes members be read", {
  permissions: "none",
}, () => {
  const whereabouts = misplaced();
  const before = whereabouts.holdersOf(GROUP);
  assert.ok(before);
  whereabouts.overdue(a);
  sweep(whereabouts, [b, c]);
  whereabouts.taken(GROUP, { by: b, pushed: { min: 2, max: 2 }, before });
  whereabouts.begin(a).end(HOLDS);
  assert.equal(exactOf(whereabouts), undefined);
});

Deno.test("a holder that does not answer at all is no reason to send a push nowhere else", {
  permissions: "none",
}, () => {
  const whereabouts = misplaced();
  whereabouts.membersChanged(up(a, b, c).set(a, { up: false }), new Map());
  assert.equal(exactOf(whereabouts), undefined);
});

Deno.test("rings that follow each other faster than members are read leave the first owner", {
  permissions: "none",
}, () => {
  const whereabouts = whereaboutsWith(ringOf(a));
  sweep(whereabouts, [a], [a]);
  for (const ring of [ringOf(b), ringOf(c)]) {
    goBy(whereabouts, ring);
    assert.deepEqual(exactOf(whereabouts), [a]);
  }
  whereabouts.settled(id);
  assert.equal(exactOf(whereabouts), undefined, "a push has moved it, to whom is not remembered");
});
