import assert from "node:assert/strict";
import { createMetrics } from "../../src/metrics/metrics.ts";
import { waitFor } from "../../tools/wait.ts";
import { BUILD, samples } from "./samples.ts";

Deno.test("an event loop that was held up is seen so", { permissions: "none" }, async () => {
  const metrics = createMetrics(BUILD);
  const stop = new AbortController();
  const following = metrics.followEventLoop(stop.signal);
  const heldUpMs = 800;
  const untilMs = performance.now() + heldUpMs;
  while (performance.now() < untilMs); // the look that is due meanwhile is late
  const sum = await waitFor(async () => {
    const { "": seconds } = await samples(metrics, "event_loop_lag_seconds_sum");
    return seconds > 0 ? seconds : undefined;
  }, { what: "a look" });
  assert(sum > 0.2, `${sum} s`);
  stop.abort();
  await following;
});
