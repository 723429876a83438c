/** The alerting rules that come along, evaluated by a real Prometheus. */

import assert from "node:assert/strict";
import { startPrometheus } from "../../tools/prometheus.ts";
import { startPushgateway } from "../../tools/pushgateway.ts";
import { waitFor } from "../../tools/wait.ts";
import { RULES } from "../monitoring/rules.ts";
import { startService } from "./service.ts";

const RAISE_MS_MAX = 60_000;

Deno.test("a dead Pushgateway, a wrong file and different rings raise their alerts, and no others", async () => {
  await using first = await startPushgateway();
  await using second = await startPushgateway();
  const config = (...servers: string[]) =>
    `mode: proxy\nhandoff: {sweep_interval: 1s}\npushgateway: {servers: ${
      JSON.stringify(servers)
    }}\n`;
  const both = [first.address, second.address];
  await using service = await startService({ config: config(...both) });
  await using other = await startService({ config: config(...both) });
  for (const { waitForMembers } of [service, other]) await waitForMembers(both);
  for (let i = 0; i < 20; i++) {
    const path = `/metrics/job/a${i}`;
    assert.equal((await service.get(path, { method: "PUT", body: "m 1\n" })).status, 200);
  }
  const held = (await second.groups()).length;
  const swept = `dynamic_sharding_handoff_groups{member="${second.address}"}`;
  for (const { metric } of [service, other]) {
    await waitFor(async () => await metric(swept) === held, { what: "a sweep to see them" });
  }

  const targets = [service, other].map(({ url }) => new URL(url).host);
  await using prometheus = await startPrometheus({
    config: `global: {scrape_interval: 1s, evaluation_interval: 1s}\nrule_files: [${RULES}]\n` +
      "scrape_configs:\n  - job_name: dynamic-sharding\n    static_configs:\n" +
      `      - targets: ${JSON.stringify(targets)}\n`,
  });
  const alerts = async () =>
    [...new Set((await prometheus.query("ALERTS")).map(({ metric }) => metric.alertname))].sort();
  const raised = (...expected: string[]) =>
    waitFor(async () => {
      const found = (await alerts()).join();
      if (found !== expected.join()) throw new Error(`found ${found}`);
      return true;
    }, { what: `just these alerts: ${expected.join(", ")}`, msMax: RAISE_MS_MAX });
  await waitFor(
    async () => (await prometheus.query("dynamic_sharding_ring_members")).length === 2,
    {
      what: "both to be scraped",
      msMax: RAISE_MS_MAX,
    },
  );
  await raised();

  await second.kill9();
  await raised("DynamicShardingTooFewMembers", "PushgatewayDead", "PushgatewayGroupsMissing");
  const [missing] = await prometheus.query("dynamic_sharding_handoff_missing_groups > 0");
  assert.deepEqual([missing.metric.member, missing.value], [second.address, held]);

  await service.configure("pushgateway: {}\n");
  service.process.kill("SIGHUP");
  await second.start();
  await service.waitForMembers(both);
  await other.configure(config(first.address));
  other.process.kill("SIGHUP");
  await raised("DynamicShardingReloadFailed", "DynamicShardingRingsDiffer");
});
