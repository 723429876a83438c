/** The scrape configurations of the docs, read by a real Prometheus. @module */

import assert from "node:assert/strict";
import { ensureComponents } from "../../tools/components.ts";
import { startConsul } from "../../tools/consul.ts";
import { freePortOn } from "../../tools/ports.ts";
import { startPrometheus } from "../../tools/prometheus.ts";
import { startPushgateway } from "../../tools/pushgateway.ts";
import { waitFor } from "../../tools/wait.ts";
import { scrapeExample } from "./scrape_example.ts";
import { startService } from "./service.ts";

const HOSTS = ["127.0.0.1", "127.0.0.2"];

for (const kind of ["http_sd_configs", "consul_sd_configs"] as const) {
  Deno.test(`Prometheus scrapes what was pushed, once, by ${kind} of the docs`, async () => {
    await using consul = await startConsul();
    const port = freePortOn(HOSTS);
    await using first = await startPushgateway({ hostname: HOSTS[0], port });
    await using second = await startPushgateway({ hostname: HOSTS[1], port });
    await using service = await startService({
      config: `consul_server: {addr: "${consul.address}"}\n` +
        `pushgateway: {port: ${port}, servers: [${HOSTS}]}\n`,
    });
    await service.waitForMembers([first.address, second.address]);
    await service.waitUntilReady();
    for (let i = 0; i < 20; i++) {
      assert.equal(
        (await service.push(`/metrics/job/job${i}/instance/x`, `pushed ${i}\n`)).status,
        200,
      );
    }

    const name = kind === "http_sd_configs" ? "prometheus" : "prometheus-consul";
    const component = (await ensureComponents([name]))[name];
    const config = await scrapeExample(
      kind,
      kind === "http_sd_configs"
        ? { "localhost:9292": new URL(service.url).host }
        : { "localhost:8500": consul.address },
    );
    await using prometheus = await startPrometheus({ config, component });
    const samples = await waitFor(async () => {
      const found = await prometheus.query("pushed");
      return found.length === 20 && found;
    }, { what: "20 series of 20 groups", msMax: 40_000 });
    if (kind === "http_sd_configs") {
      for (const { discoveredLabels } of await prometheus.targets()) {
        assert.equal(discoveredLabels.__meta_dynamic_sharding_datacenter, "dc1");
      }
    }
    for (const { metric, value } of samples) {
      assert.deepEqual(metric, { __name__: "pushed", job: `job${value}`, instance: "x" });
    }
    const up = await prometheus.query('up{job="pushgateway"}');
    assert.deepEqual(
      up.map(({ metric, value }) => [metric.instance, value]).sort(),
      [[first.address, 1], [second.address, 1]],
    );
  });
}
