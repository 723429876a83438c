/**
 * A push that was answered 2xx is there afterwards, once, through reloads, restarts, slow members,
 * scaling and drains. The faults are random from one seed, which is fixed; BLACKBOX_SEED=<number>
 * looks elsewhere. Which groups a fault concerns hangs on the ports, which are free ones each time.
 *
 * @module
 */

import assert from "node:assert/strict";
import { FAULT_KINDS } from "./plan.ts";
import {
  countWrong,
  isClean,
  renderFaults,
  renderLine,
  renderLogs,
  renderReport,
} from "./report.ts";
import { RunFailure, runOnce } from "./run.ts";

const SEED = 20_261_128;
const SECONDS = 60;
const ACKNOWLEDGED_MIN = 1_000;

Deno.test("a push that was answered 2xx is there after all faults, once", async () => {
  const seed = Number(Deno.env.get("BLACKBOX_SEED") ?? SEED);
  const { signal } = new AbortController();
  const result = await runOnce({ seed, seconds: SECONDS, kinds: FAULT_KINDS, signal })
    .catch((failure) => {
      if (failure instanceof RunFailure) {
        const { faults, logs } = failure;
        console.log(["", `seed ${seed}`, ...renderFaults(faults), renderLogs(logs)].join("\n"));
      }
      throw failure;
    });
  console.log(isClean(result) ? renderLine(result) : renderReport(result));
  if (!isClean(result)) console.log(renderLogs(result.logs));
  assert.deepEqual(countWrong(result), {
    lost: 0,
    twice: 0,
    astray: 0,
    keptOut: 0,
    unsettled: 0,
  });
  const { acknowledged } = result;
  assert(acknowledged > ACKNOWLEDGED_MIN, `${acknowledged} pushes were acknowledged`);
});
