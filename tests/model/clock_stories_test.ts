/** Of two copies the older one goes, as far as the members' clocks can tell them apart. @module */

import assert from "node:assert/strict";
import { createRandom } from "../../tools/random.ts";
import { pathOwnedBy, tell } from "./story.ts";

const [A, B] = [0, 1];
const SWEEPS_MS = 40_000;
/** Each clock is known to a second and the time of a read. */
const KNOWN_MS = 2_200;
const AHEAD_MS_MAX = 3_000;

/** Two clients push directly, one to each member; resolves with what is left after some sweeps. */
async function pushBoth(
  { seed, owner, apartMs }: {
    readonly seed: number;
    readonly owner: number;
    readonly apartMs: number;
  },
): Promise<{ readonly left: string[]; readonly first: string; readonly second: string }> {
  let found: Awaited<ReturnType<typeof pushBoth>> | undefined;
  const setting = { seed, first: [A, B], aheadMsMax: AHEAD_MS_MAX };
  await tell(setting, async ({ stray, wait, holders, world }) => {
    const path = pathOwnedBy(owner, [A, B]);
    await wait(1_000 * world.random.next());
    const first = stray("PUT", path, A);
    await wait(apartMs);
    const second = stray("PUT", path, B);
    await wait(SWEEPS_MS);
    found = { left: Object.values(holders(path)).flat().toSorted(), first, second };
  });
  assert(found);
  return found;
}

for (const [owner, whose] of [[A, "older"], [B, "newer"]] as const) {
  Deno.test(`of two copies pushed within a moment neither is deleted, the ${whose} on its owner`, async () => {
    for (let seed = 1; seed <= 10; seed++) {
      const { left, first, second } = await pushBoth({ seed, owner, apartMs: 5 });
      assert(left.includes(second), `seed ${seed}: the newer one is there`);
      assert(left.includes(first), `seed ${seed}: the older one is there`);
    }
  });
}

Deno.test("of two copies only the one that was pushed first is ever deleted, whatever the clocks", async () => {
  for (let seed = 1; seed <= 30; seed++) {
    const apartMs = createRandom(seed).between(1, 5_000);
    const { left, first, second } = await pushBoth({ seed, owner: B, apartMs });
    assert(left.includes(second), `seed ${seed}, ${apartMs} ms apart`);
    if (apartMs > KNOWN_MS) assert(!left.includes(first), `seed ${seed}, ${apartMs} ms apart`);
  }
});
