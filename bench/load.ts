/**
 * What a redirect costs under load: CPU time a request and p99, ours beside its first release, a
 * bare `Deno.serve` and nginx. The machine's own unrest is in every figure, so the rounds are interleaved and only ratios
 * of neighbours are compared.
 *
 * @module
 */

import { ensureComponents } from "../tools/components.ts";
import { type Round, takeRounds, takeSample, WARM_UP_SECONDS } from "./sample.ts";
import { startTargets, type TargetName } from "./targets.ts";

/** How long and how hard. */
export interface LoadOptions {
  readonly rounds: number;
  /** Of each server in each round. */
  readonly seconds: number;
  readonly connections: number;
  readonly signal: AbortSignal;
  /** Takes progress, a line each. */
  readonly log: (line: string) => void;
}

/** What was measured, by round. */
export type LoadResult = readonly Round<TargetName>[];

/**
 * Starts the servers, loads them in turn, and stops them.
 *
 * @throws {Error} where a server does not start or does not answer; the signal's reason
 */
export async function runLoad(options: LoadOptions): Promise<LoadResult> {
  const { wrk, nginx } = await ensureComponents(["wrk", "nginx"]);
  options.signal.throwIfAborted();
  await using servers = await startTargets({ ...options, nginx });
  for (const target of servers.targets) {
    await takeSample(target, { ...options, wrk, seconds: WARM_UP_SECONDS });
  }
  return await takeRounds(servers.targets, { ...options, wrk, name: "load" });
}
