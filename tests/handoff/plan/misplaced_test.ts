import assert from "node:assert/strict";
import type { Findings } from "../../../src/handoff/plan/inventory.ts";
import { createMisplaced, type Misplaced } from "../../../src/handoff/plan/misplaced.ts";
import { type Member, parseMember } from "../../../src/member.ts";
import { LargeMap } from "../../../src/concurrency/large_map.ts";
import { HashRing } from "../../../src/ring/hash_ring.ts";

const [a, b, c] = ["a", "b", "c"].map((name) => parseMember(name, 9091));
const ringOf = (...members: Member[]) => HashRing.of(new Map(members.map((one) => [one, 1])));
const id = "/metrics/job/backup";
const group = { id, key: id };

/** What a round found: which members hold the one group. */
function found(...members: Member[]): Findings {
  const copies = new Map(members.map((member, i) => [member, { min: i, max: i }]));
  const misplaced = new LargeMap<typeof copies>();
  if (members.length > 0) misplaced.set(id, copies);
  return { misplaced, stale: [], groups: 1 };
}

/** Sweeps some members in one go. */
function sweep(
  misplaced: Misplaced,
  swept: readonly Member[],
  { findings = found(), failed = [] as readonly Member[] } = {},
): void {
  misplaced.begin().end(findings, { swept: new Set(swept), failed: new Set(failed) });
}

const always = () => true;
const presumed = (misplaced: Misplaced) => misplaced.holdersOf(group)?.presumed;
const seen = (misplaced: Misplaced) => {
  const holders = misplaced.holdersOf(group);
  return holders && [...holders.seen.keys()];
};

Deno.test("at first everything is in place", { permissions: "none" }, () => {
  const misplaced = createMisplaced(ringOf(a), always);
  assert.equal(misplaced.clear, true);
  assert.equal(misplaced.holdersOf(group), undefined);
});

Deno.test("a first ring makes nobody a former owner", { permissions: "none" }, () => {
  const misplaced = createMisplaced(ringOf(), always);
  misplaced.ringChanged(ringOf(a));
  assert.equal(misplaced.clear, true);
});

Deno.test("until it is swept the former owner is presumed to hold the group", {
  permissions: "none",
}, () => {
  const misplaced = createMisplaced(ringOf(a), always);
  misplaced.ringChanged(ringOf(b));
  assert.equal(misplaced.clear, false);
  assert.deepEqual(presumed(misplaced), [a]);
  sweep(misplaced, [b], { failed: [] });
  assert.deepEqual(presumed(misplaced), [a], "another member was swept");
  sweep(misplaced, [a]);
  assert.equal(misplaced.holdersOf(group), undefined);
  assert.equal(misplaced.clear, true);
});

Deno.test("a round that began before the ring changed says nothing of the former owner", {
  permissions: "none",
}, () => {
  const misplaced = createMisplaced(ringOf(a), always);
  const round = misplaced.begin();
  misplaced.ringChanged(ringOf(b));
  round.end(found(), { swept: new Set([a, b]), failed: new Set() });
  assert.deepEqual(presumed(misplaced), [a]);
  sweep(misplaced, [a, b]);
  assert.equal(misplaced.clear, true);
});

Deno.test(
  "a group whose owner stays is in place whatever the ring",
  { permissions: "none" },
  () => {
    const misplaced = createMisplaced(ringOf(a), always);
    const grown = ringOf(a, b);
    misplaced.ringChanged(grown);
    for (let i = 0; i < 50; i++) {
      const id = `/metrics/job/job${i}`;
      const stays = grown.ownerOf(id) === a;
      assert.equal(misplaced.holdersOf({ id, key: id }) === undefined, stays, id);
    }
  },
);

Deno.test("the owners of several former rings are presumed, each once", {
  permissions: "none",
}, () => {
  const misplaced = createMisplaced(ringOf(a), always);
  for (const member of [b, a, b, c]) misplaced.ringChanged(ringOf(member));
  assert.deepEqual(presumed(misplaced)?.toSorted(), [a, b]);
  sweep(misplaced, [a]);
  assert.deepEqual(presumed(misplaced), [b]);
});

Deno.test("rings that change faster than they are swept do not add up without end", {
  permissions: "none",
}, () => {
  const misplaced = createMisplaced(ringOf(a), always);
  for (let i = 0; i < 20; i++) misplaced.ringChanged(ringOf(i % 2 ? b : c));
  assert.deepEqual(presumed(misplaced), [c], "who owned it twenty rings ago is not asked any more");
});

Deno.test("a former owner that does not answer is not waited for", { permissions: "none" }, () => {
  const up = new Set([a, b]);
  const misplaced = createMisplaced(ringOf(a), (member) => up.has(member));
  misplaced.ringChanged(ringOf(b));
  up.delete(a);
  assert.equal(misplaced.holdersOf(group), undefined);
  sweep(misplaced, [b]);
  assert.equal(misplaced.clear, true);
});

Deno.test("a former owner that answers probes and cannot be read is not waited for", {
  permissions: "none",
}, () => {
  const misplaced = createMisplaced(ringOf(a), always);
  misplaced.ringChanged(ringOf(b));
  sweep(misplaced, [b], { failed: [a] });
  assert.equal(misplaced.clear, true);
});

Deno.test(
  "a former owner is presumed to hold a group while others may go by the former ring, swept or not",
  {
    permissions: "none",
  },
  () => {
    let mayLag = true;
    const misplaced = createMisplaced(ringOf(a), always, () => mayLag);
    misplaced.ringChanged(ringOf(b));
    sweep(misplaced, [a, b]);
    assert.deepEqual(misplaced.holdersOf({ id, key: id })?.presumed, [a]);
    mayLag = false;
    sweep(misplaced, [a, b]);
    assert.equal(misplaced.clear, true);
  },
);

Deno.test("a round that is abandoned leaves nothing behind", { permissions: "none" }, () => {
  const misplaced = createMisplaced(ringOf(a), always);
  misplaced.begin().abandon();
  sweep(misplaced, [a, b], { findings: found(b) });
  assert.deepEqual(seen(misplaced), [b]);
});

Deno.test("what a round found is known until the next one", { permissions: "none" }, () => {
  const misplaced = createMisplaced(ringOf(a), always);
  sweep(misplaced, [a, b], { findings: found(b) });
  assert.deepEqual([seen(misplaced), misplaced.size, misplaced.clear], [[b], 1, false]);
  sweep(misplaced, [a, b]);
  assert.deepEqual([seen(misplaced), misplaced.size, misplaced.clear], [undefined, 0, true]);
});

Deno.test("a copy that only the owner and members that do not answer have calls for nothing", {
  permissions: "none",
}, () => {
  const up = new Set([a]);
  const misplaced = createMisplaced(ringOf(a), (member) => up.has(member));
  sweep(misplaced, [a, b], { findings: found(a, b) });
  assert.equal(misplaced.holdersOf(group), undefined);
  up.add(b);
  assert.deepEqual(seen(misplaced), [a, b]);
});

Deno.test("a presumed holder that was seen is named once", { permissions: "none" }, () => {
  const misplaced = createMisplaced(ringOf(a), always);
  sweep(misplaced, [a, b, c], { findings: found(a, c) });
  misplaced.ringChanged(ringOf(b));
  assert.deepEqual(presumed(misplaced), []);
  assert.deepEqual(seen(misplaced), [a, c]);
});

const AFTER_REMOVALS: readonly [
  copies: Member[],
  removed: Member[],
  left: Member[] | undefined,
  why: string,
][] = [
  [[b], [b], undefined, "no copy is left"],
  [[a, b], [b], undefined, "only the owner's is left"],
  [[a, b, c], [b], [a, c], "another one is left"],
  [[b, c], [b], [c], "one is left that is not the owner's"],
  [[a, b], [a], [b], "the owner's was removed"],
];
for (const [copies, removed, left, why] of AFTER_REMOVALS) {
  const outcome = left ? "misplaced" : "in place";
  Deno.test(`after a removal a group is ${outcome} where ${why}`, { permissions: "none" }, () => {
    const misplaced = createMisplaced(ringOf(a), always);
    sweep(misplaced, [a, b, c], { findings: found(...copies) });
    for (const member of removed) misplaced.removed(id, member);
    assert.deepEqual(seen(misplaced), left);
  });

  Deno.test(`a round under way does not bring back what was removed where ${why}`, {
    permissions: "none",
  }, () => {
    const misplaced = createMisplaced(ringOf(a), always);
    const round = misplaced.begin();
    for (const member of removed) misplaced.removed(id, member);
    round.end(found(...copies), { swept: new Set([a, b, c]), failed: new Set() });
    assert.deepEqual(seen(misplaced), left);
  });
}

Deno.test("a round that begins after a removal tells of what came since", {
  permissions: "none",
}, () => {
  const misplaced = createMisplaced(ringOf(a), always);
  misplaced.removed(id, b);
  sweep(misplaced, [a, b], { findings: found(b) });
  assert.deepEqual(seen(misplaced), [b]);
});

Deno.test("a settled group is in place, and only that one", { permissions: "none" }, () => {
  const misplaced = createMisplaced(ringOf(a), always);
  misplaced.ringChanged(ringOf(b));
  misplaced.settled(id);
  assert.equal(misplaced.holdersOf(group), undefined);
  assert.equal(misplaced.clear, false);
  const other = "/metrics/job/other";
  assert.deepEqual(misplaced.holdersOf({ id: other, key: other })?.presumed, [a]);
});

Deno.test("a group that was settled may be out of place by the next ring", {
  permissions: "none",
}, () => {
  const misplaced = createMisplaced(ringOf(a), always);
  misplaced.ringChanged(ringOf(b));
  misplaced.settled(id);
  misplaced.ringChanged(ringOf(c));
  assert.deepEqual(presumed(misplaced), [b], "it was brought there");
});

Deno.test("a group that was placed on another member than its owner is out of place there", {
  permissions: "none",
}, () => {
  const misplaced = createMisplaced(ringOf(a), always);
  misplaced.placed(id, a);
  assert.equal(misplaced.clear, true);
  misplaced.placed(id, b);
  assert.deepEqual(seen(misplaced), [b]);
  misplaced.removed(id, b);
  assert.equal(misplaced.clear, true);
});

Deno.test(
  "a round under way does not forget what was placed meanwhile, unless it was removed again",
  {
    permissions: "none",
  },
  () => {
    const misplaced = createMisplaced(ringOf(a), always);
    const round = misplaced.begin();
    misplaced.placed(id, b);
    misplaced.placed(id, c);
    misplaced.removed(id, c);
    round.end(found(), { swept: new Set([a, b, c]), failed: new Set() });
    assert.deepEqual(seen(misplaced), [b]);
    sweep(misplaced, [a, b, c]);
    assert.equal(misplaced.clear, true, "the next round was read after it");
  },
);
