/**
 * What handoff costs before real Pushgateways: sweeps of 100,000 groups and what redirects feel of
 * them, drains, a member more while pushes go on, and one that comes back; now and in the first release.
 *
 * @module
 */

import { checkOutEarlier, EARLIER } from "../tools/earlier.ts";
import type { HandoffOptions } from "./handoff_builds.ts";
import { runCountedDrain, runDrains, runLargeDrain, runPairDrain } from "./handoff_drains.ts";
import { runReturned } from "./handoff_returned.ts";
import { runScaleOut } from "./handoff_scale_out.ts";
import { runSweep } from "./handoff_sweep.ts";
import { runSweepCpu } from "./handoff_sweep_cpu.ts";
import { ROOT, sourceProgram } from "../tools/program.ts";

/** What each part runs. */
const PARTS = {
  sweep: runSweep,
  "sweep-cpu": runSweepCpu,
  /** Into Pushgateways that check nothing. */
  drain: (options: HandoffOptions) => runDrains("unchecked", options),
  /** Into those that check each push against all that they hold. */
  "drain-checked": (options: HandoffOptions) => runDrains("checked", options),
  "drain-large": runLargeDrain,
  "drain-pair": runPairDrain,
  "drain-reads": runCountedDrain,
  "scale-out": runScaleOut,
  return: runReturned,
};

export type HandoffPart = keyof typeof PARTS;
export const HANDOFF_PARTS = Object.keys(PARTS) as HandoffPart[];

/** What was measured, by part. */
export type HandoffResult = {
  readonly [Part in HandoffPart]: Awaited<ReturnType<(typeof PARTS)[Part]>>;
};

/**
 * Runs one part after the other; each stops what it has started.
 *
 * @param parts all of them by default
 * @throws {Error} where something does not start or does not answer; the signal's reason
 */
export async function runHandoff(
  { parts = HANDOFF_PARTS, ...options }: Omit<HandoffOptions, "builds"> & {
    readonly parts?: readonly HandoffPart[];
  },
): Promise<Partial<HandoffResult>> {
  await using earlier = await checkOutEarlier(options.log);
  const builds = [
    ...earlier ? [{ name: EARLIER, program: earlier.program }] as const : [],
    { name: "ours", program: sourceProgram(ROOT) },
  ] as const;
  const results: [HandoffPart, unknown][] = [];
  for (const part of HANDOFF_PARTS) {
    if (parts.includes(part)) results.push([part, await PARTS[part]({ ...options, builds })]);
  }
  return Object.fromEntries(results) as Partial<HandoffResult>;
}
