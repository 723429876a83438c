import assert from "node:assert/strict";
import {
  type Copies,
  type Findings,
  isNewer,
  keyOfId,
  lacksInstanceId,
  newestOf,
  planSweep,
  type PushedAt,
  pushedAt,
  staleCopies,
} from "../../../src/handoff/plan/inventory.ts";
import type { Member } from "../../../src/member.ts";
import { a, b, c, keyWith, ringOf } from "./members.ts";

const EXACT = { min: 0, max: 0 };
const id = "/metrics/job/backup";

const KEYS: readonly [id: string, key: string, why: string][] = [
  ["/metrics/job/backup", "/metrics/job/backup", "a plain ID is its own key"],
  ["/metrics/job/a%2Fb", "/metrics/job/a/b", "a slash in a value is one in the key"],
  ["/metrics/job/a%252F/x/y", "/metrics/job/a%2F/x/y", "a per cent sign is one in the key"],
];
for (const [id, key, why] of KEYS) {
  Deno.test(why, { permissions: "none" }, () => assert.equal(keyOfId(id), key));
}

const LACKING: readonly [id: string, lacks: boolean, why: string][] = [
  ["/metrics/job/a", true, "it has no labels"],
  ["/metrics/job/a/env/x", true, "its labels are others"],
  ["/metrics/job/a/instance/x", false, "it has one"],
  ["/metrics/job/a/env/x/instance/y", false, "it has one among others"],
  ["/metrics/job/instance/env/x", true, "its job is named so"],
  ["/metrics/job/a/env/instance/x/y", true, "a value is named so"],
  ["/metrics/job/a%2Finstance%2Fb", true, "slashes in its job look like one"],
];
for (const [id, lacks, why] of LACKING) {
  Deno.test(`the group of ${id} ${lacks ? "lacks an" : "has an"} instance: ${why}`, {
    permissions: "none",
  }, () => assert.equal(lacksInstanceId(id), lacks));
}

const PUSHED: readonly [time: number, ahead: PushedAt, found: PushedAt, why: string][] = [
  [100, EXACT, { min: 100, max: 100 }, "a clock like ours tells it exactly"],
  [100, { min: 5, max: 6 }, { min: 94, max: 95 }, "a clock that is ahead stamps too late a time"],
  [
    100,
    { min: -3, max: -1 },
    { min: 101, max: 103 },
    "a clock that is behind stamps too early a time",
  ],
  [
    100,
    { min: -Infinity, max: Infinity },
    { min: -Infinity, max: Infinity },
    "a clock that is not known tells nothing",
  ],
  [0, { min: 5, max: 6 }, { min: -Infinity, max: 0 }, "no push taken is older than any"],
];
for (const [time, clockAhead, found, why] of PUSHED) {
  Deno.test(`when a copy was pushed: ${why}`, { permissions: "none" }, () => {
    const read = { times: new Map([[id, time]]), clockAhead };
    assert.deepEqual(pushedAt(id, read), found);
    assert.equal(pushedAt("/metrics/job/other", read), undefined);
  });
}

const NEWER: readonly [one: PushedAt, other: PushedAt, newer: boolean, why: string][] = [
  [{ min: 5, max: 6 }, { min: 3, max: 4 }, true, "pushed later for certain"],
  [{ min: 3, max: 4 }, { min: 5, max: 6 }, false, "pushed earlier for certain"],
  [{ min: 4, max: 6 }, { min: 3, max: 5 }, false, "likely pushed later"],
  [{ min: 4, max: 5 }, { min: 3, max: 4 }, false, "pushed at the same moment, perhaps"],
  [{ min: 4, max: 4 }, { min: 4, max: 4 }, false, "pushed at the same moment"],
  [{ min: 4, max: 5 }, { min: -Infinity, max: 0 }, true, "beside one that no push was taken of"],
  [
    { min: -Infinity, max: Infinity },
    { min: 3, max: 4 },
    false,
    "of a member whose clock is not known",
  ],
];
for (const [one, other, newer, why] of NEWER) {
  Deno.test(`${newer ? "newer" : "not newer"} is what was ${why}`, { permissions: "none" }, () => {
    assert.equal(isNewer(one, other), newer);
  });
}

const copies = (...found: [Member, number, number][]): Copies =>
  new Map(found.map(([member, min, max]) => [member, { min, max }]));

const STALE: readonly [copies: Copies, stale: Member[], newest: Member | undefined, why: string][] =
  [
    [copies(), [], undefined, "none of no copies"],
    [copies([a, 1, 2]), [], a, "not the only copy"],
    [copies([a, 1, 2], [b, 3, 4]), [a], b, "the older of two"],
    [copies([a, 1, 3], [b, 2, 4]), [], b, "neither of two within the uncertainty"],
    [copies([a, 1, 2], [b, 9, 10], [c, 3, 4]), [a, c], b, "all but the newest"],
    [
      copies([a, 1, 2], [b, 8, 10], [c, 7, 9]),
      [a],
      b,
      "only those older than the newest for certain",
    ],
    [copies([a, 1, 1], [b, 1, 1]), [], a, "neither of two pushed at once"],
  ];
for (const [copies, members, newest, why] of STALE) {
  Deno.test(`stale is ${why}`, { permissions: "none" }, () => {
    const found = staleCopies(id, copies);
    assert.deepEqual(found.map(({ member }) => member), members);
    for (const { newer } of found) assert.equal(newer, newest);
    assert.equal(newestOf(copies)?.member, newest);
  });
}

const ring = ringOf(a, b);
const ownerOf = (key: string) => ring.ownerOf(key);
const ownedBy = (member: Member) => keyWith([[ring, member]]);

function plan(
  inventories: readonly [Member, Record<string, number>][],
  deletions?: ReadonlyMap<string, number>,
): Findings {
  const found = inventories.map(([member, times]) =>
    [member, { times: new Map(Object.entries(times)), clockAhead: EXACT }] as const
  );
  const work = planSweep(new Map(found), ownerOf, deletions);
  for (;;) {
    const { done, value } = work.next();
    if (done) return value;
  }
}

Deno.test("a group whose only copy lies on its owner is in place", { permissions: "none" }, () => {
  const { misplaced, stale, groups } = plan([[a, { [ownedBy(a)]: 1 }], [b, { [ownedBy(b)]: 1 }]]);
  assert.deepEqual([misplaced.size, stale, groups], [0, [], 2]);
});

Deno.test("a group whose only copy lies elsewhere is misplaced, and not stale", {
  permissions: "none",
}, () => {
  const id = ownedBy(a);
  for (const member of [b, c]) {
    const { misplaced, stale, groups } = plan([[a, {}], [member, { [id]: 7 }]]);
    assert.deepEqual(new Map(misplaced), new Map([[id, copies([member, 7, 7])]]));
    assert.deepEqual([stale, groups], [[], 1]);
  }
});

Deno.test("a group with two copies is misplaced with both, counted once, and the older is stale", {
  permissions: "none",
}, () => {
  const id = ownedBy(a);
  const { misplaced, stale, groups } = plan([[a, { [id]: 3 }], [b, { [id]: 7 }]]);
  assert.deepEqual(new Map(misplaced), new Map([[id, copies([a, 3, 3], [b, 7, 7])]]));
  assert.deepEqual(stale, [{ id, member: a, newer: b }]);
  assert.equal(groups, 1);
});

Deno.test("a group is placed by its key, not by its ID", { permissions: "none" }, () => {
  const ids = Array.from({ length: 20 }, (_, i) => `/metrics/job/db/dir/%2Fvar${i}`);
  for (const id of ids) {
    const owner = ring.ownerOf(keyOfId(id))!;
    assert.equal(plan([[owner, { [id]: 1 }]]).misplaced.size, 0, id);
  }
});

Deno.test("where there is no ring only groups with several copies are misplaced", {
  permissions: "none",
}, () => {
  const work = planSweep(
    new Map([
      [a, { times: new Map([["/metrics/job/x", 1], ["/metrics/job/y", 1]]), clockAhead: EXACT }],
      [b, { times: new Map([["/metrics/job/y", 2]]), clockAhead: EXACT }],
    ]),
    () => undefined,
  );
  const { value } = work.next();
  assert.deepEqual([...(value as Findings).misplaced.keys()], ["/metrics/job/y"]);
});

const TWINS: readonly [held: [Member, number][], twins: Member[], why: string][] = [
  [[[a, 7], [b, 7]], [b], "a copy of the same time as the owner's"],
  [[[a, 7], [b, 7], [c, 7]], [b, c], "every such copy"],
  [[[a, 7], [b, 7], [c, 3]], [b], "no copy that is stale"],
  [[[a, 3], [b, 7], [c, 7]], [], "no copy beside an owner's that is stale"],
  [[[b, 7], [c, 7]], [], "no copy where the owner has none"],
  [[[a, 7]], [], "not the owner's own copy"],
];
for (const [held, members, why] of TWINS) {
  Deno.test(`a twin is ${why}`, { permissions: "none" }, () => {
    const id = ownedBy(a);
    const { twins } = plan(held.map(([member, time]) => [member, { [id]: time }]));
    assert.deepEqual(twins, members.map((member) => ({ id, member, owner: a })));
  });
}

Deno.test("what was pushed before its group was deleted is stale, even a last copy", {
  permissions: "none",
}, () => {
  const id = ownedBy(a);
  const deletions = new Map([[id, 10]]);
  assert.deepEqual(plan([[a, { [id]: 9 }]], deletions).stale, [{ id, member: a, newer: 10 }]);
  assert.deepEqual(plan([[a, { [id]: 10 }]], deletions).stale, []);
  assert.deepEqual(plan([[a, { [id]: 11 }]], deletions).stale, []);
  assert.deepEqual(plan([[a, {}]], deletions).stale, []);
});

Deno.test("a plan for many groups lets others have their turn", { permissions: "none" }, () => {
  const times = new Map(Array.from({ length: 3_500 }, (_, i) => [`/metrics/job/job${i}`, 1]));
  const work = planSweep(new Map([[a, { times, clockAhead: EXACT }]]), ownerOf);
  let rests = 0;
  while (!work.next().done) rests++;
  assert(rests >= 6, String(rests));
});
