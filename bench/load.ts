/**
 * What a redirect costs under load: CPU time a request and p99, ours beside a bare `Deno.serve` and
 * nginx. The machine's own unrest is in every figure, so the rounds are interleaved and only ratios
 * of neighbours are compared.
 *
 * @module
 */

import { ensureComponents } from "../tools/components.ts";
import { cpuSeconds } from "./cpu.ts";
import { startTargets, type Target, type TargetName, TARGETS } from "./targets.ts";
import { runWrk } from "./wrk.ts";

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

/** One server in one round. */
export interface LoadSample {
  readonly cpuMicroseconds: number;
  readonly requestsPerSecond: number;
  readonly p99Ms: number;
}

/** What was measured, by round. */
export type LoadResult = readonly Readonly<Record<TargetName, LoadSample>>[];

/** Seconds; V8 has compiled what is hot well before. */
const WARM_UP_SECONDS = 3;

/**
 * Starts the servers, loads them in turn, and stops them.
 *
 * @throws {Error} where a server does not start or does not answer; the signal's reason
 */
export async function runLoad(options: LoadOptions): Promise<LoadResult> {
  const { rounds, seconds, connections, signal, log } = options;
  const { wrk, nginx } = await ensureComponents(["wrk", "nginx"]);
  signal.throwIfAborted();
  await using servers = await startTargets(nginx);

  const measure = async ({ process, url }: Target, seconds: number): Promise<LoadSample> => {
    const before = await cpuSeconds(process.pid);
    const result = await runWrk({ wrk, url, seconds, connections, signal });
    const cpu = await cpuSeconds(process.pid) - before;
    return {
      cpuMicroseconds: cpu * 1e6 / result.requests,
      requestsPerSecond: result.requests / (result.microseconds / 1e6),
      p99Ms: result.p99Microseconds / 1_000,
    };
  };

  for (const target of servers.targets) await measure(target, WARM_UP_SECONDS);
  const result: Record<TargetName, LoadSample>[] = [];
  for (let round = 1; round <= rounds; round++) {
    const samples: [TargetName, LoadSample][] = [];
    for (const target of servers.targets) {
      samples.push([target.name, await measure(target, seconds)]);
    }
    const sample = Object.fromEntries(samples) as Record<TargetName, LoadSample>;
    result.push(sample);
    const each = TARGETS.map((name) => `${name} ${sample[name].cpuMicroseconds.toFixed(2)}`);
    log(`load: round ${round} of ${rounds}, CPU µs a request: ${each.join(", ")}`);
  }
  return result;
}
