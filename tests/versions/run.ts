/**
 * Runs fleets of all versions of the Pushgateway through fill, the merged pages, scale-out, drain, restart
 * and wipe, and prints a table; exits 1 where one of them does not hold what it should.
 *
 *     deno task versions                  all fleets, some minutes
 *     deno task versions --groups=50      less of everything
 *
 * @module
 */

import { parseArgs } from "node:util";
import { errorText } from "../../src/log.ts";
import type { FleetVersions } from "./fleet.ts";
import { FLEETS, nameOf, renderRuns } from "./fleets.ts";
import { goThroughSteps, type Run } from "./steps.ts";

const GROUPS = "300";

/** @throws {TypeError} where the arguments are not what they should be */
function readGroupCount(args: string[]): number {
  const { values } = parseArgs({ args, options: { groups: { type: "string", default: GROUPS } } });
  const groups = Number(values.groups);
  if (Number.isInteger(groups) && groups > 0) return groups;
  throw new TypeError(`--groups: expected a number of groups, found ${values.groups}`);
}

try {
  const groups = readGroupCount(Deno.args);
  const runs = new Map<FleetVersions, Run | Error>();
  for (const fleet of FLEETS) {
    try {
      const run = await goThroughSteps(fleet, groups);
      runs.set(fleet, run);
      const all = Object.values(run.seconds).reduce((sum, seconds) => sum + seconds, 0);
      console.error(`${nameOf(fleet)}: ok, ${all.toFixed(0)} s`);
      for (const line of run.errors) console.error(`  ${line}`);
    } catch (error) {
      runs.set(fleet, error as Error);
      console.error(`${nameOf(fleet)}: ${errorText(error)}`);
    }
  }
  console.log(renderRuns(runs));
  const isWrong = (run: Run | Error) => run instanceof Error || run.errors.length > 0;
  if ([...runs.values()].some(isWrong)) Deno.exitCode = 1;
} catch (error) {
  console.error(`error: ${errorText(error)}`);
  Deno.exitCode = 1;
}
