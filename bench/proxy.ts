/**
 * What passing a push on costs: CPU time a request and p99, ours beside its first release, `fetch`,
 * nginx and HAProxy, before members that answer at once; then p99 at half of the rate that ours
 * reached; then all of them before real Pushgateways.
 *
 * @module
 */

import { type Component, ensureComponents } from "../tools/components.ts";
import type { LoadOptions } from "./load.ts";
import { type ProxyTargetName, startProxyTargets } from "./proxy_targets.ts";
import { type Round, takeRounds, takeSample, WARM_UP_SECONDS } from "./sample.ts";

/** What was measured, by round. */
export interface ProxyResult {
  readonly peak: readonly Round<ProxyTargetName>[];
  /** At half of the requests a second that ours answered at its peak. */
  readonly half: readonly Round<ProxyTargetName>[];
  /** Before real Pushgateways. */
  readonly real: readonly Round<ProxyTargetName>[];
}

const HALF_ROUNDS_MAX = 8;
const REAL_ROUNDS_MAX = 10;
/** A p99 needs some thousands of requests. */
const HALF_SECONDS = 3;

/**
 * Starts the servers, loads them in turn, and stops them.
 *
 * @throws {Error} where a server does not start or does not answer; the signal's reason
 */
export async function runProxy(options: LoadOptions): Promise<ProxyResult> {
  const programs = await ensureComponents(["wrk", "nginx", "haproxy"]);
  options.signal.throwIfAborted();
  const stubs = await runStubs(options, programs);
  return { ...stubs, real: await runReal(options, programs) };
}

type Programs = Readonly<Record<"wrk" | "nginx" | "haproxy", Component>>;

async function runReal(
  options: LoadOptions,
  { wrk, ...programs }: Programs,
): Promise<ProxyResult["real"]> {
  const { log } = options;
  await using servers = await startProxyTargets("pushgateways", { ...programs, log });
  for (const target of servers.targets) {
    await takeSample(target, { ...options, wrk, seconds: WARM_UP_SECONDS });
  }
  const rounds = Math.min(options.rounds, REAL_ROUNDS_MAX);
  return await takeRounds(servers.targets, {
    ...options,
    wrk,
    rounds,
    name: "proxy to Pushgateways",
  });
}

async function runStubs(
  options: LoadOptions,
  { wrk, ...programs }: Programs,
): Promise<Omit<ProxyResult, "real">> {
  const { log } = options;
  await using servers = await startProxyTargets("stubs", { ...programs, log });
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
    rounds: Math.min(options.rounds, HALF_ROUNDS_MAX),
    seconds: HALF_SECONDS,
    // Of the peak just now: the machine may have less to give than a minute ago.
    rate: async () => {
      const { requestsPerSecond } = await takeSample(ours, { ...options, wrk });
      return Math.round(requestsPerSecond / 2);
    },
  });
  return { peak, half };
}
