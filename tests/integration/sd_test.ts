/** Real scrapers find Pushgateways by `/sd` that are not where they are by default. @module */

import assert from "node:assert/strict";
import { openCertificates } from "../../tools/certificates.ts";
import { type Scraper, startPrometheus } from "../../tools/prometheus.ts";
import { type PushgatewayOptions, startPushgateway } from "../../tools/pushgateway.ts";
import { temporaryDirectory } from "../../tools/server.ts";
import { startVictoriaMetrics } from "../../tools/victoria_metrics.ts";
import { waitFor } from "../../tools/wait.ts";
import { startService } from "./service.ts";

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
 * @param ways what the configurations of the service, as `pushgateway` keys, and of the scrapers, as
 *   keys of the job, have to say
 */
async function assertUp(
  gateways: PushgatewayOptions,
  ways: { readonly service: string; readonly job?: string },
): Promise<void> {
  await using first = await startPushgateway(gateways);
  await using second = await startPushgateway(gateways);
  await using service = await startService({
    config: `mode: proxy\npushgateway:\n  servers: ["${first.address}", "${second.address}"]\n` +
      ways.service,
  });
  const both = [first.address, second.address].sort();
  await service.waitForMembers(both);
  const { status } = await service.push("/metrics/job/a/instance/x", "pushed 1\n");
  assert.equal(status, 200);

  const config = scrapeConfig(new URL(service.url).host, ways.job ?? "");
  await using prometheus = await startPrometheus({ config });
  await using victoriaMetrics = await startVictoriaMetrics({ config });
  for (const scraper of [prometheus, victoriaMetrics]) await assertScraped(scraper, both);
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
  await assertUp({ routePrefix: "/pushgateway" }, { service: "  route_prefix: /pushgateway\n" });
});

Deno.test("targets behind https are up", async () => {
  const directory = await temporaryDirectory("certificates");
  try {
    const certificates = await openCertificates(directory.path);
    const ca = await certificates.authority("ca");
    const { cert, key } = await certificates.signed("server", ca);
    const configFile = `${directory.path}/web.yml`;
    await Deno.writeTextFile(
      configFile,
      `tls_server_config: {cert_file: ${cert}, key_file: ${key}}\n`,
    );
    using client = Deno.createHttpClient({ caCerts: [await Deno.readTextFile(ca.cert)] });
    const tls = `tls_config: {ca_file: ${ca.cert}}\n`;
    await assertUp({ tls: { configFile, client } }, {
      service: `  scheme: https\n  ${tls}`,
      job: `    ${tls}`,
    });
  } finally {
    await directory.remove();
  }
});
