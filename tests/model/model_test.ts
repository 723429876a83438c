/**
 * What was acknowledged is there, whatever happens to the instances, the members and Consul, one after
 * the other: a fixed handful of seeds. `deno task soak` runs as many as one likes.
 *
 * @module
 */

import assert from "node:assert/strict";
import { profileOf } from "./profiles.ts";
import { runModel } from "./run.ts";

const SEEDS = 32;
const TESTS = 4;
const ACKNOWLEDGED_MIN = 100;

for (let test = 0; test < TESTS; test++) {
  const seeds = Array.from({ length: SEEDS / TESTS }, (_, i) => i * TESTS + test);
  const { weights, methods } = profileOf(test);
  const name = `${[...new Set(methods)].join(" and ")} survive ${Object.keys(weights).join(", ")}`;
  Deno.test(name, async () => {
    for (const seed of seeds) {
      const { faults, happenings, acknowledged } = await runModel({ seed, ...profileOf(seed) });
      const log = faults.length > 0 ? happenings.join("\n") : "";
      assert.deepEqual(faults, [], `seed ${seed}\n${log}`);
      assert(acknowledged > ACKNOWLEDGED_MIN, `seed ${seed}: ${acknowledged} were acknowledged`);
    }
  });
}

Deno.test("the same seed brings the same run", async () => {
  const run = () => runModel({ seed: 1, ...profileOf(1) });
  const [one, other] = [await run(), await run()];
  assert.deepEqual(one.happenings, other.happenings);
});
