import assert from "node:assert/strict";
import { readScrapeRequest, type ScrapeRequest } from "../../../src/http/api/scrape_request.ts";

const permissions = "none";
const read = (target: string, headers: readonly string[] = []) =>
  readScrapeRequest({ target, headers });

const PROTOBUF =
  "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=";
const READ: readonly [why: string, headers: readonly string[], found: Partial<ScrapeRequest>][] = [
  ["nothing", [], { accept: "*/*", takesGzip: false, isPartial: false, msMax: 60_000 }],
  ["any type", ["Accept", "text/plain;version=0.0.4;q=0.5, */*;q=0.1"], {
    accept: "text/plain;version=0.0.4;q=0.5, */*;q=0.1",
  }],
  ["protobuf that people read", [
    "accept",
    `${PROTOBUF}text,${PROTOBUF}compact-text;q=0.7,${PROTOBUF}delimited;q=0.5`,
  ], { accept: `${PROTOBUF}delimited;q=0.5` }],
  ["nothing but that", ["accept", `${PROTOBUF}text`], { accept: "*/*" }],
  ["gzip", ["accept-encoding", "gzip"], { takesGzip: true }],
  ["gzip among others", ["accept-encoding", "zstd, GZIP;q=0.5, br"], { takesGzip: true }],
  ["no gzip", ["accept-encoding", "gzip;q=0, br"], { takesGzip: false }],
  ["something like gzip", ["accept-encoding", "notgzip"], { takesGzip: false }],
  ["a time", ["X-Prometheus-Scrape-Timeout-Seconds", "7.5"], { msMax: 7_500 }],
  ["a very long time", ["X-Prometheus-Scrape-Timeout-Seconds", "4000"], { msMax: 300_000 }],
  ["no time that is one", ["X-Prometheus-Scrape-Timeout-Seconds", "soon"], { msMax: 60_000 }],
];
for (const [why, headers, found] of READ) {
  Deno.test(`a scraper that asks for ${why}`, { permissions }, () => {
    const request = read("/pushed", headers);
    assert.deepEqual({ ...request, ...found }, request);
  });
}

Deno.test("a scraper says whether members may be missing", { permissions }, () => {
  assert.equal(read("/pushed?partial=true").isPartial, true);
  assert.equal(read("/pushed?a=b&partial=false").isPartial, false);
  assert.throws(() => read("/pushed?partial=yes"), {
    message: "expected partial=true or partial=false, found partial=yes",
  });
});
