/** Real scrapers find Pushgateways by `/sd` that are not where they are by default. @module */

import assert from "node:assert/strict";
import { type Scraper, startPrometheus } from "../../tools/prometheus.ts";
import { type Pushgateway, startPushgateway } from "../../tools/pushgateway.ts";
import { startVictoriaMetrics } from "../../tools/victoria_metrics.ts";
import { waitFor } from "../../tools/wait.ts";
import { startService } from "./service.ts";
import { openTlsFleet } from "./tls_gateway.ts";

const UP_MS_MAX = 40_000;

/** Scrapes by `/sd` each second, and gives each series the state and weight of its target. */
const scrapeConfig = (host: string, job: string) => `
global: {scrape_interval: 1s}
scrape_configs:
  - job_name: pushgateway
    honor_labels: true
    http_sd_configs: [{url: "http://${host}/sd"}]
    relabel_configs:
      - {source_labels: [__meta_dynamic_sharding_state], target_label: state}
      - {source_labels: [__meta_dynamic_sharding_weight], target_label: weight}
${job}`;

/**
 * Two Pushgateways, of which one holds a group, are scraped by a Prometheus and by a
 * VictoriaMetrics.
 *
 * @param start starts one of them
 * @param ways what the configurations of the service, as `pushgateway` keys, and of the scrapers, as
 *   keys of the job, have to say
 */
async function assertUp(
  start: () => Promise<Pushgateway>,
  ways: { readonly service: string; readonly job?: string },
): Promise<void> {
  await using first = await start();
  await using second = await start();
  await using service = await startService({
    config: `mode: proxy\npushgateway:\n  servers: ["${first.address}", "${second.address}"]\n` +
      ways.service,
  });
  const both = [first.address, second.address].sort();
  await service.waitForMembers(both);
  await service.waitForActive(2);
  const { status } = await service.push("/metrics/job/a/instance/x", "pushed 1\n");
  assert.equal(status, 200);

  const config = scrapeConfig(new URL(service.url).host, ways.job ?? "");
  await using prometheus = await startPrometheus({ config });
  await using victoriaMetrics = await startVictoriaMetrics({ config });
  for (const scraper of [prometheus, victoriaMetrics]) await assertScraped(scraper, both);
  // Prometheus goes by its default here, and says so.
  await service.waitForLog(
    'msg="a scraper rarely asks for the members" client=127.0.0.1 refresh_seconds=60',
  );
}

async function assertScraped(scraper: Scraper, members: readonly string[]): Promise<void> {
  await waitFor(async () => {
    const up = await scraper.query("up");
    return up.length === members.length && up.every(({ value }) => value === 1);
  }, { what: "both targets to be up", msMax: UP_MS_MAX }).catch(async (error) => {
    const errors = (await scraper.targets()).map(({ scrapeUrl, lastError }) =>
      `${scrapeUrl}: ${lastError}`
    );
    throw new Error(`${error.message}; ${errors.join("; ")}`, { cause: error });
  });
  const up = await scraper.query("up");
  const found = up.map(({ metric: { instance, state, weight } }) => [instance, state, weight]);
  assert.deepEqual(found.sort(), members.map((member) => [member, "active", "1"]));
  const [{ metric }] = await scraper.query("pushed");
  assert.deepEqual([metric.job, metric.instance], ["a", "x"]);
}

Deno.test("targets behind a route prefix are up, and relabelling has their state and weight", async () => {
  await assertUp(() => startPushgateway({ routePrefix: "/pushgateway" }), {
    service: "  route_prefix: /pushgateway\n",
  });
});

Deno.test("targets behind https are up", async () => {
  await using fleet = await openTlsFleet();
  const { authority, signed } = fleet.certificates;
  const ca = await authority("ca");
  const server = await signed("server", ca);
  const tls = `tls_config: {ca_file: ${ca.cert}}\n`;
  await assertUp(() => fleet.start(server), {
    service: `  scheme: https\n  ${tls}`,
    job: `    ${tls}`,
  });
});
