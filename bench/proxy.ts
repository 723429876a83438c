/**
 * What passing a push on costs: CPU time a request and p99, ours beside `fetch` and nginx, before
 * members that answer at once; then p99 at half of the rate that ours reached.
 *
 * @module
 */

import { ensureComponents } from "../tools/components.ts";
import type { LoadOptions } from "./load.ts";
import { type ProxyTargetName, startProxyTargets } from "./proxy_targets.ts";
import { type Sample, takeRounds, takeSample, WARM_UP_SECONDS } from "./sample.ts";

/** What was measured, by round. */
export interface ProxyResult {
  readonly peak: readonly Readonly<Record<ProxyTargetName, Sample>>[];
  /** At half of the requests a second that ours answered at its peak. */
  readonly half: readonly Readonly<Record<ProxyTargetName, Sample>>[];
}

const HALF_ROUNDS = 8;
/** A p99 needs some thousands of requests. */
const HALF_SECONDS = 3;

/**
 * Starts the servers, loads them in turn, and stops them.
 *
 * @throws {Error} where a server does not start or does not answer; the signal's reason
 */
export async function runProxy(options: LoadOptions): Promise<ProxyResult> {
  const { wrk, nginx } = await ensureComponents(["wrk", "nginx"]);
  options.signal.throwIfAborted();
  await using servers = await startProxyTargets(nginx);
  const { targets } = servers;
  const [ours] = targets;
  for (const target of targets) {
    await takeSample(target, { ...options, wrk, seconds: WARM_UP_SECONDS });
  }
  const peak = await takeRounds(targets, { ...options, wrk, name: "proxy" });
  const half = await takeRounds(targets, {
    ...options,
    wrk,
    name: "proxy at half",
    rounds: HALF_ROUNDS,
    seconds: HALF_SECONDS,
    // Of the peak just now: the machine may have less to give than a minute ago.
    rate: async () => {
      const { requestsPerSecond } = await takeSample(ours, { ...options, wrk });
      return Math.round(requestsPerSecond / 2);
    },
  });
  return { peak, half };
}
