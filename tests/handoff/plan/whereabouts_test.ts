/** What reads tell of where a group lies. @module */

import assert from "node:assert/strict";
import { createWhereabouts } from "../../../src/handoff/plan/whereabouts.ts";
import { a, b, c, d, ringOf } from "./members.ts";
import {
  compare,
  GROUP,
  holdersOf,
  inventory,
  sweep,
  up,
  whereaboutsWith,
} from "./whereabouts_story.ts";

Deno.test("before any member is known everything is in place", { permissions: "none" }, () => {
  const whereabouts = createWhereabouts(ringOf(a));
  assert.equal(whereabouts.isClear(), true);
  assert.deepEqual(holdersOf(whereabouts), {});
  assert.equal(whereabouts.ownerOf(GROUP.key), a);
});

Deno.test("a member of the ring that was never read may hold any group, and is waited for", {
  permissions: "none",
}, () => {
  const whereabouts = createWhereabouts(ringOf(a, b));
  whereabouts.membersChanged(up(a, b), new Map());
  assert.equal(whereabouts.isClear(), false);
  assert.deepEqual(holdersOf(whereabouts), { unread: ["a", "b"] });
  assert.equal(whereabouts.holdersOf(GROUP)?.awaitsReads, true);
  sweep(whereabouts, [a]);
  assert.deepEqual(holdersOf(whereabouts), { unread: ["b"] });
  sweep(whereabouts, [b]);
  assert.deepEqual([whereabouts.isClear(), holdersOf(whereabouts)], [true, {}]);
});

Deno.test(
  "a member outside of the ring that was never read may hold any group, and is not waited for",
  {
    permissions: "none",
  },
  () => {
    const whereabouts = whereaboutsWith(ringOf(a));
    whereabouts.membersChanged(up(a, b, c, d), new Map());
    assert.deepEqual(holdersOf(whereabouts), { absent: ["d unread"] });
    assert.equal(whereabouts.holdersOf(GROUP)?.awaitsReads, false);
    sweep(whereabouts, [d]);
    assert.equal(whereabouts.isClear(), true);
  },
);

Deno.test("what was read counts once it has been compared with the ring", {
  permissions: "none",
}, () => {
  const whereabouts = createWhereabouts(ringOf(a));
  whereabouts.membersChanged(up(a), new Map());
  whereabouts.begin(a).end(inventory({}));
  assert.deepEqual(holdersOf(whereabouts), { unread: ["a"] });
  compare(whereabouts);
  assert.equal(whereabouts.isClear(), true);
});

Deno.test("what a read has found is known until the next one", { permissions: "none" }, () => {
  const whereabouts = whereaboutsWith(ringOf(a));
  sweep(whereabouts, [b], [b]);
  assert.deepEqual([holdersOf(whereabouts), whereabouts.size], [{ seen: ["b"] }, 1]);
  assert.equal(whereabouts.isClear(), false);
  sweep(whereabouts, [a, c]);
  assert.deepEqual(holdersOf(whereabouts), { seen: ["b"] }, "others were read");
  sweep(whereabouts, [b]);
  assert.deepEqual([holdersOf(whereabouts), whereabouts.size], [{}, 0]);
});

Deno.test("the owner is named where another member holds the group, too", {
  permissions: "none",
}, () => {
  const whereabouts = whereaboutsWith(ringOf(a));
  sweep(whereabouts, [a, b], [a, b]);
  assert.deepEqual(holdersOf(whereabouts), { seen: ["a", "b"] });
});

Deno.test("where all is forgotten every member has to be read again", {
  permissions: "none",
}, () => {
  const whereabouts = whereaboutsWith(ringOf(a, b));
  sweep(whereabouts, [c], [c]);
  const reading = whereabouts.begin(a);
  whereabouts.forgetAll();
  assert.deepEqual([whereabouts.size, [...whereabouts.inventories.keys()]], [0, []]);
  assert.deepEqual(holdersOf(whereabouts), { unread: ["a", "b"], absent: ["c unread"] });
  reading.end(inventory({}));
  compare(whereabouts);
  assert.deepEqual(holdersOf(whereabouts).unread, ["a", "b"], "that read had begun before");
});

Deno.test("where all is forgotten, others go by their rings all the same", {
  permissions: "none",
}, () => {
  const whereabouts = whereaboutsWith(ringOf(b));
  const [ours, theirs] = [ringOf(b), ringOf(a)];
  whereabouts.ringsChanged({ present: ours, leader: ours, inUse: [theirs] });
  whereabouts.forgetAll();
  sweep(whereabouts, [a, b, c]);
  assert.deepEqual(holdersOf(whereabouts), { presumed: ["a"] });
});
