/**
 * Why to shard at all: how many pushes a second one, two and four real Pushgateways take through us
 * at the same number of groups in total. A Pushgateway checks a push against everything it holds.
 *
 * @module
 */

import { pushFor, type PushRun } from "./pusher.ts";
import { startFleet } from "./shards_fleet.ts";

/** What so many Pushgateways took. */
export interface ShardsSample {
  readonly count: number;
  /** Of each Pushgateway. */
  readonly groups: readonly number[];
  readonly rounds: readonly ShardsRound[];
}

/** One round, and what a push of it took all Pushgateways together. */
export type ShardsRound = PushRun & { readonly cpuMsPerPush: number };

/** By the number of Pushgateways; one is the first. */
export type ShardsResult = readonly ShardsSample[];

const COUNTS = [1, 2, 4];
const GROUPS = 10_000;
const ROUNDS = 3;
const CONNECTIONS = 16;
/** Until every connection waits in a queue. One Pushgateway answers 16 pushes in four seconds. */
const WARM_UP_MS = 4_000;
const WINDOW_MS = 15_000;

/**
 * Starts the Pushgateways, fills them, pushes in turn through each front, and stops them.
 *
 * @throws {Error} where something does not start or a push is not answered with 200; the signal's
 *   reason
 */
export async function runShards(
  { signal, log }: { signal: AbortSignal; log: (line: string) => void },
): Promise<ShardsResult> {
  await using stack = new AsyncDisposableStack();
  const fleets = [];
  for (const count of COUNTS) {
    log(`shards: filling ${count} with ${GROUPS} groups`);
    const fleet = stack.use(await startFleet({ count, groups: GROUPS, signal }));
    fleets.push({ count, fleet, groups: await fleet.groups(), rounds: [] as ShardsRound[] });
  }
  for (let round = 1; round <= ROUNDS; round++) {
    for (const { fleet, rounds } of fleets) {
      const before = await fleet.cpuSeconds();
      const run = await pushFor(fleet.url, {
        groups: GROUPS,
        connections: CONNECTIONS,
        warmUpMs: WARM_UP_MS,
        windowMs: WINDOW_MS,
        signal,
      });
      const cpuMs = (await fleet.cpuSeconds() - before) * 1_000;
      rounds.push({ ...run, cpuMsPerPush: cpuMs / run.answered });
    }
    const each = fleets.map(({ count, rounds }) =>
      `${count}: ${rounds[round - 1].pushesPerSecond.toFixed(1)}`
    );
    log(`shards: round ${round} of ${ROUNDS}, pushes a second: ${each.join(", ")}`);
  }
  for (const { count, fleet, groups } of fleets) {
    const after = await fleet.groups();
    if (after.join() === groups.join()) continue;
    log(
      `shards: ${count} began with ${groups} groups and ended with ${after}: one was taken for dead`,
    );
  }
  return fleets;
}
