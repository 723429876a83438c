/** Comparisons while every group is in place, beside comparisons of all that is there. @module */

import assert from "node:assert/strict";
import fc from "fast-check";
import { createInPlace } from "../../../src/handoff/plan/in_place.ts";
import { type Findings, planSweep } from "../../../src/handoff/plan/inventory.ts";
import type { Member } from "../../../src/member.ts";
import { a, b, c, ringOf } from "./members.ts";

type Held = Parameters<typeof planSweep>[0];

const ring = ringOf(a, b, c);
const idOf = (group: number) => `/metrics/job/job${group}`;
const ownerOf = (key: string) => ring.ownerOf(key);

/** What members hold, by the numbers of groups. */
function holding(groups: ReadonlyMap<Member, readonly number[]>): Held {
  return new Map([...groups].map(([member, numbers]) => [member, {
    times: new Map(numbers.map((group) => [idOf(group), 1_700_000_000 + group])),
    clockAhead: { min: 0, max: 0 },
  }]));
}

/** So many groups, each on its owner. */
function inPlace(count: number): Map<Member, number[]> {
  const groups = new Map<Member, number[]>([[a, []], [b, []], [c, []]]);
  for (let group = 0; group < count; group++) {
    const owner = ownerOf(idOf(group));
    if (owner !== undefined) groups.get(owner)?.push(group);
  }
  return groups;
}

function endOf<T>(work: Generator<void, T>): T {
  for (;;) {
    const { done, value } = work.next();
    if (done) return value;
  }
}

const all = (held: Held): Findings => endOf(planSweep(held, ownerOf));
const summary = ({ misplaced, stale, twins, groups }: Findings) => ({
  misplaced: [...misplaced.keys()],
  stale,
  twins,
  groups,
});

function test(name: string, run: () => void): void {
  Deno.test(name, { permissions: "none" }, run);
}

test("a comparison of what has changed finds what one of all finds, or leaves it to that", () => {
  const change = fc.record({
    member: fc.constantFrom(a, b, c),
    group: fc.nat({ max: 40 }),
    does: fc.constantFrom("adds", "adds where it belongs", "removes"),
  });
  let told = 0;
  fc.assert(
    fc.property(fc.array(fc.array(change, { maxLength: 3 }), { maxLength: 6 }), (rounds) => {
      const groups = inPlace(30);
      const known = createInPlace();
      let held = holding(groups);
      known.found(held, all(held));
      for (const changes of rounds) {
        for (const { member, group, does } of changes) {
          const to = does === "adds" ? member : ownerOf(idOf(group)) ?? member;
          const numbers = groups.get(to)?.filter((one) => one !== group) ?? [];
          groups.set(to, does === "removes" ? numbers : [...numbers, group]);
        }
        held = holding(groups);
        const [found, expected] = [endOf(known.compare(held, ownerOf)), all(held)];
        if (found) {
          told++;
          assert.deepEqual(summary(found), summary(expected));
        } else known.found(held, expected);
      }
    }),
    { numRuns: 2_000 },
  );
  assert(told > 500, `it told ${told} times`);
});

test("what was read before need not be looked at again", () => {
  const held = holding(inPlace(10));
  const known = createInPlace();
  known.found(held, all(held));
  const unread = new Map(held);
  const asked = () => assert.fail("nothing has changed");
  assert.equal(endOf(known.compare(unread, asked))?.groups, 10);
});

test("a member more or less, another ring, or a group that is held twice needs a comparison of all", () => {
  const groups = inPlace(10);
  const held = holding(groups);
  const compares = (first: Held, then: Held) => {
    const known = createInPlace();
    known.found(first, all(first));
    return endOf(known.compare(then, ownerOf)) !== undefined;
  };
  assert.equal(compares(held, held), true);
  const fewer = new Map([...held].filter(([member]) => member !== c));
  assert.equal(compares(held, fewer), false);
  assert.equal(compares(fewer, held), false);
  groups.get(a)?.push(...groups.get(b) ?? []);
  const twice = holding(groups);
  assert.equal(compares(twice, twice), false);
  const known = createInPlace();
  assert.equal(endOf(known.compare(held, ownerOf)), undefined, "nothing was compared yet");
  known.found(held, all(held));
  known.forget();
  assert.equal(endOf(known.compare(held, ownerOf)), undefined);
});
