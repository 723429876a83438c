import assert from "node:assert/strict";
import {
  type Announcement,
  type Others,
  OTHERS_LEARN_MS,
  type Rings,
} from "../../../src/handoff/plan/rings.ts";
import type { HashRing } from "../../../src/ring/hash_ring.ts";
import { a, b, c } from "./members.ts";
import { A, announces, B, C, createStory, KEY, NONE, usedIn } from "./rings_story.ts";

const hashes = (rings: readonly HashRing[]) => rings.map(({ hash }) => hash).sort();
const announceable = ({ announceable }: Rings) =>
  announceable && { ...announceable, ring: announceable.ring.hash };
Deno.test("an instance that is the only one tells nobody, and shares no group", {
  permissions: "none",
}, () => {
  const { rings } = createStory();
  assert.equal(rings.announceable, undefined);
  assert.deepEqual([rings.isFree(KEY), rings.areKnown, rings.areAllUsed], [true, true, false]);
  assert.deepEqual([usedIn(rings), rings.inUse, rings.leader], [[], [], A]);
  assert.equal(rings.leftMs, Infinity);
});

Deno.test(
  "until others are known all groups are taken for used, and there is nothing to announce",
  {
    permissions: "none",
  },
  () => {
    const { rings } = createStory();
    rings.othersChanged("unknown", true);
    assert.equal(rings.announceable, undefined);
    assert.deepEqual([rings.isFree(KEY), rings.areKnown, rings.areAllUsed], [false, false, true]);
    assert.deepEqual(usedIn(rings), [a, b, c]);
  },
);

Deno.test("an instance has announced its ring once it has read so", { permissions: "none" }, () => {
  const { rings } = createStory();
  rings.othersChanged([], true);
  assert.deepEqual(announceable(rings), { ring: A.hash, since: 1, seen: [] });
  const known = () => [rings.isFree(KEY), rings.areKnown, rings.isIntroduced];
  assert.deepEqual(known(), [false, false, false]);
  rings.othersChanged([announces(A, 1, { own: true })], true);
  assert.deepEqual(known(), [true, true, true]);
  rings.ringChanged(B);
  assert.deepEqual(known(), [false, false, true]);
});

Deno.test("a ring is numbered after all that were announced before it, and keeps its number", {
  permissions: "none",
}, () => {
  const { rings } = createStory();
  rings.othersChanged([announces(B, 7)], true);
  assert.equal(rings.announceable?.since, 8);
  rings.othersChanged([announces(B, 7), announces(C, 12)], true);
  assert.equal(rings.announceable?.since, 8);
  rings.ringChanged(C);
  assert.equal(rings.announceable?.since, 13);
});

Deno.test("it is told which rings of others are known", { permissions: "none" }, () => {
  const { rings } = createStory();
  rings.othersChanged([announces(A, 1, { own: true }), announces(B, 2), announces(C, 3)], true);
  assert.deepEqual(announceable(rings)?.seen, hashes([B, C]));
});

Deno.test("an empty ring is not announced, and is none that groups go by", {
  permissions: "none",
}, () => {
  const { rings } = createStory(NONE);
  rings.othersChanged([announces(NONE, 1)], true);
  assert.equal(rings.announceable, undefined);
  rings.ringChanged(A);
  assert.deepEqual(rings.inUse, []);
});

const LEADERS: readonly [others: Others, leader: HashRing, why: string][] = [
  ["none", A, "ours where there is nobody else"],
  ["unknown", A, "ours while nobody is known"],
  [[announces(B, 1), announces(A, 2, { own: true })], B, "that which was announced first"],
  [[announces(C, 5), announces(A, 2, { own: true })], A, "ours where it was announced first"],
  [[announces(C, 2), announces(B, 2)], C, "the first in the order of all, of two at once"],
  [[announces(B, 1, { lost: true }), announces(C, 2)], C, "none of an instance that is lost"],
];
for (const [others, leader, why] of LEADERS) {
  Deno.test(`the ring that contested groups go by is ${why}`, { permissions: "none" }, () => {
    const { rings } = createStory();
    rings.othersChanged(others, true);
    assert.equal(rings.leader, leader);
  });
}

const USED: readonly [others: Announcement[], used: readonly unknown[], why: string][] = [
  [[announces(B, 1)], [b], "its owner by the ring of another instance"],
  [[announces(B, 1, { seen: [A] })], [], "nobody where that instance knows of ours"],
  [
    [announces(B, 1, { seen: [C] })],
    [b],
    "its owner where that one knows only of a ring unknown here",
  ],
  [[announces(B, 1), announces(C, 2, { seen: [B] })], [b], "what those think that know less"],
  [[announces(B, 1, { own: true })], [], "nobody by our own announcement"],
  [[announces(B, 1, { lost: true })], [a, b, c], "anybody while an instance is lost"],
];
for (const [others, used, why] of USED) {
  Deno.test(`without its lock a group may be pushed to ${why}`, { permissions: "none" }, () => {
    const { rings, pass } = createStory();
    rings.othersChanged(others, true);
    pass(OTHERS_LEARN_MS);
    assert.deepEqual(usedIn(rings), used);
  });
}

Deno.test("out of reach, anybody may push a group, and nobody is asked", {
  permissions: "none",
}, () => {
  const { rings } = createStory();
  rings.othersChanged([announces(A, 1, { own: true })], false);
  assert.deepEqual([usedIn(rings), rings.areAllUsed], [[a, b, c], true]);
  assert.deepEqual([rings.areInReach, rings.isFree(KEY), rings.areKnown], [false, true, false]);
});

Deno.test("out of reach, a group may be split once its owner is another than the others know", {
  permissions: "none",
}, () => {
  const { rings } = createStory();
  const own = announces(A, 1, { own: true });
  rings.othersChanged([own], true);
  rings.ringChanged(B);
  assert.equal(rings.mayBeSplit(KEY), false, "others can be asked");
  rings.othersChanged([own], false);
  assert.equal(rings.mayBeSplit(KEY), true);
  rings.ringChanged(A);
  assert.equal(rings.mayBeSplit(KEY), false);
});

Deno.test(
  "while rings of others are built anybody may push a group, and nothing new is announced",
  {
    permissions: "none",
  },
  () => {
    const { rings } = createStory();
    const own = announces(A, 1, { own: true });
    rings.othersChanged([own], true);
    rings.awaitOthers();
    assert.deepEqual([rings.awaitsOthers, rings.areAllUsed], [true, true]);
    assert.deepEqual([rings.isFree(KEY), rings.areKnown], [false, false]);
    assert.equal(rings.announceable, undefined);
    rings.othersChanged([own], true);
    assert.deepEqual([rings.awaitsOthers, rings.areAllUsed], [false, false]);
    assert.deepEqual([rings.isFree(KEY), rings.areKnown], [true, true]);
  },
);
