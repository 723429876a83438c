import assert from "node:assert/strict";
import type { Announcement } from "../../../src/handoff/plan/announced_ring.ts";
import { type Others, REDIRECT_MS } from "../../../src/handoff/plan/rings.ts";
import type { HashRing } from "../../../src/ring/hash_ring.ts";
import { a, b, c } from "./members.ts";
import { A, announces, B, C, createStory, KEY, NONE, OWN_ID, usedIn } from "./rings_story.ts";

const hashes = (rings: readonly HashRing[]) => rings.map(({ hash }) => hash).sort();
const OWN = announces(A, 9, { own: true });

Deno.test("an instance that is the only one tells nobody, and shares no group", {
  permissions: "none",
}, () => {
  const { rings } = createStory();
  assert.equal(rings.announceable, undefined);
  assert.deepEqual([rings.isFree(KEY), rings.areKnown(), rings.areAllUsed], [true, true, false]);
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
    assert.deepEqual([rings.isFree(KEY), rings.areKnown(), rings.areAllUsed], [false, false, true]);
    assert.deepEqual(usedIn(rings), [a, b, c]);
  },
);

Deno.test("an instance has announced its ring once it has read so", { permissions: "none" }, () => {
  const { rings } = createStory();
  rings.othersChanged([], true);
  assert.deepEqual(rings.announceable, {
    ring: A,
    since: 1,
    seen: [],
    version: 1,
    from: 1,
    heard: new Map(),
  });
  const known = () => [rings.isFree(KEY), rings.areKnown(), rings.isIntroduced];
  assert.deepEqual(known(), [false, false, false]);
  rings.othersChanged([OWN], true);
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

Deno.test("it is told which rings of others are known, and what was heard of them", {
  permissions: "none",
}, () => {
  const { rings } = createStory();
  const lost = announces(B, 4, { lost: true, version: 5 });
  const others = [announces(B, 2, { version: 7 }), announces(C, 3, { version: 2 }), lost];
  rings.othersChanged([OWN, ...others], true);
  const { seen, heard } = rings.announceable ?? {};
  assert.deepEqual(seen, hashes([B, C]));
  assert.deepEqual(heard, new Map([[`${b}`, 7], [`${c}`, 2]]));
});

Deno.test("a word has a new number where more is known, and keeps that of its ring", {
  permissions: "none",
}, () => {
  const { rings } = createStory();
  const numbers = () => [rings.announceable?.version, rings.announceable?.from];
  rings.othersChanged([OWN], true);
  assert.deepEqual([numbers(), numbers()], [[1, 1], [1, 1]]);
  rings.othersChanged([OWN, announces(A, 3, { version: 4 })], true);
  assert.deepEqual(numbers(), [1, 1], "what was heard is no news to those who said it");
  rings.othersChanged([OWN, announces(B, 3)], true);
  assert.deepEqual(numbers(), [2, 1]);
  rings.ringChanged(C);
  assert.deepEqual(numbers(), [3, 3]);
});

Deno.test("a group is shared until all others have heard of the ring that keeps it here", {
  permissions: "none",
}, () => {
  const { rings, pass } = createStory();
  const others = (version: number) => announces(B, 2, { heard: { [OWN_ID]: version } });
  const goes = (ring: HashRing, heard: number) => {
    rings.ringChanged(ring);
    rings.othersChanged([announces(ring, 9, { own: true }), others(heard)], true);
    const { version = 0 } = rings.announceable ?? {};
    pass(REDIRECT_MS);
    return version;
  };
  const first = goes(A, 0);
  const second = goes(B, first);
  assert.deepEqual([rings.isFree(KEY), rings.areKnown(), hashes(rings.inUse)], [
    false,
    false,
    [A.hash],
  ]);
  goes(B, second);
  assert.deepEqual([rings.isFree(KEY), rings.areKnown(), rings.inUse], [true, true, []]);
});

Deno.test("an instance of which another one has not heard moves nothing, and agrees with nobody", {
  permissions: "none",
}, () => {
  const { rings, pass } = createStory();
  const state = () => [rings.isFree(KEY), rings.areAgreed, rings.areAllUsed];
  const other = (heard: Readonly<Record<string, number>>) => announces(A, 2, { heard });
  rings.othersChanged([OWN, other({})], true);
  assert.equal(rings.announceable?.version, 1);
  pass(REDIRECT_MS);
  assert.deepEqual(state(), [false, false, true]);
  rings.othersChanged([OWN, other({ [OWN_ID]: 1 })], true);
  assert.deepEqual(state(), [true, true, true], "its redirects may be followed still");
  pass(REDIRECT_MS);
  assert.deepEqual(state(), [true, true, false]);
});

Deno.test("a ring leads once all have heard of it; where none does, nobody is sure of others", {
  permissions: "none",
}, () => {
  const { rings } = createStory();
  const early = announces(B, 1, { heard: { [OWN_ID]: 1, [`${c}`]: 1 } });
  const late = (heard: Readonly<Record<string, number>>) => announces(C, 2, { heard });
  rings.othersChanged([OWN, early, late({ [OWN_ID]: 1 })], true);
  assert.equal(rings.announceable?.version, 1);
  assert.deepEqual([rings.leader, rings.areAgreed], [C, true]);
  rings.othersChanged([OWN, early, late({ [OWN_ID]: 1, [`${b}`]: 1 })], true);
  assert.deepEqual([rings.leader, rings.areAgreed], [B, true]);
  rings.othersChanged([OWN, early, late({ [`${b}`]: 1 })], true);
  assert.deepEqual([rings.leader, rings.areAgreed], [B, false], "one has not heard of ours");
});

Deno.test("nothing is moved by a ring of which somebody has not heard", {
  permissions: "none",
}, () => {
  const { rings, pass } = createStory();
  const heard = { [OWN_ID]: 1 };
  const [one, other] = [announces(B, 1, { heard }), announces(C, 2, { heard })];
  rings.othersChanged([], true);
  assert.equal(rings.announceable?.version, 1);
  // Ours is a later one than they have heard of.
  const own = (from: number) => ({ ...announces(A, 9, { own: true }), from });
  rings.othersChanged([own(2), one, other], true);
  pass(REDIRECT_MS);
  assert.deepEqual([rings.leader, rings.areAllUsed, rings.areAgreed], [B, true, false]);
  rings.othersChanged([own(1), one, other], true);
  assert.deepEqual([rings.leader, rings.areAllUsed, rings.areAgreed], [A, false, true]);
});

Deno.test("what stands announced names no ring that is not known any more", {
  permissions: "none",
}, () => {
  const { rings } = createStory();
  const own = announces(A, 1, { own: true, seen: [B] });
  rings.othersChanged([own, announces(B, 2)], true);
  assert.deepEqual(rings.announceable?.seen, [B.hash]);
  using _sent = rings.sends(a, KEY);
  rings.ringChanged(C);
  assert.deepEqual([rings.announceable?.ring, rings.announceable?.seen], [A, [B.hash]]);
  rings.othersChanged([own], true);
  assert.deepEqual([rings.announceable?.ring, rings.announceable?.seen], [A, []]);
});

Deno.test("what stands announced does not follow what somebody has put in its place", {
  permissions: "none",
}, () => {
  const { rings } = createStory();
  rings.othersChanged([OWN], true);
  const before = rings.announceable;
  using _sent = rings.sends(a, KEY);
  rings.ringChanged(B);
  rings.othersChanged([announces(NONE, 0, { own: true, heard: {} })], true);
  assert.deepEqual(rings.announceable?.ring, before?.ring);
  assert.equal(rings.announceable?.since, before?.since);
});

Deno.test("an instance whose ring is empty tells the others what it has heard of them", {
  permissions: "none",
}, () => {
  const { rings } = createStory();
  rings.othersChanged([OWN], true);
  assert.equal(rings.announceable?.ring, A);
  rings.ringChanged(NONE);
  rings.othersChanged([OWN, announces(B, 2, { version: 7 })], true);
  const { announceable } = rings;
  assert.deepEqual([announceable?.ring, announceable?.heard], [A, new Map([[`${b}`, 7]])]);
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
  [[], [], "nobody by our own announcement"],
  [[announces(B, 1, { lost: true })], [a, b, c], "anybody while an instance is lost"],
];
for (const [others, used, why] of USED) {
  Deno.test(`without its lock a group may be pushed to ${why}`, { permissions: "none" }, () => {
    const { rings, pass } = createStory();
    rings.othersChanged([OWN, ...others], true);
    pass(REDIRECT_MS);
    assert.deepEqual(usedIn(rings), used);
  });
}

Deno.test("out of reach, anybody may push a group, and nobody is asked", {
  permissions: "none",
}, () => {
  const { rings } = createStory();
  rings.othersChanged([OWN], false);
  assert.deepEqual([usedIn(rings), rings.areAllUsed], [[a, b, c], true]);
  assert.deepEqual([rings.areInReach, rings.isFree(KEY), rings.areKnown()], [false, true, false]);
});

Deno.test("out of reach, a group may be split once its owner is another than the others know", {
  permissions: "none",
}, () => {
  const { rings } = createStory();
  rings.othersChanged([OWN], true);
  rings.ringChanged(B);
  assert.equal(rings.mayBeSplit(KEY), false, "others can be asked");
  rings.othersChanged([OWN], false);
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
    const { rings, pass } = createStory();
    rings.othersChanged([OWN], true);
    pass(REDIRECT_MS);
    rings.awaitOthers();
    assert.deepEqual([rings.awaitsOthers, rings.areAllUsed], [true, true]);
    assert.deepEqual([rings.isFree(KEY), rings.areKnown()], [false, false]);
    assert.equal(rings.announceable, undefined);
    rings.othersChanged([OWN], true);
    assert.deepEqual([rings.awaitsOthers, rings.areAllUsed], [false, false]);
    assert.deepEqual([rings.isFree(KEY), rings.areKnown()], [true, true]);
  },
);
