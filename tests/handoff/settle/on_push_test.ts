import assert from "node:assert/strict";
import { keyOfId } from "../../../src/handoff/plan/inventory.ts";
import type { Member } from "../../../src/member.ts";
import { inOrder } from "../model/clockwork.ts";
import { UNCOPYABLE } from "../model/memory_gateways.ts";
import { GROUPS, MEMBERS, type PushPlan, type Step } from "../model/steps.ts";
import { createWorld, type World } from "../model/world.ts";

const [id] = GROUPS;
const [A, B, C] = MEMBERS;
const BOTH = [0, 1];

const ring = (...members: Member[]): Step => ({ do: "ring", of: BOTH, members });
const push = (method: PushPlan["method"], ...names: string[]): Step => ({
  do: "push",
  via: 0,
  push: { method, id, names },
  redirected: false,
});
const stray = (member: Member, ...names: string[]): Step => ({
  do: "stray",
  member,
  push: { method: "PUT", id, names },
});
const wait: Step = { do: "wait", ms: 5_000 };
const sweep: Step = { do: "sweep", via: 0 };

function begin(): World {
  return createWorld(inOrder(), { aheadMs: [0, 0, 0], oneByOne: true });
}

async function holders(world: World): Promise<Record<string, Record<string, number>>> {
  await world.end();
  return Object.fromEntries(
    [...world.fleet.copies(id)].map(([at, families]) => [at, Object.fromEntries(families)]),
  );
}

const STORIES: readonly [
  sentence: string,
  steps: readonly Step[],
  holders: Record<string, Record<string, number>>,
][] = [
  [
    "a PUT goes to the new owner, and the former copy goes",
    [ring(A), push("PUT", "a", "b"), ring(B), wait, push("PUT", "a")],
    { [B]: { a: 2 } },
  ],
  [
    "a POST brings along what it does not carry",
    [ring(A), push("PUT", "a", "b"), ring(B), wait, push("POST", "a")],
    { [B]: { a: 2, b: 1 } },
  ],
  [
    "a POST to an owner whose copy is the newer brings nothing along",
    [ring(A), push("PUT", "a", "b"), wait, ring(B), stray(B, "c"), wait, sweep, push("POST", "a")],
    { [B]: { c: 2, a: 3 } },
  ],
  [
    "a POST to an owner whose copy is the older goes to the newer, which is then added to it",
    [
      ring(B),
      wait,
      push("PUT", "a", "b"),
      wait,
      stray(A, "c"),
      wait,
      sweep,
      wait,
      push("POST", "a"),
    ],
    { [B]: { b: 1, c: 2, a: 3 } },
  ],
  [
    "of two former copies a POST goes to the newer, which is moved",
    [ring(A), stray(A, "a", "b"), wait, stray(C, "c"), wait, ring(B), sweep, push("POST", "a")],
    { [B]: { c: 2, a: 3 } },
  ],
  [
    "a POST of a group that cannot be copied goes where it lies",
    [ring(A), push("PUT", UNCOPYABLE), ring(B), wait, push("POST", "a")],
    { [A]: { [UNCOPYABLE]: 1, a: 2 } },
  ],
  [
    "a PUT replaces even what cannot be copied",
    [ring(A), push("PUT", UNCOPYABLE), ring(B), wait, push("PUT", "a")],
    { [B]: { a: 2 } },
  ],
  [
    "a DELETE reaches every holder",
    [ring(A), push("PUT", "a"), stray(C, "a"), ring(B), wait, push("DELETE")],
    {},
  ],
  [
    "a PUT that its owner refuses deletes nothing; the former holder has taken it by then",
    [
      ring(A),
      push("PUT", "a"),
      ring(B),
      wait,
      { do: "refuse", member: B, refusing: true },
      push("PUT", "a"),
    ],
    { [A]: { a: 2 }, [B]: {} },
  ],
  [
    "right after a ring change a push goes to the former owner, as those of other instances do",
    [ring(A), wait, push("PUT", "a"), ring(B), push("PUT", "b"), push("POST", "c")],
    { [A]: { b: 2, c: 3 } },
  ],
  [
    "a moment after a ring change the next push brings the group home",
    [ring(A), wait, push("PUT", "a"), ring(B), push("POST", "b"), wait, push("POST", "c")],
    { [B]: { a: 1, b: 2, c: 3 } },
  ],
  [
    "right after two ring changes a push does not part a group that lies on neither",
    [ring(A), wait, push("PUT", "a"), ring(C), ring(B), push("PUT", "b")],
    { [B]: { b: 2 } },
  ],
  [
    "right after a ring change a push goes to the new owner where another instance has moved the group",
    [ring(A), wait, push("PUT", "a"), wait, ring(B), stray(B, "a", "b"), push("PUT", "c")],
    { [B]: { c: 3 } },
  ],
  [
    "a former holder that is dead is left alone, and its old copy goes when it returns",
    [
      ring(A),
      push("PUT", "a"),
      { do: "die", member: A, keepsData: true },
      ring(B),
      wait,
      push("PUT", "a"),
      wait,
      { do: "return", member: A },
      sweep,
    ],
    { [B]: { a: 2 } },
  ],
];
for (const [sentence, steps, expected] of STORIES) {
  Deno.test(sentence, { permissions: "none" }, async () => {
    using world = begin();
    await world.play(steps);
    assert.deepEqual(await holders(world), expected);
  });
}

Deno.test("a group that was brought home is not handled again", {
  permissions: "none",
}, async () => {
  using world = begin();
  await world.play([ring(A), push("PUT", "a"), ring(B), wait, push("POST", "b")]);
  const [{ misplaced }] = world.instances;
  assert.equal(misplaced.holdersOf({ id, key: keyOfId(id) }), undefined);
  await world.end();
});

/** The ring changes, once, when handoff has put a copy on a member. */
function whenCopiedTo(world: World, member: Member, change: () => void): void {
  const { put } = world.fleet;
  let changed = false;
  Object.assign(world.fleet, {
    put: (...[to, group, operation]: Parameters<typeof put>) => {
      const taken = put(to, group, operation);
      if (to === member && !changed) {
        changed = true;
        change();
      }
      return taken;
    },
  });
}

Deno.test("a POSTed group that gets another owner while it is moved goes on, whole", {
  permissions: "none",
}, async () => {
  using world = begin();
  await world.play([ring(A), push("PUT", "a", "b"), ring(B), wait]);
  whenCopiedTo(world, B, () => world.take(ring(C)));
  await world.play([push("POST", "a"), wait, push("POST", "c")]);
  assert.deepEqual(await holders(world), { [C]: { a: 2, b: 1, c: 3 } });
});

Deno.test("what is pushed to the former holder while a group is moved is not lost", {
  permissions: "none",
}, async () => {
  using world = begin();
  await world.play([ring(A), push("PUT", "a", "b"), ring(B), wait]);
  whenCopiedTo(world, B, () => {
    world.take(ring(A));
    world.take(stray(A, "a", "b", "c"));
    world.clockwork.pass(5_000);
  });
  await world.play([push("POST", "a"), wait, push("POST", "d")]);
  assert.deepEqual(await holders(world), { [A]: { a: 3, b: 3, c: 3, d: 4 } });
});

Deno.test("what came to an owner that was thought dead is not copied over", {
  permissions: "none",
}, async () => {
  using world = begin();
  await world.play([ring(A), push("PUT", "a", "b"), ring(B), wait, sweep, stray(B, "a"), wait]);
  for (const instance of world.instances) instance.probed(B, false);
  await world.play([push("POST", "c")]);
  assert.deepEqual(world.fleet.losses, []);
  assert.equal((await holders(world))[B]?.a, 2);
});
