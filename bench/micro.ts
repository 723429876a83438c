/** Runs `micro_bench.ts` by `deno bench`, several times for the machine's unrest. @module */

import { type Spread, spread } from "./spread.ts";

/** Nanoseconds that each step took, by its name in `micro_bench.ts`. */
export type MicroResult = ReadonlyMap<string, Spread>;

const RUNS = 3;
const RUN_MS_MAX = 120_000;

/** What `deno bench --json` prints, as far as it is read here. */
interface Report {
  readonly benches: readonly {
    readonly name: string;
    readonly results: readonly { readonly ok?: { readonly avg: number } }[];
  }[];
}

/**
 * Measures each step.
 *
 * @throws {Error} where `deno bench` or one of its steps fails; the signal's reason
 */
export async function runMicro(
  { signal, log }: { signal: AbortSignal; log: (line: string) => void },
): Promise<MicroResult> {
  const samples = new Map<string, number[]>();
  for (let run = 1; run <= RUNS; run++) {
    log(`micro: run ${run} of ${RUNS}`);
    const report = await runBench(AbortSignal.any([signal, AbortSignal.timeout(RUN_MS_MAX)]));
    signal.throwIfAborted();
    for (const { name, results } of report.benches) {
      const ns = results[0].ok?.avg;
      if (ns === undefined) throw new Error(`${name}: expected a time, found a failure`);
      const seen = samples.get(name);
      if (seen) seen.push(ns);
      else samples.set(name, [ns]);
    }
  }
  return new Map([...samples].map(([name, values]) => [name, spread(values)]));
}

async function runBench(signal: AbortSignal): Promise<Report> {
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["bench", "--json", "bench/micro_bench.ts"],
    cwd: new URL("..", import.meta.url).pathname,
    signal,
  }).output();
  if (success) return JSON.parse(new TextDecoder().decode(stdout));
  if (signal.aborted) throw signal.reason;
  throw new Error(`deno bench failed:\n${new TextDecoder().decode(stderr)}`);
}
