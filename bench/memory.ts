/**
 * What the service keeps in memory: for connections that do nothing, and over millions of pushes that
 * are passed on.
 *
 * @module
 */

import { checkOutEarlier } from "../tools/earlier.ts";
import { type IdleResult, runIdle } from "./memory_idle.ts";
import { runSteady, type SteadyResult } from "./memory_steady.ts";
import { compiledProgram, type Program } from "../tools/program.ts";

/** What was measured. */
export interface MemoryResult {
  readonly idle: IdleResult;
  readonly steady: {
    readonly ours: SteadyResult;
    /** Where it was wanted, and could be had. */
    readonly "1.0.0"?: SteadyResult;
  };
}

/** How to measure. */
export interface MemoryOptions {
  readonly rounds: number;
  /** How many are passed on. */
  readonly pushes: number;
  /** Whether the first release passes on as many. */
  readonly pushEarlier: boolean;
  /** A compiled program to measure; absent: this repository, from source. */
  readonly binary?: string;
  readonly signal: AbortSignal;
  /** Takes progress, a line each. */
  readonly log: (line: string) => void;
}

/**
 * Measures one after the other; each stops what it has started.
 *
 * @throws {Error} where a server does not start or does not answer, or the first release cannot be
 *   compiled where a compiled program is measured; the signal's reason
 * @throws {Deno.errors.NotFound} where there is no such compiled program
 */
export async function runMemory(options: MemoryOptions): Promise<MemoryResult> {
  await using stack = new AsyncDisposableStack();
  const { binary, log, pushEarlier, signal } = options;
  const ours = binary === undefined ? undefined : compiledProgram(await Deno.realPath(binary));
  const earlier = await earlierProgram(stack, options);
  signal.throwIfAborted();
  const idle = await runIdle({ ...options, ours, earlier });
  const steady = { ours: await runSteady({ ...options, name: "ours", program: ours }) };
  if (!pushEarlier) log("memory: 1.0.0 passes no pushes on without --push-1.0.0");
  if (!earlier || !pushEarlier) return { idle, steady };
  const before = await runSteady({ ...options, name: "1.0.0", program: earlier });
  return { idle, steady: { ...steady, "1.0.0": before } };
}

/** A compiled program is compared with a compiled one: Deno itself takes tens of MB more. */
async function earlierProgram(
  stack: AsyncDisposableStack,
  { binary, log }: MemoryOptions,
): Promise<Program | undefined> {
  const earlier = stack.use(await checkOutEarlier(log));
  if (!earlier || binary === undefined) return earlier?.program;
  const directory = await Deno.makeTempDir({ prefix: "bench-" });
  stack.defer(() => Deno.remove(directory, { recursive: true }));
  log("memory: compiling 1.0.0");
  const output = `${directory}/1.0.0`;
  await earlier.compile(output);
  return compiledProgram(output);
}
