/** Which rings place a group elsewhere, and until when. @module */

import assert from "node:assert/strict";
import { createWhereabouts, type Whereabouts } from "../../../src/handoff/plan/whereabouts.ts";
import { parseMember } from "../../../src/member.ts";
import { HashRing } from "../../../src/ring/hash_ring.ts";
import { a, b, c, d, keyWith, ringOf } from "./members.ts";
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

const { id, key } = GROUP;
const awaitsReads = (whereabouts: Whereabouts) => whereabouts.holdersOf(GROUP)?.awaitsReads;

Deno.test("rings that are in use are never given up, however many", { permissions: "none" }, () => {
  const whereabouts = whereaboutsWith(ringOf(a));
  const many = Array.from({ length: 12 }, (_, i) => parseMember(`gone${i}:9091`));
  const inUse = [ringOf(b), ...many.map((member) => ringOf(member))];
  const by = (rings: readonly HashRing[]) =>
    whereabouts.ringsChanged({ present: ringOf(a), leader: ringOf(a), inUse: rings });
  for (let i = 1; i <= inUse.length; i++) by(inUse.slice(0, i));
  assert.equal(holdersOf(whereabouts).presumed?.includes("b"), true);
  by([]);
  sweep(whereabouts, [a, b, c]);
  assert.deepEqual([holdersOf(whereabouts), whereabouts.isClear()], [{}, true]);
});

Deno.test("of very many rings that have left use it is known who may hold what they left", {
  permissions: "none",
}, () => {
  const whereabouts = whereaboutsWith(ringOf(a));
  goBy(whereabouts, ringOf(b));
  for (let i = 0; i < 12; i++) goBy(whereabouts, ringOf(parseMember(`gone${i}:9091`)));
  goBy(whereabouts, ringOf(c));
  for (let i = 0; i < 2; i++) {
    const { presumed = [], unread = [], absent = [] } = holdersOf(whereabouts);
    const known = [...presumed, ...unread, ...absent.map((text) => text.split(" ")[0])];
    assert.deepEqual(known.filter((name) => ["a", "b"].includes(name)).toSorted(), ["a", "b"]);
    compare(whereabouts); // of what was read before
  }
  whereabouts.membersChanged(up(a, b, c), new Map());
  sweep(whereabouts, [a, b, c]);
  assert.deepEqual([holdersOf(whereabouts), whereabouts.isClear()], [{}, true]);
});

Deno.test("a first ring makes nobody a former owner", { permissions: "none" }, () => {
  const whereabouts = createWhereabouts(ringOf());
  whereabouts.membersChanged(up(a), new Map());
  sweep(whereabouts, [a]);
  goBy(whereabouts, ringOf(a));
  assert.equal(whereabouts.isClear(), true);
});

Deno.test("a member of the ring of which nothing has been told yet may hold any group", {
  permissions: "none",
}, () => {
  const whereabouts = createWhereabouts(ringOf());
  whereabouts.membersChanged(up(a), new Map());
  sweep(whereabouts, [a]);
  goBy(whereabouts, ringOf(a, b));
  assert.equal(whereabouts.isClear(), false);
  const path = keyWith([[ringOf(a, b), a]]);
  assert.deepEqual(whereabouts.holdersOf({ id: path, key: path })?.absent, [
    { member: b, up: false, because: "unread" },
  ]);
});

Deno.test("until it is read the former owner is presumed to hold the group, and waited for", {
  permissions: "none",
}, () => {
  const whereabouts = whereaboutsWith(ringOf(a));
  goBy(whereabouts, ringOf(b));
  assert.equal(whereabouts.isClear(), false);
  assert.deepEqual(holdersOf(whereabouts), { presumed: ["a"] });
  assert.equal(awaitsReads(whereabouts), true);
  sweep(whereabouts, [b]);
  assert.deepEqual(holdersOf(whereabouts), { presumed: ["a"] }, "another member was read");
  sweep(whereabouts, [a]);
  assert.deepEqual([holdersOf(whereabouts), whereabouts.isClear()], [{}, true]);
});

Deno.test("a read that began before the ring changed says nothing of the former owner", {
  permissions: "none",
}, () => {
  const whereabouts = whereaboutsWith(ringOf(a));
  const reading = whereabouts.begin(a);
  goBy(whereabouts, ringOf(b));
  reading.end(inventory({}));
  sweep(whereabouts, [b]);
  assert.deepEqual(holdersOf(whereabouts), { presumed: ["a"] });
});

Deno.test(
  "a group whose owner stays is in place whatever the ring",
  { permissions: "none" },
  () => {
    const whereabouts = whereaboutsWith(ringOf(a));
    const grown = ringOf(a, b);
    goBy(whereabouts, grown);
    for (let i = 0; i < 50; i++) {
      const id = `/metrics/job/job${i}`;
      const stays = grown.ownerOf(id) === a;
      assert.equal(whereabouts.holdersOf({ id, key: id }) === undefined, stays, id);
    }
  },
);

Deno.test("the owners of several former rings are presumed, each once", {
  permissions: "none",
}, () => {
  const whereabouts = whereaboutsWith(ringOf(a));
  for (const member of [b, a, b, c]) goBy(whereabouts, ringOf(member));
  assert.deepEqual(holdersOf(whereabouts), { presumed: ["a", "b"] });
  sweep(whereabouts, [a]);
  assert.deepEqual(holdersOf(whereabouts), { presumed: ["b"] });
});

Deno.test("a presumed holder that was seen is named once", { permissions: "none" }, () => {
  const whereabouts = whereaboutsWith(ringOf(a));
  sweep(whereabouts, [a, b, c], [a, c]);
  goBy(whereabouts, ringOf(b));
  assert.deepEqual(holdersOf(whereabouts), { seen: ["a", "c"] });
});

Deno.test("a group that was settled may be out of place by the next ring", {
  permissions: "none",
}, () => {
  const whereabouts = whereaboutsWith(ringOf(a));
  goBy(whereabouts, ringOf(b));
  whereabouts.settled(id);
  goBy(whereabouts, ringOf(c));
  assert.deepEqual(holdersOf(whereabouts), { presumed: ["b"] }, "it was brought there");
});

Deno.test(
  "of rings that change faster than members are read, whoever the oldest named may hold any group",
  {
    permissions: "none",
  },
  () => {
    const whereabouts = createWhereabouts(ringOf(a));
    whereabouts.membersChanged(up(a, b, c, d), new Map());
    sweep(whereabouts, [a, b, c, d]);
    const weighted = [2, 3].map((weight) => HashRing.of(new Map([[b, weight]])));
    const rings = [[b], [c], [d], [b, c], [b, d], [c, d], [b, c, d]].map((members) =>
      ringOf(...members)
    );
    for (const ring of [...rings, weighted[0]]) goBy(whereabouts, ring);
    assert(holdersOf(whereabouts).presumed?.includes("a"), "eight are remembered");
    goBy(whereabouts, weighted[1]);
    assert(!holdersOf(whereabouts).presumed?.includes("a"));
    assert.deepEqual(holdersOf(whereabouts).absent, ["a unread"]);
    sweep(whereabouts, [a]);
    assert.equal(holdersOf(whereabouts).absent, undefined);
  },
);

Deno.test("while others go by another ring its owner is presumed to hold the group, read or not", {
  permissions: "none",
}, () => {
  const whereabouts = whereaboutsWith(ringOf(b));
  const [ours, theirs] = [ringOf(b), ringOf(a)];
  whereabouts.ringsChanged({ present: ours, leader: ours, inUse: [theirs] });
  sweep(whereabouts, [a, b, c]);
  assert.deepEqual(holdersOf(whereabouts), { presumed: ["a"] });
  assert.equal(awaitsReads(whereabouts), false, "no read would tell more");
  whereabouts.settled(id);
  assert.deepEqual(holdersOf(whereabouts), { presumed: ["a"] }, "it may be pushed there again");
  const reading = whereabouts.begin(a);
  goBy(whereabouts, ours);
  reading.end(inventory({}));
  sweep(whereabouts, [b]);
  assert.deepEqual(holdersOf(whereabouts), { presumed: ["a"] }, "that read had begun before");
  assert.equal(awaitsReads(whereabouts), true);
  sweep(whereabouts, [a]);
  assert.equal(whereabouts.isClear(), true);
});

Deno.test(
  "a former ring that others take up again is in use again",
  { permissions: "none" },
  () => {
    const whereabouts = whereaboutsWith(ringOf(a));
    const [ours, theirs] = [ringOf(b), ringOf(a)];
    goBy(whereabouts, ours);
    whereabouts.ringsChanged({ present: ours, leader: ours, inUse: [theirs] });
    sweep(whereabouts, [a, b, c]);
    assert.deepEqual(holdersOf(whereabouts), { presumed: ["a"] });
  },
);

Deno.test(
  "a group belongs to its owner by the ring that was announced first, and may lie on ours",
  {
    permissions: "none",
  },
  () => {
    const whereabouts = whereaboutsWith(ringOf(b));
    const [ours, theirs] = [ringOf(b), ringOf(a)];
    whereabouts.ringsChanged({ present: ours, leader: theirs, inUse: [theirs] });
    assert.equal(whereabouts.ownerOf(key), a);
    assert.deepEqual(holdersOf(whereabouts), { presumed: ["b"] });
    assert.deepEqual(whereabouts.holdersOf(GROUP)?.doubtful, [], "it was pushed there");
    sweep(whereabouts, [a, b, c], [b]);
    assert.deepEqual(holdersOf(whereabouts), { seen: ["b"] });
  },
);

for (const heard of ["before", "after"] as const) {
  Deno.test(
    `while the ring before takes precedence, the next owner is told from those that may hold the group, if others announce the next ring ${heard} it is ours`,
    {
      permissions: "none",
    },
    () => {
      const whereabouts = whereaboutsWith(ringOf(a));
      const [former, next] = [ringOf(a), ringOf(b)];
      const goOver = () => {
        if (heard === "before") {
          whereabouts.ringsChanged({ present: former, leader: former, inUse: [next] });
        }
        whereabouts.ringsChanged({ present: next, leader: former, inUse: [former] });
      };
      goOver();
      assert.deepEqual(holdersOf(whereabouts), { presumed: ["b"] });
      assert.deepEqual(whereabouts.holdersOf(GROUP)?.doubtful, [b]);
      whereabouts.placed(id, b);
      assert.deepEqual(holdersOf(whereabouts), { seen: ["b"] });
      goBy(whereabouts, next);
      goBy(whereabouts, former);
      goOver();
      assert.deepEqual(holdersOf(whereabouts), { seen: ["b"] }, "it was pushed there by that ring");
    },
  );
}

Deno.test(
  "an owner by that ring that does not answer owns nothing",
  { permissions: "none" },
  () => {
    const whereabouts = whereaboutsWith(ringOf(b));
    const [ours, theirs] = [ringOf(b), ringOf(a)];
    whereabouts.ringsChanged({ present: ours, leader: theirs, inUse: [theirs] });
    whereabouts.membersChanged(up(a, b, c).set(a, { up: false }), new Map());
    assert.equal(whereabouts.ownerOf(key), b);
    assert.deepEqual(holdersOf(whereabouts), { absent: ["a owned, down"] });
    whereabouts.membersChanged(up(b, c), new Map());
    assert.equal(whereabouts.ownerOf(key), b, "nobody here knows it");
  },
);

Deno.test("a member that is renamed owns and holds under its new name", {
  permissions: "none",
}, () => {
  const whereabouts = whereaboutsWith(ringOf(a));
  goBy(whereabouts, ringOf(d));
  whereabouts.membersChanged(up(b, c, d), new Map([[a, d]]));
  sweep(whereabouts, [b, c]);
  assert.deepEqual(holdersOf(whereabouts), { unread: ["d"] }, "it was never read under that name");
  sweep(whereabouts, [d], [d]);
  assert.equal(whereabouts.isClear(), true, "the former owner is the owner itself");
});

Deno.test("a ring that names a process twice places groups on one name", {
  permissions: "none",
}, () => {
  const whereabouts = createWhereabouts(ringOf(a, b));
  whereabouts.membersChanged(up(a), new Map([[b, a]]));
  sweep(whereabouts, [a]);
  for (const owner of [a, b]) {
    const key = keyWith([[ringOf(a, b), owner]]);
    assert.equal(whereabouts.ownerOf(key), a);
    assert.equal(whereabouts.holdersOf({ id: key, key }), undefined);
  }
});

Deno.test("a former owner that is known no more is not waited for", { permissions: "none" }, () => {
  const whereabouts = whereaboutsWith(ringOf(a));
  goBy(whereabouts, ringOf(b));
  whereabouts.membersChanged(up(b, c), new Map());
  assert.equal(whereabouts.isClear(), true);
});

Deno.test("of a ring that was in use, members that nobody here knows are not waited for", {
  permissions: "none",
}, () => {
  const whereabouts = whereaboutsWith(ringOf(b));
  const ours = ringOf(b);
  whereabouts.ringsChanged({ present: ours, leader: ours, inUse: [ringOf(a, d)] });
  goBy(whereabouts, ours);
  sweep(whereabouts, [a, b, c]);
  assert.equal(whereabouts.isClear(), true);
});
