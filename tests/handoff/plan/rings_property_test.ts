/** What instances agree on about rings, whatever happens to them, and in whatever order. @module */

import fc from "fast-check";
import assert from "node:assert/strict";
import type { Rings } from "../../../src/handoff/plan/rings.ts";
import type { Member } from "../../../src/member.ts";
import { a, b, c } from "./members.ts";
import { createFleet, type Fleet, KEYS, ownerOf, RINGS } from "./rings_fleet.ts";

const names = ["0", "1", "2"];
const of = (...all: readonly string[]) => fc.constantFrom(...all);
const words = (...some: readonly fc.Arbitrary<string>[]) =>
  fc.tuple(...some).map((words) => words.join(" "));
const [name, ring, key] = [of(...names), of(...Object.keys(RINGS)), of("0", "1", "2")];

/** Some faults need a thousand stories to be found. */
const RUNS = 2_000;

const step = fc.oneof(
  { weight: 2, arbitrary: words(of("start", "ring"), name, ring) },
  { weight: 4, arbitrary: words(of("write"), name) },
  { weight: 6, arbitrary: words(of("read"), name) },
  { weight: 5, arbitrary: words(of("push", "redirect"), name, key) },
  { weight: 2, arbitrary: words(of("answer", "answer", "begin-write", "end"), name) },
  { weight: 3, arbitrary: of("pass") },
);
/** All that run have read what all announce, and announced their own. */
const heard = ["read", "write"].flatMap((what) => names.map((name) => `${what} ${name}`));
const passes = Array.from({ length: 6 }, () => "pass");
/** Begins with instances that know each other, or have done so for long. */
const stories = fc.tuple(
  fc.array(words(name, ring), { maxLength: 3 }),
  fc.constantFrom([], [...heard, ...heard, ...heard, ...passes]),
  fc.array(step, { maxLength: 60, size: "max" }),
).map(([started, known, steps]) => [
  ...started.map((text) => `start ${text}`),
  ...known,
  ...steps,
]);
/** Nothing is on its way any more, and everybody has had the time to hear of everything. */
const ending = [
  ...Array.from({ length: 60 }, () => names.map((name) => `answer ${name}`)).flat(),
  ...[heard, heard, heard, heard, heard].flat(),
  ...passes, // another ring takes precedence
  ...passes, // what led before is forgotten
  ...[heard, heard, heard].flat(),
  ...passes, // clients were redirected by it
];

/** Holds after each step of any story; `holds` says of how much it has looked at. */
function always(sentence: string, holds: (fleet: Fleet, story: () => string) => number): void {
  Deno.test(sentence, { permissions: "none" }, () => {
    let looks = 0;
    fc.assert(
      fc.property(stories, (steps) => {
        const fleet = createFleet();
        for (const [i, text] of steps.entries()) {
          fleet.take(text);
          looks += holds(fleet, () => steps.slice(0, i + 1).join(", "));
        }
      }),
      { numRuns: RUNS },
    );
    assert(looks > 1_000, `only ${looks} looks`);
  });
}

/** Each key, with one instance and another one that agrees. */
function* besideAgreed(fleet: Fleet) {
  const agreed = fleet.all.filter(({ areAgreed }) => areAgreed);
  for (const key of KEYS) {
    for (const one of fleet.all) for (const other of agreed) yield { key, one, other };
  }
}

/** Whether an instance would find a group on a member. */
function looksAt({ present, leader, inUse }: Rings, key: string, member: Member | undefined) {
  return [leader, present, ...inUse].some((ring) => ring.ownerOf(key) === member);
}

always(
  "nobody takes a group from where it is pushed without a lock, or a client was told to",
  (fleet, story) => {
    const all = fleet.pushes().flatMap((push) => fleet.all.map((rings) => ({ ...push, rings })));
    for (const { to, key, rings } of all) {
      const isSafe = rings.isUsed(to, key) || ownerOf(rings, key) === to;
      assert(isSafe, `${key} on ${to} after: ${story()}`);
    }
    return all.length;
  },
);

always(
  "where one puts a group under its lock all others push it, or look for it",
  (fleet, story) => {
    const all = besideAgreed(fleet).filter(({ one, key }) => one.areAgreed && !one.isFree(key))
      .toArray();
    for (const { key, one, other } of all) {
      const to = ownerOf(one, key);
      const isSafe = other.isFree(key)
        ? other.present.ownerOf(key) === to
        : looksAt(other, key, to);
      assert(isSafe, `${key} on ${to} after: ${story()}`);
    }
    return all.length;
  },
);

always("where one moves a group all others that agree push it, or look for it", (fleet, story) => {
  const all = besideAgreed(fleet).filter(({ one }) => !one.areAllUsed).toArray();
  for (const { key, one, other } of all) {
    const to = ownerOf(one, key);
    assert(looksAt(other, key, to), `${key} to ${to} after: ${story()}`);
  }
  return all.length;
});

Deno.test(
  "in the end all agree on the owner of each group, and whether it is pushed without a lock",
  {
    permissions: "none",
  },
  () => {
    fc.assert(
      fc.property(stories, (steps) => {
        const fleet = createFleet();
        for (const text of [...steps, ...ending]) fleet.take(text);
        const present = fleet.all.map(({ present }) => present);
        for (const key of KEYS) {
          const isContested = new Set(present.map((ring) => ring.ownerOf(key))).size > 1;
          const owners = new Set(fleet.all.map((rings) => ownerOf(rings, key)));
          assert(owners.size <= 1, "one owner for all");
          for (const rings of fleet.all) {
            assert.deepEqual([rings.areKnown(), rings.areAgreed], [true, true]);
            assert.equal(rings.isFree(key), !isContested);
            const used = [a, b, c].filter((member) => rings.isUsed(member, key));
            const isShared = !isContested && present.length > 1;
            assert.deepEqual(used, isShared ? [...owners] : [], "nothing else is held up");
          }
        }
      }),
      { numRuns: RUNS },
    );
  },
);
