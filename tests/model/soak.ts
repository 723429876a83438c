/**
 * Runs of the model by hand, each with another seed.
 *
 *     deno task soak                            1,000 seeds, from 1 on
 *     deno task soak --seeds=200 --from=7000
 *     deno task soak --from=7042 --seeds=1 --logs=DIRECTORY    keeps what has happened there
 *
 * @module
 */

import { parseArgs } from "node:util";
import { parseNumber } from "../blackbox/soak.ts";
import { profileOf } from "./profiles.ts";
import { runModel } from "./run.ts";

/**
 * Runs it.
 *
 * @returns whether nothing was lost or left out of place in any run
 * @throws {TypeError} where an argument is not what it should be
 */
export async function soakModel(args: string[], signal: AbortSignal): Promise<boolean> {
  const { values } = parseArgs({
    args,
    options: {
      seeds: { type: "string", default: "1000" },
      from: { type: "string", default: "1" },
      logs: { type: "string" },
    },
  });
  const from = parseNumber("--from", values.from);
  const seeds = parseNumber("--seeds", values.seeds);
  let [bad, pushes] = [0, 0];
  for (let seed = from; seed < from + seeds; seed++) {
    signal.throwIfAborted();
    const { faults, happenings, acknowledged } = await runModel({ seed, ...profileOf(seed) });
    pushes += acknowledged;
    if (faults.length > 0) {
      bad++;
      console.log([`seed ${seed}:`, ...faults].join("\n  "));
    }
    if (values.logs === undefined || (faults.length === 0 && seeds > 1)) continue;
    await Deno.mkdir(values.logs, { recursive: true });
    await Deno.writeTextFile(`${values.logs}/model-${seed}.log`, happenings.join("\n"));
  }
  console.log(`${seeds} seeds, ${pushes} pushes acknowledged, ${bad} seeds with faults`);
  return bad === 0;
}
