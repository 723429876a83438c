/** Members that cannot be read: they are told as absent, and never taken for empty. @module */

import assert from "node:assert/strict";
import { createWhereabouts, type Whereabouts } from "../../../src/handoff/plan/whereabouts.ts";
import { a, b, c, ringOf } from "./members.ts";
import {
  compare,
  goBy,
  GROUP,
  holdersOf,
  inventory,
  sweep,
  up,
  whereaboutsWith,
} from "./whereabouts_story.ts";

const { id } = GROUP;
const NO_ALIASES = new Map();
const down = { up: false };

Deno.test("a holder that stops to answer is absent, and is seen again when it answers", {
  permissions: "none",
}, () => {
  const whereabouts = whereaboutsWith(ringOf(a));
  sweep(whereabouts, [b], [b]);
  whereabouts.membersChanged(up(a, b, c).set(b, down), NO_ALIASES);
  assert.deepEqual(holdersOf(whereabouts), { absent: ["b seen, down"] });
  sweep(whereabouts, [a, c]);
  assert.deepEqual(holdersOf(whereabouts), { absent: ["b seen, down"] }, "nobody can look");
  whereabouts.membersChanged(up(a, b, c), NO_ALIASES);
  compare(whereabouts);
  assert.deepEqual(holdersOf(whereabouts), { seen: ["b"] });
});

Deno.test("an owner that does not answer is no other holder of its groups", {
  permissions: "none",
}, () => {
  const whereabouts = whereaboutsWith(ringOf(a));
  sweep(whereabouts, [a], [a]);
  whereabouts.membersChanged(up(a, b, c).set(a, down), NO_ALIASES);
  assert.equal(whereabouts.isClear(), false);
  assert.deepEqual(holdersOf(whereabouts), {});
});

Deno.test("a member that answers and cannot be read is not taken for empty", {
  permissions: "none",
}, () => {
  const whereabouts = whereaboutsWith(ringOf(a));
  sweep(whereabouts, [b], [b]);
  whereabouts.begin(b).fail();
  assert.equal(whereabouts.isReadable(b), false);
  assert.deepEqual(holdersOf(whereabouts), { absent: ["b seen"] });
  assert.deepEqual([...whereabouts.plan().inventories.keys()], [a, c]);
  assert.deepEqual([...whereabouts.inventories.keys()], [a, b, c], "it is remembered");
  sweep(whereabouts, [b], [b]);
  assert.deepEqual(holdersOf(whereabouts), { seen: ["b"] });
});

Deno.test("a read that takes long hides its member until it has ended", {
  permissions: "none",
}, () => {
  const whereabouts = whereaboutsWith(ringOf(a));
  const reading = whereabouts.begin(b);
  assert.equal(whereabouts.isReadable(b), true);
  whereabouts.overdue(b);
  assert.equal(whereabouts.isReadable(b), false);
  reading.end(inventory({}));
  assert.equal(whereabouts.isReadable(b), true);
});

for (
  const [why, sight, because] of [
    ["does not answer", down, "a owned, down"],
    ["answers, and cannot be read", { up: true }, "a owned"],
  ] as const
) {
  Deno.test(`a former owner that ${why} may hold the group, and is not waited for`, {
    permissions: "none",
  }, () => {
    const whereabouts = whereaboutsWith(ringOf(a));
    goBy(whereabouts, ringOf(b));
    whereabouts.membersChanged(up(a, b, c).set(a, sight), NO_ALIASES);
    whereabouts.begin(a).fail();
    sweep(whereabouts, [b, c]);
    assert.deepEqual(holdersOf(whereabouts), { absent: [because] });
    assert.equal(whereabouts.holdersOf(GROUP)?.awaitsReads, false);
  });
}

Deno.test("a member that never answered may hold any group", { permissions: "none" }, () => {
  const whereabouts = createWhereabouts(ringOf(a));
  whereabouts.membersChanged(up(a).set(b, down), NO_ALIASES);
  sweep(whereabouts, [a]);
  assert.deepEqual(holdersOf(whereabouts), { absent: ["b unread, down"] });
});

Deno.test("why a member may hold a group is told once, the surest reason first", {
  permissions: "none",
}, () => {
  const whereabouts = whereaboutsWith(ringOf(a));
  sweep(whereabouts, [a], [a]);
  goBy(whereabouts, ringOf(b));
  whereabouts.begin(a).fail();
  assert.deepEqual(holdersOf(whereabouts), { absent: ["a seen"] });
});

Deno.test("what was known of a process means nothing for the one after it", {
  permissions: "none",
}, () => {
  const whereabouts = createWhereabouts(ringOf(a));
  const started = (time: string) => up(a, b).set(b, { up: true, started: time });
  whereabouts.membersChanged(started("1"), NO_ALIASES);
  sweep(whereabouts, [a, b]);
  whereabouts.marked(id, b);
  const reading = whereabouts.begin(b);
  whereabouts.membersChanged(started("2"), NO_ALIASES);
  assert.deepEqual(holdersOf(whereabouts), { absent: ["b unread"] });
  assert.equal(whereabouts.isMarked(id, b), false);
  reading.end(inventory({}));
  assert.equal(whereabouts.inventories.has(b), false);
  compare(whereabouts);
  assert.deepEqual(holdersOf(whereabouts), { absent: ["b unread"] }, "that read had begun before");
  sweep(whereabouts, [b], [b]);
  assert.deepEqual(holdersOf(whereabouts), { seen: ["b"] });
});

Deno.test("what was done to a process means nothing for the one after it", {
  permissions: "none",
}, () => {
  const whereabouts = createWhereabouts(ringOf(a));
  const started = (time: string) => up(a).set(b, { up: true, started: time });
  whereabouts.membersChanged(started("1"), NO_ALIASES);
  sweep(whereabouts, [a, b]);
  whereabouts.placed(id, b);
  whereabouts.membersChanged(started("2"), NO_ALIASES);
  whereabouts.begin(b).fail();
  compare(whereabouts);
  assert.deepEqual(holdersOf(whereabouts), { absent: ["b unread"] });
});

Deno.test(
  "a process that tells for the first time when it started is the same one, until it does not",
  {
    permissions: "none",
  },
  () => {
    const whereabouts = whereaboutsWith(ringOf(a));
    const told = up(a, b, c).set(b, { up: true, started: "1" });
    whereabouts.membersChanged(told, NO_ALIASES);
    assert.equal(whereabouts.isClear(), true);
    whereabouts.membersChanged(up(a, b, c), NO_ALIASES);
    assert.equal(whereabouts.isClear(), false, "it has restarted, and does not tell yet");
  },
);

Deno.test("a process that was read while others are compared, and restarts, is not read", {
  permissions: "none",
}, () => {
  const whereabouts = createWhereabouts(ringOf(a));
  whereabouts.membersChanged(up(a).set(b, { up: true, started: "1" }), NO_ALIASES);
  for (const member of [a, b]) whereabouts.begin(member).end(inventory({}));
  compare(whereabouts, () => {
    whereabouts.membersChanged(up(a).set(b, { up: true, started: "2" }), NO_ALIASES);
  });
  assert.deepEqual(holdersOf(whereabouts), { absent: ["b unread"] });
});

Deno.test("of a member that is gone nothing is known, and when it is back it has to be read", {
  permissions: "none",
}, () => {
  const whereabouts = whereaboutsWith(ringOf(a));
  sweep(whereabouts, [b], [b]);
  const reading = whereabouts.begin(b);
  whereabouts.membersChanged(up(a, c), NO_ALIASES);
  assert.deepEqual(holdersOf(whereabouts), { absent: ["b seen, down"] }, "as it was read last");
  compare(whereabouts);
  assert.deepEqual([holdersOf(whereabouts), whereabouts.isClear()], [{}, true]);
  whereabouts.begin(b).fail();
  whereabouts.overdue(b);
  reading.end(inventory({ [id]: 1 }));
  assert.deepEqual([...whereabouts.inventories.keys()], [a, c]);
  whereabouts.membersChanged(up(a, b, c), NO_ALIASES);
  assert.deepEqual(holdersOf(whereabouts), { absent: ["b unread"] });
});

for (
  const [why, hide, show] of [
    [
      "answers again",
      (known: Whereabouts) => known.membersChanged(up(a, b, c).set(b, down), NO_ALIASES),
      (known: Whereabouts) => known.membersChanged(up(a, b, c), NO_ALIASES),
    ],
    [
      "could be read again",
      (known: Whereabouts) => known.begin(b).fail(),
      (known: Whereabouts) => known.begin(b).end(inventory({ [id]: 2 })),
    ],
  ] as const
) {
  Deno.test(`what a member holds that ${why} is known before it is compared with the ring`, {
    permissions: "none",
  }, () => {
    const whereabouts = whereaboutsWith(ringOf(a));
    sweep(whereabouts, [b], [b]);
    hide(whereabouts);
    compare(whereabouts);
    assert.equal(holdersOf(whereabouts).seen, undefined);
    show(whereabouts);
    assert.deepEqual([holdersOf(whereabouts), whereabouts.isClear()], [{ seen: ["b"] }, false]);
    whereabouts.removed(id, b);
    assert.deepEqual(holdersOf(whereabouts), {});
    compare(whereabouts);
    assert.equal(whereabouts.isClear(), true);
  });
}

Deno.test("a mark counts no more once its member has been dead", { permissions: "none" }, () => {
  const whereabouts = whereaboutsWith(ringOf(a));
  whereabouts.marked(id, a);
  whereabouts.membersChanged(up(a, b, c), NO_ALIASES);
  assert.equal(whereabouts.isMarked(id, a), true);
  whereabouts.membersChanged(up(a, b, c).set(a, { up: false }), NO_ALIASES);
  whereabouts.membersChanged(up(a, b, c), NO_ALIASES);
  assert.equal(whereabouts.isMarked(id, a), false, "others may have taken its pushes");
});
