/** What was done to copies since their members were read. @module */

import assert from "node:assert/strict";
import type { Member } from "../../../src/member.ts";
import { a, b, c, ringOf } from "./members.ts";
import {
  compare,
  goBy,
  GROUP,
  holdersOf,
  inventory,
  sweep,
  whereaboutsWith,
} from "./whereabouts_story.ts";

const { id } = GROUP;

const AFTER_REMOVALS: readonly [
  copies: Member[],
  removed: Member[],
  left: string[] | undefined,
  why: string,
][] = [
  [[b], [b], undefined, "no copy is left"],
  [[a, b], [b], undefined, "only the owner's is left"],
  [[a, b, c], [b], ["a", "c"], "another one is left"],
  [[b, c], [b], ["c"], "one is left that is not the owner's"],
  [[a, b], [a], ["b"], "the owner's was removed"],
];
for (const [copies, removed, left, why] of AFTER_REMOVALS) {
  const outcome = left ? "out of place" : "in place";
  const expected = left ? { seen: left } : {};
  Deno.test(`after a removal a group is ${outcome} where ${why}`, { permissions: "none" }, () => {
    const whereabouts = whereaboutsWith(ringOf(a));
    sweep(whereabouts, [a, b, c], copies);
    for (const member of removed) whereabouts.removed(id, member);
    assert.deepEqual(holdersOf(whereabouts), expected);
  });

  Deno.test(`what was removed while members were compared is not brought back where ${why}`, {
    permissions: "none",
  }, () => {
    const whereabouts = whereaboutsWith(ringOf(a));
    sweep(whereabouts, [a, b, c], copies);
    compare(whereabouts, () => {
      for (const member of removed) whereabouts.removed(id, member);
    });
    assert.deepEqual(holdersOf(whereabouts), expected);
    compare(whereabouts);
    assert.deepEqual(holdersOf(whereabouts), expected, "nothing newer was read");
  });
}

Deno.test(
  "a read that begins after a removal tells of what came since, one that began before does not",
  {
    permissions: "none",
  },
  () => {
    const whereabouts = whereaboutsWith(ringOf(a));
    const reading = whereabouts.begin(b);
    whereabouts.removed(id, b);
    reading.end(inventory({ [id]: 1 }));
    compare(whereabouts);
    assert.deepEqual(holdersOf(whereabouts), {});
    sweep(whereabouts, [b], [b]);
    assert.deepEqual(holdersOf(whereabouts), { seen: ["b"] });
  },
);

Deno.test("a group that was placed on another member than its owner is out of place there", {
  permissions: "none",
}, () => {
  const whereabouts = whereaboutsWith(ringOf(a));
  whereabouts.placed(id, a);
  assert.equal(whereabouts.isClear(), true);
  whereabouts.placed(id, b);
  assert.deepEqual(holdersOf(whereabouts), { seen: ["b"] });
  whereabouts.removed(id, b);
  assert.equal(whereabouts.isClear(), true);
});

Deno.test("nothing is known of the push time of what was placed and not read since", {
  permissions: "none",
}, () => {
  const whereabouts = whereaboutsWith(ringOf(a));
  whereabouts.placed(id, b);
  const pushed = () => whereabouts.holdersOf(GROUP)?.seen.get(b);
  assert.deepEqual(pushed(), { min: -Infinity, max: Infinity });
  whereabouts.begin(b).end(inventory({ [id]: 7 }));
  compare(whereabouts);
  assert.deepEqual(pushed(), { min: 7, max: 7 });
});

for (const removed of [false, true]) {
  const what = removed ? "removed again" : "placed";
  Deno.test(`a read under way does not hide what was ${what} meanwhile`, {
    permissions: "none",
  }, () => {
    const whereabouts = whereaboutsWith(ringOf(a));
    const reading = whereabouts.begin(b);
    whereabouts.placed(id, b);
    if (removed) whereabouts.removed(id, b);
    reading.end(inventory({}));
    compare(whereabouts);
    assert.deepEqual(holdersOf(whereabouts), removed ? {} : { seen: ["b"] });
    sweep(whereabouts, [b]);
    assert.equal(whereabouts.isClear(), true, "the next one began after it");
  });
}

Deno.test("a settled group is in place, and only that one", { permissions: "none" }, () => {
  const whereabouts = whereaboutsWith(ringOf(a));
  goBy(whereabouts, ringOf(b));
  whereabouts.settled(id);
  assert.deepEqual(holdersOf(whereabouts), {});
  assert.equal(whereabouts.isClear(), false);
  const other = "/metrics/job/other";
  assert.deepEqual(whereabouts.holdersOf({ id: other, key: other })?.presumed, [a]);
});

Deno.test("a mark is known until the copy is removed, or all that could hold more have been read", {
  permissions: "none",
}, () => {
  const whereabouts = whereaboutsWith(ringOf(a));
  whereabouts.marked(id, a);
  whereabouts.marked(id, b);
  assert.deepEqual([a, b, c].map((member) => whereabouts.isMarked(id, member)), [
    true,
    true,
    false,
  ]);
  whereabouts.removed(id, b);
  assert.equal(whereabouts.isMarked(id, b), false);
  whereabouts.begin(c).fail();
  sweep(whereabouts, [a, b]);
  assert.equal(whereabouts.isMarked(id, a), true, "c cannot be read");
  sweep(whereabouts, [c]);
  assert.equal(whereabouts.isMarked(id, a), false);
});
