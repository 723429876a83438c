/**
 * What handoff costs before real Pushgateways: sweeps of 100,000 groups and what redirects feel of
 * them, drains, and a member more while pushes go on.
 *
 * @module
 */

import { type DrainResult, runDrain } from "./handoff_drain.ts";
import { runScaleOut, type ScaleOutResult } from "./handoff_scale_out.ts";
import { type HandoffOptions, runSweep, type SweepResult } from "./handoff_sweep.ts";

/** What was measured. */
export interface HandoffResult {
  readonly sweep: SweepResult;
  /** Into Pushgateways that check nothing. */
  readonly drain: DrainResult;
  /** Into those that check each push against all that they hold. */
  readonly checkedDrain: DrainResult;
  readonly scaleOut: ScaleOutResult;
}

/**
 * Runs one part after the other; each stops what it has started.
 *
 * @throws {Error} where something does not start or does not answer; the signal's reason
 */
export async function runHandoff(options: HandoffOptions): Promise<HandoffResult> {
  return {
    sweep: await runSweep(options),
    drain: await runDrain(false, options),
    checkedDrain: await runDrain(true, options),
    scaleOut: await runScaleOut(options),
  };
}
