import fc from "fast-check";
import { createWorld, setting, steps } from "./scenario.ts";
Deno.test("stats", async () => {
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
  const counts: Record<string, number> = {};
  let stepsN = 0, runs = 0;
  await fc.assert(
    fc.asyncProperty(fc.scheduler(), setting, anything, async (scheduler, setting, steps) => {
      const outcomes: string[] = [];
      using world = createWorld(scheduler, setting, {
        onPush: (p, o) => outcomes.push(`push ${p.method} ${o}`),
      });
      const f = world.fleet as any;
      const op = (k: string, o: any) => outcomes.push(`${k} by ${o?.kind} ${o?.isLocked()}`);
      const put = f.put, remove = f.remove;
      f.put = (m: any, g: any, o: any) => {
        op("put", o);
        return put(m, g, o);
      };
      f.remove = (m: any, g: any, o: any) => {
        op("remove", o);
        return remove(m, g, o);
      };
      await world.play(steps);
      for (const instance of world.instances) instance.kill();
      await world.clockwork.run();
      await world.ended;
      for (const o of outcomes) counts[o] = (counts[o] ?? 0) + 1;
      stepsN += world.clockwork.step;
      runs++;
    }),
    { numRuns: 1000 },
  );
  console.log(stepsN / runs, counts);
});
