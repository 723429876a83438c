/** The page of all groups, compared with the pages of the real Pushgateways that hold them. @module */

import assert from "node:assert/strict";
import { createProtobufPage } from "../../src/pushgateway/pages/protobuf_page.ts";
import { latin1Of } from "../../src/pushgateway/pages/series.ts";
import { startPrometheus } from "../../tools/prometheus.ts";
import { request } from "../../tools/server.ts";
import { waitFor } from "../../tools/wait.ts";
import { HARD_PUSHES, HARD_PUSHES_UTF8_NAMES, type HardPush } from "../contracts/copied_groups.ts";
import { configOf, type Members, startMembers, waitForAll } from "../seams/members.ts";
import { type Service, startService } from "./service.ts";

const PROTOBUF = "application/vnd.google.protobuf;" +
  "proto=io.prometheus.client.MetricFamily;encoding=delimited";
/** Many small groups, so that each member has some of each family. */
const MORE: readonly HardPush[] = Array.from({ length: 40 }, (_, i) => ({
  why: "many groups",
  path: `/metrics/job/many${i}/instance/i${i}`,
  body: `# HELP many Of group ${i % 3}.\n# TYPE many histogram\nmany_bucket{x="${i}",le="1"} 1\n` +
    `many_bucket{x="${i}",le="+Inf"} 2\nmany_sum{x="${i}"} ${i}\n` +
    `many_count{x="${i}"} 2\nu ${i}\n`,
}));

async function pushAll(service: Service, pushes: readonly HardPush[]): Promise<void> {
  for (const { why, path, body } of pushes) {
    const headers = typeof body === "string" ? undefined : { "content-type": PROTOBUF };
    const { status, text } = await service.get(path, { method: "PUT", body, headers });
    assert.equal(status, 200, `${why}: ${text}`);
  }
}

/** Four members that hold what was pushed, and the service before them. */
async function withGroups(
  pushes: readonly HardPush[],
  test: (service: Service, members: Members) => Promise<void>,
): Promise<void> {
  await using members = await startMembers(4, { flags: ["--push.enable-utf8-names"] });
  const { addresses } = members;
  const config = configOf(addresses).replace("servers:", "enable_utf8_names: true, servers:");
  await using service = await startService({ config });
  await waitForAll(service, addresses);
  await pushAll(service, pushes);
  await test(service, members);
}

async function pageOf(url: string, accept: string, gzip = false): Promise<{
  readonly contentType: string;
  readonly bytes: Uint8Array;
}> {
  const headers = { accept, "accept-encoding": gzip ? "gzip" : "identity" };
  const answer = await fetch(url, { headers });
  const bytes = new Uint8Array(await answer.arrayBuffer());
  assert.equal(answer.status, 200, new TextDecoder().decode(bytes));
  return { contentType: answer.headers.get("content-type") ?? "", bytes };
}

/** The lines of samples that were pushed, and the heads of families. */
function linesOf(pages: readonly Uint8Array[]) {
  const lines = pages.flatMap((bytes) => latin1Of(bytes).split("\n"));
  const heads = lines.filter((line) => line.startsWith("# TYPE "));
  const samples = lines.filter((line) => /[{,]job="/.test(line)).sort();
  return { heads, samples };
}

/** The bytes of the metrics that were pushed, by their family's name and type. */
function metricsOf(pages: readonly Uint8Array[]): string[] {
  const metrics: string[] = [];
  for (const bytes of pages) {
    const page = createProtobufPage({
      metric(metric, { name, type }) {
        const text = latin1Of(metric);
        if (text.includes("\x0a\x03job\x12")) metrics.push(`${name} ${type} ${text}`);
      },
    });
    page.take(bytes);
    page.end();
  }
  return metrics.sort();
}

Deno.test("the page holds each sample of the members' pages, and nothing else, in every format", () =>
  withGroups(
    [...HARD_PUSHES, ...HARD_PUSHES_UTF8_NAMES, ...MORE],
    async (service, { all, addresses }) => {
      const holding = await Promise.all(all.map(async (member) => (await member.groups()).length));
      assert(holding.every((groups) => groups > 5), `groups: ${holding}`);
      for (
        const accept of [
          "*/*",
          "text/plain;version=0.0.4",
          "text/plain;version=1.0.0;escaping=allow-utf-8",
          "text/plain;version=0.0.4;escaping=dots",
          "text/plain;version=0.0.4;escaping=values",
          "application/openmetrics-text;version=1.0.0,text/plain;q=0.5",
          PROTOBUF,
          `${PROTOBUF};escaping=allow-utf-8`,
          `${PROTOBUF};q=0.4,text/plain;version=0.0.4;q=0.6`,
          `${PROTOBUF};q=0.6,text/plain;version=0.0.4;q=0.4`,
        ]
      ) {
        const own = await Promise.all(all.map(({ url }) => pageOf(`${url}/metrics`, accept)));
        for (const gzip of [false, true]) {
          const page = await pageOf(`${service.url}/pushed`, accept, gzip);
          assert.equal(page.contentType, own[0].contentType, accept);
          const pages = own.map(({ bytes }) => bytes);
          if (page.contentType.startsWith("text/")) {
            const { heads, samples } = linesOf([page.bytes]);
            const expected = linesOf(pages);
            assert.deepEqual(samples, expected.samples, accept);
            assert.equal(new Set(heads).size, heads.length, "each family has one head");
            assert(new Set(heads).isSubsetOf(
              new Set([...expected.heads, "# TYPE dynamic_sharding_pushed_up gauge"]),
            ));
          } else assert.deepEqual(metricsOf([page.bytes]), metricsOf(pages), accept);
        }
      }
      const { text } = await service.get("/pushed");
      for (const address of addresses) {
        assert(text.includes(`\ndynamic_sharding_pushed_up{member="${address}"} 1\n`));
      }
      const lines = text.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
      const foreign = lines.filter((line) => !/[{,]job="|^dynamic_sharding_pushed_up\{/.test(line));
      assert.deepEqual(foreign, [], "what the Pushgateways say of themselves is left out");
    },
  ));

/** Names that stay apart where they are escaped. */
const UTF8_NAMES: HardPush = {
  why: "names in UTF-8",
  path: "/metrics/job/utf8/la.bel/x",
  body: '# TYPE "dotted.name" gauge\n{"dotted.name","a.b"="c"} 1\n',
};
/** What a real Prometheus does not take from a Pushgateway itself: at all, or as text. */
const BAD = "families that say little of themselves";
const BAD_AS_TEXT = "histograms of other kinds";

interface Scraped {
  readonly metric: Readonly<Record<string, string>>;
  /** As Prometheus tells it: a number, or a histogram. */
  readonly value: unknown;
}

/** What Prometheus has of one of its jobs, but for what it and the Pushgateways say of themselves. */
async function scrapedBy(url: string, job: string): Promise<Scraped[]> {
  const query = encodeURIComponent(`{scraped_by="${job}"}`);
  const { text } = await request(`${url}/api/v1/query?query=${query}`);
  const { data } = JSON.parse(text) as {
    data: {
      result: { metric: Record<string, string>; value?: unknown[]; histogram?: unknown[] }[];
    };
  };
  return data.result.filter(({ metric }) => metric.job !== job).map(
    ({ metric: { scraped_by: _, ...metric }, value, histogram }) => ({
      metric: Object.fromEntries(Object.entries(metric).sort()),
      value: (value ?? histogram)?.[1],
    }),
  ).sort((a, b) => JSON.stringify(a.metric) < JSON.stringify(b.metric) ? -1 : 1);
}

for (const protocol of ["PrometheusText0.0.4", "PrometheusText1.0.0", "PrometheusProto"]) {
  Deno.test(`Prometheus has the same of the page as of the members themselves, by ${protocol}`, () => {
    const isText = protocol.includes("Text");
    const hard = HARD_PUSHES
      .filter(({ why }) => why !== BAD && !(isText && why === BAD_AS_TEXT));
    return withGroups([...hard, UTF8_NAMES, ...MORE], async (service, { addresses }) => {
      const job = (name: string, targets: readonly string[], path: string) =>
        `- job_name: ${name}\n  honor_labels: true\n  metrics_path: ${path}\n` +
        `  scrape_protocols: [${protocol}]\n  static_configs: [{targets: ${
          JSON.stringify(targets)
        }}]\n` +
        `  metric_relabel_configs: [{target_label: scraped_by, replacement: ${name}}]\n`;
      await using prometheus = await startPrometheus({
        config: `global: {scrape_interval: 1s}\nscrape_configs:\n${
          job("members", addresses, "/metrics")
        }${job("page", [new URL(service.url).host], "/pushed")}`,
        flags: ["--enable-feature=native-histograms"],
      });
      await waitFor(async () => {
        const targets = await prometheus.targets();
        const down = targets.find(({ health }) => health === "down");
        assert.equal(down?.lastError, undefined);
        return targets.length === 5 && targets.every(({ health }) => health === "up");
      }, { what: "all targets to be scraped", msMax: 40_000 });
      const [own, merged] = await Promise.all(
        ["members", "page"].map((name) => scrapedBy(prometheus.url, name)),
      );
      assert(own.length > 300, `${own.length} series`);
      assert.deepEqual(merged, own);
      if (!isText) {
        assert(
          own.some(({ value }) => typeof value === "object"),
          "native histograms are among them",
        );
      }
      const up = await prometheus.query("dynamic_sharding_pushed_up");
      assert.deepEqual(
        up.map(({ metric, value }) => [metric.member, value]).sort(),
        [
          ...addresses.map((address) => [address, 1]),
        ].sort(),
      );
    });
  });
}
