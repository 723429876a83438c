/** Whatever happens, in whatever order: each member that holds what was pushed last is named as one that may. @module */

import fc from "fast-check";
import assert from "node:assert/strict";
import { type Findings, planSweep } from "../../../src/handoff/plan/inventory.ts";
import {
  createWhereabouts,
  type MemberSight,
  type Plan,
  type Reading,
} from "../../../src/handoff/plan/whereabouts.ts";
import { type Member, parseMember } from "../../../src/member.ts";
import type { HashRing } from "../../../src/ring/hash_ring.ts";
import { a, b, c, ringOf } from "./members.ts";
import { GROUP, inventory } from "./whereabouts_story.ts";

const { id, key } = GROUP;
/** When a copy was pushed, where nothing is known of it. */
const UNTOLD = { min: -Infinity, max: Infinity };
const RINGS: Readonly<Record<string, HashRing>> = {
  a: ringOf(a),
  b: ringOf(b),
  c: ringOf(c),
  ab: ringOf(a, b),
  bc: ringOf(b, c),
};

const ringName = fc.constantFrom(...Object.keys(RINGS));
const words = (...some: readonly fc.Arbitrary<string>[]) =>
  fc.tuple(...some).map((words) => words.join(" "));
const memberName = fc.constantFrom("a", "b", "c");
const step = fc.oneof(
  { weight: 2, arbitrary: words(fc.constant("rings"), ringName) },
  { weight: 2, arbitrary: words(fc.constantFrom("rings", "follow"), ringName, ringName) },
  {
    weight: 4,
    arbitrary: fc.constantFrom("push", "push", "post", "post", "put-only", "others-push"),
  },
  {
    weight: 8,
    arbitrary: words(fc.constantFrom("begin", "look", "end", "end", "fail"), memberName),
  },
  { weight: 7, arbitrary: fc.constantFrom("plan", "prepare", "apply") },
  { weight: 2, arbitrary: fc.constant("sweep") },
  {
    weight: 3,
    arbitrary: words(fc.constantFrom("up", "down", "restart", "reset", "go"), memberName),
  },
);

/** The real copies of one group, and an instance that pushes it and reads the members. */
function createWorld() {
  const whereabouts = createWhereabouts(RINGS.a);
  const copies = new Set<Member>();
  /** Those of them that were pushed before the whole group was replaced elsewhere. */
  const outdated = new Set<Member>();
  let inUse: readonly HashRing[] = [];
  let starts = 0;
  const members = new Map<Member, MemberSight>();
  const readings = new Map<Member, { reading: Reading; found?: boolean }>();
  let planned: (Pick<Plan, "prepare" | "apply"> & { findings: Findings }) | undefined;

  function put(member: Member, sight: Partial<MemberSight>): void {
    members.set(member, { up: true, started: "0", ...members.get(member), ...sight });
    whereabouts.membersChanged(new Map(members), new Map());
  }

  function placed(member: Member): void {
    copies.add(member);
    outdated.delete(member);
  }

  /** A PUT as it is handled: it goes to the owner, and all others that were named are rid of it. */
  function push(): void {
    const owner = whereabouts.ownerOf(key);
    if (!owner || !members.get(owner)?.up) return;
    const holders = whereabouts.holdersOf(GROUP);
    for (const member of copies) outdated.add(member);
    placed(owner);
    if (!holders) return;
    for (const member of [...holders.seen.keys(), ...holders.presumed]) {
      if (member === owner) continue;
      copies.delete(member);
      whereabouts.removed(id, member);
    }
    whereabouts.settled(id);
  }

  /** A PUT that only the owner takes, and the copies of the others stay. */
  function putOnly(): void {
    const owner = whereabouts.ownerOf(key);
    if (!owner || !members.get(owner)?.up) return;
    const before = whereabouts.holdersOf(GROUP);
    for (const member of copies) outdated.add(member);
    placed(owner);
    whereabouts.taken(GROUP, { by: owner, pushed: UNTOLD, ...(before && { before }) });
  }

  /** A POST as it is handled: it goes to the copy that is there, and to the owner where there is none. */
  function post(): void {
    const owner = whereabouts.ownerOf(key);
    if (!owner) return;
    const before = whereabouts.holdersOf(GROUP);
    const { seen = new Map(), presumed = [], unread = [], absent = [], exact } = before ?? {};
    if (absent.length > 0) return; // that one would be marked
    const asked = [...seen.keys(), ...presumed, ...unread, owner];
    const found = exact ? [...exact.keys()] : asked.filter((member) => copies.has(member));
    if (found.length > 1) return;
    const [to = owner] = found;
    if (!members.get(to)?.up) return;
    placed(to);
    whereabouts.taken(GROUP, { by: to, pushed: UNTOLD, ...(before && { before }) });
  }

  function othersPush(): void {
    for (const ring of inUse) {
      const owner = ring.ownerOf(key);
      if (owner && members.get(owner)?.up) placed(owner);
    }
  }

  function current(): Member[] {
    return [...copies].filter((member) => members.has(member) && !outdated.has(member));
  }

  function goBy(present: HashRing, other: HashRing | undefined, leads: boolean): void {
    inUse = other && other !== present ? [other] : [];
    whereabouts.ringsChanged({ present, leader: leads && other ? other : present, inUse });
  }

  function read(what: string, member: Member): void {
    if (what === "begin") return void readings.set(member, { reading: whereabouts.begin(member) });
    const one = readings.get(member);
    if (!one || !members.get(member)?.up) return;
    if (what === "look") one.found = copies.has(member);
    else if (what === "fail") one.reading.fail();
    else one.reading.end(inventory((one.found ?? copies.has(member)) ? { [id]: 1 } : {}));
    if (what !== "look") readings.delete(member);
  }

  function plan(): void {
    const { inventories, misplaced, prepare, apply } = whereabouts.plan();
    const { value } = planSweep(inventories, whereabouts.ownerOf, new Map(), misplaced).next();
    if (value) planned = { prepare, apply, findings: value };
  }

  for (const member of [a, b, c]) put(member, {});

  return {
    take(text: string): void {
      const [what, one, other] = text.split(" ");
      const member = parseMember(one ?? "none", 9091);
      switch (what) {
        case "rings":
        case "follow":
          return goBy(RINGS[one], RINGS[other], what === "follow");
        case "push":
          return push();
        case "post":
          return post();
        case "put-only":
          return putOnly();
        case "others-push":
          return othersPush();
        case "plan":
          return plan();
        case "prepare":
          return planned?.prepare(planned.findings).forEach(() => {});
        case "apply":
          planned?.apply(planned.findings);
          return void (planned = undefined);
        case "sweep":
          for (const member of members.keys()) {
            for (const what of ["begin", "end"]) read(what, member);
          }
          plan();
          planned?.apply(planned.findings);
          return void (planned = undefined);
        case "up":
        case "down":
          return put(member, { up: what === "up" });
        case "restart":
        case "reset": // with what it held, or without
          readings.delete(member);
          if (what === "reset") copies.delete(member);
          return put(member, { started: String(++starts) });
        case "go":
          readings.delete(member);
          members.delete(member);
          return whereabouts.membersChanged(new Map(members), new Map());
        default:
          return read(what, member);
      }
    },
    /** Members that hold a copy that is not outdated, and where nobody would look for it. */
    overlooked(): readonly Member[] {
      const holders = whereabouts.holdersOf(GROUP);
      const named = new Set([
        whereabouts.ownerOf(key),
        ...holders?.seen.keys() ?? [],
        ...holders?.presumed ?? [],
        ...holders?.unread ?? [],
        ...holders?.absent.map(({ member }) => member) ?? [],
      ]);
      return current().filter((member) => !named.has(member));
    },
    /** The same of copies that are said to be all there are; nothing where that is not said. */
    beyondExact(): readonly Member[] {
      const exact = whereabouts.holdersOf(GROUP)?.exact;
      if (!exact) return [];
      return current().filter((member) => !exact.has(member));
    },
    whereabouts,
  };
}

Deno.test("no member is overlooked that holds what no push has replaced, whatever has happened", {
  permissions: "none",
}, () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40, size: "max" }), (steps) => {
      const world = createWorld();
      for (const [i, text] of steps.entries()) {
        world.take(text);
        assert.deepEqual(world.overlooked(), [], steps.slice(0, i + 1).join(", "));
      }
    }),
    { numRuns: 1_000 },
  );
});

Deno.test("of an instance that pushes alone, copies that count as all there are leave none out", {
  permissions: "none",
}, () => {
  const alone = step.filter((text) => !/^others-push|^(rings|follow) \w+ \w+/.test(text));
  fc.assert(
    fc.property(fc.array(alone, { maxLength: 40, size: "max" }), (steps) => {
      const world = createWorld();
      for (const [i, text] of steps.entries()) {
        world.take(text);
        assert.deepEqual(world.beyondExact(), [], steps.slice(0, i + 1).join(", "));
      }
    }),
    {
      numRuns: 1_000,
      examples: [
        [["push", "rings b", "sweep", "rings a", "plan", "apply"]],
        [["push", "rings b", "sweep", "plan", "post", "rings a", "apply"]],
        [["sweep", "rings b", "rings c", "post", "go b"]],
        [["push", "sweep", "rings b", "put-only"]],
        [["sweep", "rings b", "begin a", "fail a", "put-only"]],
        [["rings b", "push", "sweep", "rings a", "begin b", "fail b", "put-only"]],
        [["push", "sweep", "begin a", "rings bc", "put-only", "plan", "fail a"]],
        [[
          "rings b",
          "push",
          "rings a",
          "sweep",
          "down b",
          "plan",
          "up b",
          "apply",
          "put-only",
        ]],
      ],
    },
  );
});

Deno.test("once all members answer and were read, what is left out of place was seen there", {
  permissions: "none",
}, () => {
  const last = ["rings a", "up a", "up b", "up c"].concat(
    ...["a", "b", "c"].map((name) => [`begin ${name}`, `end ${name}`]),
    "plan",
    "apply",
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40, size: "max" }), (steps) => {
      const { take, whereabouts } = createWorld();
      for (const text of [...steps, ...last]) take(text);
      const holders = whereabouts.holdersOf(GROUP);
      const { presumed = [], unread = [], absent = [] } = holders ?? {};
      assert.deepEqual([presumed, unread, absent], [[], [], []]);
      assert.equal(whereabouts.isClear(), holders === undefined);
    }),
    { numRuns: 300 },
  );
});
