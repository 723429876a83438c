import fc from "fast-check";
import assert from "node:assert/strict";
import { GROUPS, MEMBERS } from "./steps.ts";
import { createWorld, setting, type World } from "./world.ts";
import "./seed.ts";

const [id] = GROUPS;
const [FIRST, SECOND] = MEMBERS;

/** Pushes come directly to two members, one so long after the other. */
function pushBoth({ fleet, clockwork }: World, apartMs: number): void {
  const push = { method: "PUT", id, names: ["a"] } as const;
  fleet.land(FIRST, { ...push, value: 1 });
  clockwork.pass(apartMs);
  fleet.land(SECOND, { ...push, value: 2 });
}

/** What the copies hold after a round of sweeps and the removal of stale copies. */
async function copies(world: World): Promise<number[]> {
  await world.play([{ do: "sweep", via: 0 }]);
  await world.end();
  return [...world.fleet.copies(id).values()].map((families) => families.get("a") ?? 0);
}

for (const apartMs of [0, 1, 300, 900]) {
  Deno.test(`two copies pushed ${apartMs} ms apart, by clocks known to a second, are not judged`, {
    permissions: "none",
  }, async () => {
    // In the middle of a second of all clocks: each may be half a second off, one way or the other.
    const aheadMs = fc.integer({ min: -3, max: 3 }).map((s) => s * 1_000 + 500);
    await fc.assert(
      fc.asyncProperty(
        fc.scheduler(),
        fc.array(aheadMs, { minLength: 3, maxLength: 3 }),
        async (scheduler, aheadMs) => {
          using world = createWorld(scheduler, { aheadMs, oneByOne: true });
          pushBoth(world, apartMs);
          world.clockwork.pass(1_000 - apartMs);
          assert.deepEqual(await copies(world), [1, 2]);
        },
      ),
      { numRuns: 30 },
    );
  });
}

Deno.test("of two copies only the one that was pushed first is ever stale, whatever the clocks", {
  permissions: "none",
}, async () => {
  const apart = fc.integer({ min: 1, max: 5_000 });
  const later = fc.integer({ min: 0, max: 1_000 });
  await fc.assert(
    fc.asyncProperty(
      fc.scheduler(),
      setting,
      apart,
      later,
      async (scheduler, setting, apartMs, laterMs) => {
        using world = createWorld(scheduler, setting);
        world.clockwork.pass(laterMs);
        pushBoth(world, apartMs);
        const left = await copies(world);
        assert(left.includes(2));
        // Each clock is known to a second and the time of a read.
        if (apartMs > 2_100) assert.deepEqual(left, [2]);
      },
    ),
    { numRuns: 200 },
  );
});
