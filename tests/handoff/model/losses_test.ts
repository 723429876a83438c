import fc from "fast-check";
import assert from "node:assert/strict";
import { keyOfId } from "../../../src/handoff/plan/inventory.ts";
import { GROUPS, MEMBERS, pushPlan, someMembers, steps } from "./steps.ts";
import { createWorld, ringOf, setting, type World } from "./world.ts";
import "./seed.ts";

/** What may go wrong, and right. */
const ANYTHING = {
  push: 20,
  stray: 4,
  ring: 6,
  sweep: 12,
  drain: 12,
  die: 2,
  return: 4,
  refuse: 1,
  "lose answer": 1,
  lock: 1,
  restart: 1,
  wait: 4,
};
const PUSHES = ["PUT", "PUT", "PUT", "POST", "POST", "POST", "DELETE"] as const;

Deno.test("handoff never loses the newest copy of a group while a member that holds it lives", {
  permissions: "none",
}, async () => {
  const anything = steps(ANYTHING, { methods: PUSHES, redirects: true, uncopyable: true });
  await fc.assert(
    fc.asyncProperty(fc.scheduler(), setting, anything, async (scheduler, setting, steps) => {
      using world = createWorld(scheduler, setting);
      await world.play(steps);
      await world.end();
      assert.deepEqual(world.fleet.losses, []);
    }),
    { numRuns: 1_000 },
  );
});

Deno.test(
  "once all see the same ring, pushes, sweeps and drains bring every group to its owner, once",
  {
    permissions: "none",
  },
  async () => {
    const anything = steps(ANYTHING, { methods: PUSHES, redirects: true });
    const method = pushPlan({ methods: ["PUT", "POST"] });
    await fc.assert(
      fc.asyncProperty(
        fc.scheduler(),
        setting,
        anything,
        fc.tuple(someMembers, fc.array(method, { minLength: 2, maxLength: 2 }), fc.nat({ max: 1 })),
        async (scheduler, setting, steps, [members, plans, via]) => {
          using world = createWorld(scheduler, setting);
          await world.play(steps);
          await world.recover(members);
          await sweepAll(world);
          const pushes = GROUPS.map((id, i) =>
            ({ do: "push", via, redirected: false, push: { ...plans[i], id } }) as const
          );
          const leaving = MEMBERS.filter((member) => !members.includes(member));
          await world.play([
            ...pushes,
            ...leaving.map((member) => ({ do: "drain", via, member }) as const),
          ]);
          await sweepAll(world);
          // What was pushed within the uncertainty of the clocks is settled by the next push.
          await world.play(pushes);
          await world.end();
          for (const id of GROUPS) {
            const owner = ringOf(members).ownerOf(keyOfId(id));
            assert.deepEqual([...world.fleet.copies(id).keys()], [owner], id);
          }
        },
      ),
      { numRuns: 300 },
    );
  },
);

async function sweepAll(world: World): Promise<void> {
  await world.play([{ do: "sweep", via: 0 }, { do: "sweep", via: 1 }]);
}
