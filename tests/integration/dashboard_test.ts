/** A real Prometheus that scrapes real instances answers all that the dashboard and the alerts ask. @module */

import assert from "node:assert/strict";
import { waitFor } from "../../tools/wait.ts";
import { askToDrain, memberOf } from "../seams/members.ts";
import { queriesOf, readDashboard } from "../monitoring/dashboard.ts";
import {
  keepPushing,
  type MonitoredFleet,
  pushOtherwise,
  startMonitoredFleet,
} from "../monitoring/fleet.ts";
import { readAlerts, selectorsOf } from "../monitoring/rules.ts";

const RATE_INTERVAL = "10s";
const ANSWERS_MS_MAX = 30_000;

/** A member is added, and another one drained. */
async function scale(fleet: MonitoredFleet): Promise<void> {
  const [first, , third] = fleet.pushgateways;
  await pushOtherwise(fleet);
  await fleet.useMembers(fleet.pushgateways);
  const { status, text } = await askToDrain(fleet.instances[0], first.address);
  assert.equal(status, 202, text);
  await waitFor(async () => (await memberOf(fleet.instances[0], first.address)).drained, {
    what: "the first member to be empty",
  });
  assert((await third.groups()).length > 0);
}

Deno.test("a Prometheus that scrapes two instances answers every query of the dashboard and of the alerts", async () => {
  const dashboard = await readDashboard();
  const alerts = await readAlerts();
  await using fleet = await startMonitoredFleet();
  const { prometheus } = fleet;
  const startMs = Date.now();
  const over = new AbortController();
  const pushing = keepPushing(fleet, { perSecond: () => 40, signal: over.signal });
  try {
    await waitFor(async () => (await prometheus.query("up == 1")).length === 2, {
      what: "both instances to be scraped",
    });
    await scale(fleet);

    const values = async (instant: boolean, expr: string) => {
      if (instant) return (await prometheus.query(expr)).map(({ value }) => value);
      const range = { startMs, endMs: Date.now(), stepSeconds: 1 };
      const series = await prometheus.range(expr, range);
      return series.flatMap(({ samples }) => samples.map(({ value }) => value));
    };
    const queries = queriesOf(dashboard, RATE_INTERVAL);
    assert(queries.length > dashboard.panels.length, "there are more queries than panels");
    for (const { of, expr, instant } of queries) {
      const what = `an answer to ${expr} of "${of}"`;
      await waitFor(async () => (await values(instant, expr)).some(Number.isFinite), {
        what,
        msMax: ANSWERS_MS_MAX,
      });
    }
    for (const { alert, expr } of alerts) {
      const selectors = selectorsOf(expr);
      assert(selectors.length > 0, `${alert} is about some metric`);
      for (const selector of selectors) {
        const [found] = await prometheus.query(`count(last_over_time(${selector}[10m]))`);
        assert(found?.value > 0, `${alert}: ${selector} has series`);
      }
    }
    await waitFor(
      async () => (await prometheus.rules()).every(({ health }) => health !== "unknown"),
      {
        what: "every rule to be evaluated",
      },
    );
    const failed = (await prometheus.rules()).filter(({ health }) => health !== "ok");
    assert.deepEqual(failed, []);
  } finally {
    over.abort();
    await pushing;
  }
});
