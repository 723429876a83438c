/** The printed scrape configurations, read by the real scrapers. @module */

import assert from "node:assert/strict";
import { renderScrapeConfig, setupOfFile, type Way } from "../../src/cli/prometheus_config.ts";
import { openCertificates } from "../../tools/certificates.ts";
import { outputOf } from "../../tools/command.ts";
import { ensureComponents } from "../../tools/components.ts";
import { startConsul } from "../../tools/consul.ts";
import { type Scraper, startPrometheus } from "../../tools/prometheus.ts";
import { startPushgateway } from "../../tools/pushgateway.ts";
import { type Server, temporaryDirectory } from "../../tools/server.ts";
import { startVictoriaMetrics } from "../../tools/victoria_metrics.ts";
import { waitFor } from "../../tools/wait.ts";
import { checkByPromtool, checkByVmagent } from "./scrape_checks.ts";
import { serviceCommand, startService } from "./service.ts";

const WAYS: readonly Way[] = ["consul", "http-sd", "pushed"];

Deno.test("each scraper takes its configuration of a setup with all there is: TLS, passwords, a prefix", async () => {
  const directory = await temporaryDirectory("setup");
  try {
    const { cert, key } = await (await openCertificates(directory.path)).authority("both");
    const tls = `{ca_file: ${cert}, cert_file: ${cert}, key_file: ${key}, server_name: a.example}`;
    const file = `${directory.path}/dynamic-sharding.yml`;
    await Deno.writeTextFile(
      file,
      `consul_server:\n  addr: https://consul.example:8501\n  datacenter: dc1\n` +
        `  username: u\n  password: p\n  token: t\n  tls_config: ${tls}\n` +
        `pushgateway:\n  servers: ["a.example:9091"]\n  scheme: https\n  route_prefix: /pg\n` +
        `  tls_config: ${tls}\n  basic_auth: {username: u, password: p}\n`,
    );
    const setup = await setupOfFile(file, () => undefined);
    for (const way of WAYS) {
      await checkByPromtool(renderScrapeConfig(setup, { way, vmagent: false }));
      await checkByVmagent(renderScrapeConfig(setup, { way, vmagent: true }));
    }
    for (const way of ["consul", "http-sd"] as const) {
      const forPrometheus = renderScrapeConfig(setup, { way, vmagent: false });
      await assert.rejects(checkByVmagent(forPrometheus), /field refresh_interval not found/);
    }
  } finally {
    await directory.remove();
  }
});

/** What the command prints. */
function printed(...args: string[]): Promise<string> {
  const { command, args: first } = serviceCommand();
  return outputOf(command, [...first, "prometheus-config", ...args]);
}

const SCRAPERS: readonly [
  flags: string[],
  scraper: string,
  start: (config: string) => Promise<Server & Scraper>,
][] = [
  [[], "Prometheus", async (config) => {
    const component = (await ensureComponents(["prometheus-consul"]))["prometheus-consul"];
    return await startPrometheus({ config, component });
  }],
  [["--http-sd"], "Prometheus", (config) => startPrometheus({ config })],
  [["--pushed"], "Prometheus", (config) => startPrometheus({ config })],
  [["--vmagent"], "VictoriaMetrics", (config) => startVictoriaMetrics({ config })],
  [["--vmagent", "--http-sd"], "VictoriaMetrics", (config) => startVictoriaMetrics({ config })],
  [["--vmagent", "--pushed"], "VictoriaMetrics", (config) => startVictoriaMetrics({ config })],
];

Deno.test("by the configuration of a running service each scraper finds what was pushed, and the service", async (t) => {
  await using consul = await startConsul();
  await using first = await startPushgateway({ routePrefix: "/pg" });
  await using second = await startPushgateway({ routePrefix: "/pg" });
  await using service = await startService({
    config: `mode: proxy\nconsul_server: {addr: "${consul.address}", datacenter: dc1}\n` +
      `pushgateway: {servers: ["${first.address}", "${second.address}"], route_prefix: /pg}\n`,
  });
  await service.waitForActive(2);
  await service.push("/metrics/job/a/instance/x", "pushed 1\n");
  for (const [flags, name, start] of SCRAPERS) {
    await t.step(`${name} by ${flags.join(" ") || "no flag"}`, async () => {
      const config = await printed(`--url=${service.url}`, ...flags);
      await using scraper = await start(`global: {scrape_interval: 1s}\n${config}`);
      const { host } = new URL(service.url);
      const scraped = flags.includes("--pushed") ? [host] : [first.address, second.address];
      const wanted = [
        ...scraped.map((address) => `pushgateway ${address}`),
        `dynamic-sharding ${host}`,
      ].sort().join();
      await waitFor(async () => {
        const up = (await scraper.query("up")).filter(({ value }) => value === 1);
        const found = up.map(({ metric: { job, instance } }) => `${job} ${instance}`);
        return found.sort().join() === wanted && (await scraper.query("pushed")).length === 1;
      }, { what: `${wanted} to be up`, msMax: 40_000 });
      const [{ metric: { job, instance } }] = await scraper.query("pushed");
      assert.deepEqual([job, instance], ["a", "x"], "labels are honoured");
    });
  }
});
