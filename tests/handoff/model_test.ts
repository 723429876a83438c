import fc from "fast-check";
import assert from "node:assert/strict";
import { createWorld, setting, steps } from "./scenario.ts";

Deno.test("handoff never loses the newest copy of a group while a member that holds it lives", {
  permissions: "none",
}, async () => {
  const anything = steps({
    push: 20,
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
  }, {
    range: {
      methods: ["PUT", "PUT", "PUT", "POST", "POST", "POST", "DELETE"],
      redirects: true,
      uncopyable: true,
    },
  });
  await fc.assert(
    fc.asyncProperty(fc.scheduler(), setting, anything, async (scheduler, setting, steps) => {
      using world = createWorld(scheduler, setting);
      await world.play(steps);
      for (const instance of world.instances) instance.kill();
      await world.clockwork.run();
      await world.ended;
      assert.deepEqual(world.fleet.losses, []);
    }),
    { numRuns: Number(Deno.args[0] ?? 300), verbose: 0 },
  );
});
