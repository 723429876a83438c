/**
 * What was acknowledged is there, whatever happens to the instances, the members and Consul, one after
 * the other: a fixed handful of seeds. `deno task soak` runs as many as one likes.
 *
 * @module
 */

import assert from "node:assert/strict";
import { COMEBACKS, type Profile, profileOf, PROFILES } from "./profiles.ts";
import { runModel } from "./run.ts";

/** Of each profile; fewer where there are many groups, which takes ten times as long. */
const [SEEDS, BUSY_SEEDS] = [8, 3];
const ACKNOWLEDGED_MIN = 100;

/** Fails where a run of a seed has lost a push, or a group is out of place in the end. */
async function assertSurvives(seed: number, profile: Profile): Promise<void> {
  const { faults, happenings, acknowledged } = await runModel({ seed, ...profile });
  const log = faults.length > 0 ? happenings.join("\n") : "";
  assert.deepEqual(faults, [], `seed ${seed}\n${log}`);
  assert(acknowledged > ACKNOWLEDGED_MIN, `seed ${seed}: ${acknowledged} were acknowledged`);
}

for (const [i, { weights, methods, groups }] of PROFILES.entries()) {
  const count = groups === undefined ? SEEDS : BUSY_SEEDS;
  const seeds = Array.from({ length: count }, (_, n) => n * PROFILES.length + i);
  const pushed = `${[...new Set(methods)].join(" and ")}${groups ? ` of ${groups} groups` : ""}`;
  const name = `${pushed} survive ${Object.keys(weights).join(", ")}, mixture ${i}`;
  Deno.test(name, async () => {
    for (const seed of seeds) await assertSurvives(seed, profileOf(seed));
  });
}

Deno.test("POST and PUT survive members that go away and come back all the time", async () => {
  for (let seed = 1; seed <= SEEDS; seed++) await assertSurvives(seed, COMEBACKS);
});

Deno.test("the same seed brings the same run", async () => {
  const run = () => runModel({ seed: 1, ...profileOf(1) });
  const [one, other] = [await run(), await run()];
  assert.deepEqual(one.happenings, other.happenings);
});
