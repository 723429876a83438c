import assert from "node:assert/strict";
import { createIntervalWarning } from "../../../src/http/api/sd_interval.ts";
import { recordLog } from "../../model/log.ts";

const permissions = "none";

/** What is logged of requests with these intervals, in seconds. */
function loggedOf(intervals: readonly (string | undefined)[]): string[] {
  const logged: string[] = [];
  const warn = createIntervalWarning(recordLog((line) => logged.push(line)));
  for (const interval of intervals) {
    const headers = interval === undefined
      ? []
      : ["X-Prometheus-Refresh-Interval-Seconds", interval];
    warn({ headers, client: "10.0.0.9" });
  }
  return logged;
}

Deno.test("a Prometheus that asks for the members each minute is warned of, once", {
  permissions,
}, () => {
  assert.deepEqual(loggedOf(["5.000000", "60.000000", "60.000000", "300.000000"]), [
    'warn a scraper rarely asks for the members {"client":"10.0.0.9","refresh_seconds":60}',
  ]);
});

Deno.test("nobody is warned of who asks often, or does not tell how often", { permissions }, () => {
  assert.deepEqual(loggedOf([undefined, "5.000000", "30", "", "soon", "-60", "NaN"]), []);
});
