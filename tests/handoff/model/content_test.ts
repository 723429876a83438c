import fc from "fast-check";
import assert from "node:assert/strict";
import { GROUPS, MEMBERS, steps } from "./steps.ts";
import { createWorld, setting, type World } from "./world.ts";
import "./seed.ts";

const MOVES = { push: 20, ring: 6, sweep: 8, drain: 8, wait: 4 };
/** Two changes of the ring while one group is on its way are rare among all that may happen. */
const RING_CHANGES = { push: 6, ring: 5, sweep: 6 };

/** The only copies there are hold what all pushes together have made of them. */
function assertContents({ fleet: { copies, history } }: World, last: string): void {
  for (const id of GROUPS) {
    const found = [...copies(id).values()].map((families) =>
      [...families].filter(([name]) => name !== last).sort()
    );
    const content = history.contentOf(id);
    const wanted = content && [...content].filter(([name]) => name !== last).sort();
    assert.deepEqual(found, wanted ? [wanted] : [], id);
  }
}

/** What has been moved half-way is moved: sweeps, drains, and a push of one more family. */
async function settle(world: World, last: string): Promise<void> {
  await world.play([{ do: "sweep", via: 0 }, { do: "sweep", via: 1 }]);
  await world.play(MEMBERS.map((member) => ({ do: "drain", via: 0, member })));
  const held = GROUPS.filter((id) => world.fleet.history.contentOf(id));
  for (const id of held) {
    const push = { method: "POST", id, names: [last] } as const;
    await world.play([{ do: "push", via: 1, push, redirected: false }]);
  }
  await world.end();
}

/**
 * While no push is on its way as the ring changes. One that is, is a redirect followed too late: its
 * families may lie on one copy and those of others on another, and only the newer one stays.
 */
for (
  const [what, kinds, numRuns] of [
    ["moves", MOVES, 600],
    ["rings that change while groups move", RING_CHANGES, 1_000],
  ] as const
) {
  Deno.test(`families that were only POSTed survive ${what}`, { permissions: "none" }, async () => {
    const moves = steps(kinds, { methods: ["PUT", "POST", "POST"], sameRing: true });
    await fc.assert(
      fc.asyncProperty(fc.scheduler(), setting, moves, async (scheduler, setting, steps) => {
        using world = createWorld(scheduler, setting, { calm: true });
        await world.play(steps);
        await settle(world, "last");
        assert.deepEqual(world.fleet.losses, []);
        assertContents(world, "last");
      }),
      { numRuns },
    );
  });
}

/** A Pushgateway that has not deleted yet what it was told to may have it copied elsewhere. */
Deno.test("a group that was deleted through the service stays deleted", {
  permissions: "none",
}, async () => {
  const moves = steps(MOVES, { methods: ["PUT", "POST", "DELETE"], sameRing: true });
  await fc.assert(
    fc.asyncProperty(fc.scheduler(), setting, moves, async (scheduler, setting, steps) => {
      using world = createWorld(scheduler, setting, { calm: true, inTurn: true });
      await world.play(steps);
      await settle(world, "last");
      assertContents(world, "last");
    }),
    { numRuns: 400 },
  );
});
