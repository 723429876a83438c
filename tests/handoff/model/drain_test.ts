import fc from "fast-check";
import assert from "node:assert/strict";
import { keyOfId } from "../../../src/handoff/plan/inventory.ts";
import { UNCOPYABLE } from "./memory_gateways.ts";
import { GROUPS, MEMBERS, pushPlan, type Step, steps } from "./steps.ts";
import { createWorld, ringOf, setting, type World } from "./world.ts";
import "./seed.ts";

const [LEAVING, ...STAYING] = MEMBERS;
const drain = (via: number): Step => ({ do: "drain", via, member: LEAVING });
const BOTH = [0, 1];

/** Puts each group on the member that is about to leave. */
async function fill(world: World): Promise<void> {
  await world.play([{ do: "ring", of: BOTH, members: [LEAVING] }]);
  for (const id of GROUPS) {
    const push = { method: "PUT", id, names: ["a", "b"] } as const;
    await world.play([{ do: "push", via: 0, push, redirected: false }]);
  }
  await world.play([{ do: "ring", of: BOTH, members: STAYING }]);
  await world.play(BOTH.map((via) => ({ do: "sweep", via })));
}

/** Each group, whole, on one member that answers at least. */
function assertAllThere({ fleet }: World): void {
  for (const id of GROUPS) {
    const wanted = [...fleet.history.contentOf(id) ?? []];
    const copies = [...fleet.copies(id).values()].map((families) => [...families]);
    assert(copies.some((copy) => JSON.stringify(copy) === JSON.stringify(wanted)), id);
  }
}

Deno.test("a drained member is empty, and its groups lie on their owners with the same content", {
  permissions: "none",
}, async () => {
  await fc.assert(
    fc.asyncProperty(fc.scheduler(), setting, async (scheduler, setting) => {
      using world = createWorld(scheduler, setting);
      await fill(world);
      await world.play([drain(0), { do: "sweep", via: 1 }], {
        inBetween: () => assertAllThere(world),
      });
      await world.end();
      assert.equal(world.fleet.members.get(LEAVING)?.groups.size, 0);
      for (const id of GROUPS) {
        const owner = ringOf(STAYING).ownerOf(keyOfId(id));
        assert.deepEqual([...world.fleet.copies(id)], [[owner, world.fleet.history.contentOf(id)]]);
      }
    }),
    { numRuns: 100 },
  );
});

Deno.test("a drain may be cut off anywhere: no group is missing, and the next one finishes it", {
  permissions: "none",
}, async () => {
  const faults = fc.array(
    fc.constantFrom<Step>(
      { do: "restart", via: 0 },
      { do: "restart", via: 1 },
      { do: "lock", via: 0, reachable: false },
      { do: "lock", via: 0, reachable: true },
      { do: "lose answer" },
      { do: "sweep", via: 0 },
      { do: "sweep", via: 1 },
      drain(0),
      drain(1),
    ),
    { maxLength: 20, size: "max" },
  );
  await fc.assert(
    fc.asyncProperty(fc.scheduler(), setting, faults, async (scheduler, setting, faults) => {
      using world = createWorld(scheduler, setting);
      await fill(world);
      const inBetween = () => assertAllThere(world);
      await world.play([drain(0), ...faults], { inBetween });
      await world.play([
        { do: "restart", via: 1 },
        { do: "lock", via: 1, reachable: true },
        { do: "sweep", via: 1 },
      ], { inBetween });
      await world.play([drain(1)], { inBetween });
      await world.end();
      assert.equal(world.fleet.members.get(LEAVING)?.groups.size, 0);
    }),
    { numRuns: 300 },
  );
});

for (const calm of [false, true]) {
  const clocks = calm ? "known" : "known to a second";
  Deno.test(`what is pushed to a member while it is drained is not lost, with clocks ${clocks}`, {
    permissions: "none",
  }, async () => {
    const strays = fc.array(
      fc.record({
        do: fc.constant("stray" as const),
        member: fc.constant(LEAVING),
        push: pushPlan({ methods: ["PUT", "POST"] }),
      }),
      { minLength: 1, maxLength: 4 },
    );
    await fc.assert(
      fc.asyncProperty(fc.scheduler(), setting, strays, async (scheduler, setting, strays) => {
        using world = createWorld(scheduler, { ...setting, oneByOne: false }, { calm });
        await fill(world);
        await world.play([drain(0), ...strays, { do: "sweep", via: 1 }]);
        await world.play([{ do: "sweep", via: 0 }, drain(0)]);
        await world.end();
        assert.deepEqual(world.fleet.losses, []);
        assert.equal(world.fleet.members.get(LEAVING)?.groups.size, 0);
      }),
      { numRuns: 300 },
    );
  });
}

Deno.test("a group that cannot be copied stays where it lies, whatever is drained or POSTed", {
  permissions: "none",
}, async () => {
  const moves = steps({ push: 10, ring: 4, sweep: 8, drain: 8 }, {
    methods: ["POST"],
    sameRing: true,
  });
  await fc.assert(
    fc.asyncProperty(fc.scheduler(), setting, moves, async (scheduler, setting, moves) => {
      using world = createWorld(scheduler, setting, { calm: true });
      for (const id of GROUPS) {
        const push = { method: "PUT", id, names: ["a", UNCOPYABLE] } as const;
        await world.play([{ do: "push", via: 0, push, redirected: false }]);
      }
      const at = GROUPS.map((id) => [...world.fleet.copies(id).keys()]);
      await world.play(moves);
      await world.end();
      for (const [i, id] of GROUPS.entries()) {
        const copies = world.fleet.copies(id);
        assert.deepEqual([...copies.keys()], at[i], id);
        for (const families of copies.values()) assert.equal(families.get(UNCOPYABLE), i + 1);
      }
    }),
    { numRuns: 200 },
  );
});
