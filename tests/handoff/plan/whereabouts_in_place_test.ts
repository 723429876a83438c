/** Whether all groups on some members are known to be in place. @module */

import assert from "node:assert/strict";
import type { Whereabouts } from "../../../src/handoff/plan/whereabouts.ts";
import { a, b, c, d, ringOf } from "./members.ts";
import {
  compare,
  goBy,
  GROUP,
  inventory,
  sweep,
  up,
  whereaboutsWith,
} from "./whereabouts_story.ts";

const ALL = new Set([a, b, c]);
const [OF_A, OF_ALL] = [ringOf(a), ringOf(a, b, c)];

const STORIES: readonly [
  what: string,
  isInPlace: boolean,
  happen: (whereabouts: Whereabouts) => void,
][] = [
  ["all members were read and hold nothing", true, () => {}],
  ["a group lies on its owner", true, (whereabouts) => sweep(whereabouts, [a, b, c], [a])],
  ["a group lies elsewhere", false, (whereabouts) => sweep(whereabouts, [a, b, c], [b])],
  [
    "a group lies on its owner and elsewhere",
    false,
    (whereabouts) => sweep(whereabouts, [a, b, c], [a, b]),
  ],
  [
    "a member has just come, and was not read",
    false,
    (whereabouts) => whereabouts.membersChanged(up(a, b, c, d), new Map()),
  ],
  ["a member cannot be read", false, (whereabouts) => whereabouts.begin(b).fail()],
  [
    "a member has died",
    false,
    (whereabouts) =>
      whereabouts.membersChanged(new Map([...up(a, c), [b, { up: false }]]), new Map()),
  ],
  [
    "another ring is in force since members were read",
    false,
    (whereabouts) => goBy(whereabouts, OF_ALL),
  ],
  ["another ring is in force, and members were read since", true, (whereabouts) => {
    goBy(whereabouts, OF_ALL);
    sweep(whereabouts, [a, b, c]);
  }],
  [
    "a copy was put where it does not belong",
    false,
    (whereabouts) => whereabouts.placed(GROUP.id, b),
  ],
  ["the owner was pushed to", true, (whereabouts) => whereabouts.placed(GROUP.id, a)],
  ["a copy was deleted, and its member was not read since", false, (whereabouts) => {
    sweep(whereabouts, [a, b, c], [a, b]);
    whereabouts.removed(GROUP.id, b);
  }],
  ["very much was done since members were read", false, (whereabouts) => {
    for (let i = 0; i <= 1_000; i++) whereabouts.placed(`/metrics/job/job${i}`, a);
  }],
  ["a copy was deleted, and its member was read since", true, (whereabouts) => {
    sweep(whereabouts, [a, b, c], [a, b]);
    whereabouts.removed(GROUP.id, b);
    whereabouts.begin(b).end(inventory({}));
    compare(whereabouts);
  }],
];
for (const [what, isInPlace, happen] of STORIES) {
  Deno.test(`groups are ${isInPlace ? "" : "not "}known to be in place where ${what}`, {
    permissions: "none",
  }, () => {
    const whereabouts = whereaboutsWith(OF_A);
    happen(whereabouts);
    assert.equal(whereabouts.areInPlace(new Set([...ALL, d])), isInPlace);
  });
}

Deno.test("a member that is not asked about keeps nobody out of place", {
  permissions: "none",
}, () => {
  const whereabouts = whereaboutsWith(OF_ALL);
  whereabouts.membersChanged(new Map([...up(a, c), [b, { up: false }]]), new Map());
  goBy(whereabouts, ringOf(a, c));
  assert.equal(whereabouts.areInPlace(new Set([a, c])), false);
  sweep(whereabouts, [a, c]);
  assert.equal(whereabouts.areInPlace(new Set([a, c])), true);
  assert.equal(whereabouts.areInPlace(ALL), false);
});
