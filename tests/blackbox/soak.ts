/**
 * Runs of the fault test by hand, each with another seed. Groups only grow, and moving them gets
 * slower: many runs of a minute see more faults than one long run.
 *
 *     deno task soak --minutes=1                            one run, with a seed of its own
 *     deno task soak --minutes=1 --seed=7 --runs=10
 *     deno task soak --minutes=1 --rate=10                  ten times as many groups, and pushes
 *     deno task soak --minutes=1 --faults=reload,restart    these kinds only; none: --faults=none
 *     deno task soak --minutes=1 --logs=DIRECTORY           keeps what was found and the logs there
 *
 * @module
 */

import { parseArgs } from "node:util";
import { FAULT_KINDS, type FaultKind } from "./plan.ts";
import { isClean, renderFaults, renderLine, renderReport } from "./report.ts";
import { RunFailure, runOnce, type RunResult } from "./run.ts";

interface SoakOptions {
  readonly minutes: number;
  readonly seed: number;
  readonly runs: number;
  readonly rate: number;
  readonly kinds: readonly FaultKind[];
  /** Where reports and logs are kept. */
  readonly logs?: string;
}

const SEEDS = 1_000_000;
const SECONDS_PER_MINUTE = 60;

/**
 * Runs it.
 *
 * @returns whether every run was clean
 * @throws {TypeError} where an argument is not what it should be
 */
export async function soakProcesses(args: string[], signal: AbortSignal): Promise<boolean> {
  const options = parseOptions(args);
  let clean = true;
  for (let i = 0; i < options.runs; i++) {
    const seed = options.seed + i;
    const seconds = options.minutes * SECONDS_PER_MINUTE;
    try {
      const result = await runOnce({
        seed,
        seconds,
        rate: options.rate,
        kinds: options.kinds,
        signal,
      });
      clean &&= isClean(result);
      console.log(renderLine(result));
      const report = renderReport(result);
      if (options.logs) await keep(options.logs, seed, { report, logs: result.logs });
      else if (!isClean(result)) console.log(report);
    } catch (failure) {
      if (!(failure instanceof RunFailure)) throw failure;
      clean = false;
      console.log(`seed ${seed}: ${failure.message}`);
      const report = [failure.message, ...renderFaults(failure.faults)].join("\n");
      if (options.logs) await keep(options.logs, seed, { report, logs: failure.logs });
      else console.log(report);
    }
  }
  return clean;
}

/** Writes the files of one run. */
async function keep(
  directory: string,
  seed: number,
  { report, logs }: { readonly report: string; readonly logs: RunResult["logs"] },
): Promise<void> {
  await Deno.mkdir(directory, { recursive: true });
  await Deno.writeTextFile(`${directory}/${seed}.report.txt`, `${report}\n`);
  for (const [name, log] of logs) {
    await Deno.writeTextFile(`${directory}/${seed}.${name.replace(" ", "-")}.log`, log);
  }
}

/** @throws {TypeError} where an argument is not what it should be */
function parseOptions(args: string[]): SoakOptions {
  const { values } = parseArgs({
    args,
    options: {
      minutes: { type: "string", default: "1" },
      seed: { type: "string", default: String(Math.floor(Math.random() * SEEDS)) },
      runs: { type: "string", default: "1" },
      rate: { type: "string", default: "1" },
      faults: { type: "string", default: FAULT_KINDS.join(",") },
      logs: { type: "string" },
    },
  });
  return {
    minutes: parseNumber("--minutes", values.minutes),
    seed: parseNumber("--seed", values.seed),
    runs: parseNumber("--runs", values.runs),
    rate: parseNumber("--rate", values.rate),
    kinds: values.faults === "none" ? [] : values.faults.split(",").map(parseKind),
    logs: values.logs,
  };
}

/** @throws {TypeError} */
export function parseNumber(flag: string, text: string): number {
  const number = Number(text);
  if (text.trim() !== "" && number >= 0 && Number.isFinite(number)) return number;
  throw new TypeError(`${flag}: expected a number, found ${JSON.stringify(text)}`);
}

function parseKind(text: string): FaultKind {
  const kind = FAULT_KINDS.find((kind) => kind === text);
  if (kind) return kind;
  const known = FAULT_KINDS.join(", ");
  throw new TypeError(`--faults: expected some of ${known}, or none; found ${text}`);
}
