/** The page of all groups where a member cannot be read, or the scraper cannot be served. @module */

import assert from "node:assert/strict";
import { startPrometheus } from "../../tools/prometheus.ts";
import { waitFor } from "../../tools/wait.ts";
import { PROTOBUF_FORMAT } from "../../src/pushgateway/pages/protobuf_families.ts";
import { createTextFormat } from "../../src/pushgateway/pages/text_families.ts";
import { pushTo } from "../seams/groups.ts";
import { configOf, startMembers, waitForAll } from "../seams/members.ts";
import type { RawConnection } from "../pushgateway/raw_member.ts";
import type { TestApp } from "./app.ts";
import { readPage } from "./pushed_page.ts";
import { startService } from "./service.ts";
import { rawRequest, standIn, startBefore } from "./stand_in.ts";

const UP = "dynamic_sharding_pushed_up";
const CONTENT = 'm{instance="",job="j"} 1\n';
const BUILD = "# TYPE pushgateway_build_info gauge\npushgateway_build_info 1\n";
const HEAD = "HTTP/1.1 200 OK\r\nContent-Type: text/plain; version=0.0.4\r\n";

/** How a member shows its groups. */
type Show = (connection: RawConnection) => Promise<void>;
const whole = (page: string): Show => (connection) =>
  connection.write(`${HEAD}Content-Length: ${page.length}\r\n\r\n${page}`);
const good = (job: string) =>
  whole(`# TYPE m gauge\n${CONTENT.replace('j"}', `${job}"}`)}${BUILD}`);

/** A member whose page is another from some moment on: the service has swept it before. */
function changing(first: Show) {
  let show = first;
  const member = standIn(undefined, (connection) => show(connection));
  return Object.assign(member, { showNow: (next: Show) => void (show = next) });
}

interface Answer {
  readonly status: number;
  readonly text: string;
}

async function scrape(
  { url }: Pick<TestApp, "url">,
  { query = "", timeout = "1" } = {},
): Promise<Answer> {
  const headers = { "x-prometheus-scrape-timeout-seconds": timeout };
  const answer = await fetch(`${url}/pushed${query}`, { headers });
  return { status: answer.status, text: await answer.text() };
}

const hangs: Show = async (connection) => void await connection.request(); // until it is closed
const FAILING: readonly [why: string, show: Show, reason: RegExp][] = [
  ["hangs", hangs, /: no page within 7\d\d ms/],
  ["hangs up", (connection) => Promise.resolve(connection.close()), /: /],
  [
    "answers 500",
    (connection) => connection.write("HTTP/1.1 500 X\r\nContent-Length: 4\r\n\r\nbad\n"),
    /: expected 200 from .metrics, found 500: bad/,
  ],
  [
    "answers HTML",
    (connection) =>
      connection.write(
        "HTTP/1.1 200 X\r\nContent-Type: text/html\r\nContent-Length: 4\r\n\r\n<p>\n",
      ),
    /: expected the format of the other members, found text.html/,
  ],
];
for (const [why, show, reason] of FAILING) {
  Deno.test(`a member that ${why} makes it 502 with the reason, or is missing where that is allowed`, async () => {
    await using failing = changing(good("failing"));
    await using other = changing(good("other"));
    await using app = await startBefore([failing, other]);
    failing.showNow(show);
    const { status, text } = await scrape(app);
    assert.equal(status, 502);
    assert(text.startsWith(failing.member), text);
    assert.match(text, reason);
    const partial = await scrape(app, { query: "?partial=true" });
    assert.equal(partial.status, 200);
    const { samples } = readPage(partial.text);
    assert.deepEqual(Object.fromEntries(samples), {
      'm{instance="",job="other"}': 1,
      [`${UP}{member="${failing.member}"}`]: 0,
      [`${UP}{member="${other.member}"}`]: 1,
    });
    failing.showNow(good("failing"));
    assert.equal((await scrape(app)).status, 200);
  });
}

const breaks: Show = async (connection) => {
  await connection.write(`${HEAD}Content-Length: 1000\r\n\r\n# TYPE m gauge\n${CONTENT}m{`);
  connection.close();
};
const damaged = whole(`# TYPE m gauge\n${CONTENT}`);

for (
  const [why, show] of [["breaks off", breaks], ["is cut by a damaged store", damaged]] as const
) {
  Deno.test(`a page of a member that ${why} breaks the page off, and no client can take it for whole`, async () => {
    await using failing = changing(good("failing"));
    await using other = changing(good("other"));
    await using app = await startBefore([failing, other]);
    failing.showNow(show);
    await assert.rejects(scrape(app));
    const request = `GET /pushed HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`;
    const chunked = await rawRequest(app, (write) => write(request));
    assert(!chunked.endsWith("0\r\n\r\n"), "the last chunk is missing");
    const old = await rawRequest(app, (write) => write(request.replace("1.1", "1.0")));
    // What is found out before the page begins is a failure as a whole, with the same words.
    const asWhole = `^HTTP/1.. 502 [^]*\r\n\r\n${failing.member}: .*\n$`;
    assert.match(old, new RegExp(`${asWhole}|\npage_broke_off ${failing.member}: .*\n$`));

    const partial = await scrape(app, { query: "?partial=true" });
    const { samples } = readPage(partial.text);
    assert.equal(samples.get(`${UP}{member="${failing.member}"}`), 0);
    assert.equal(samples.get('m{instance="",job="other"}'), 1);
  });
}

Deno.test("a member that is known to be dead is said to be missing, and makes nothing fail", async () => {
  await using members = await startMembers(3);
  const { all, addresses } = members;
  await using service = await startService({ config: configOf(addresses) });
  await waitForAll(service, addresses);
  for (const [i, member] of all.entries()) {
    assert.equal(await pushTo(member, `/metrics/job/job${i}`, { body: "m 1\n" }), 200);
  }
  await all[0].kill9();
  const statuses = new Set<number>();
  const text = await waitFor(async () => {
    const answer = await service.get("/pushed");
    statuses.add(answer.status);
    return answer.status === 200 && answer.text;
  }, { what: "the dead member to be out of the ring" });
  assert(statuses.isSubsetOf(new Set([200, 502])), "before that it cannot be read");
  const { samples } = readPage(text);
  const up = addresses.map((address) => samples.get(`${UP}{member="${address}"}`));
  assert.deepEqual(up, [0, 1, 1]);
  const jobs = [...samples.keys()].filter((series) => series.startsWith("m{"));
  assert.deepEqual(jobs.sort(), ["job1", "job2"].map((job) => `m{instance="",job="${job}"}`));
});

/** Asks for a page, and waits until its answer begins. */
async function beginScrape({ url }: TestApp, seconds: number): Promise<Deno.TcpConn> {
  const { hostname, port } = new URL(url);
  const scraper = await Deno.connect({ hostname, port: Number(port) });
  const head = `Host: x\r\nX-Prometheus-Scrape-Timeout-Seconds: ${seconds}\r\n\r\n`;
  await scraper.write(new TextEncoder().encode(`GET /pushed HTTP/1.1\r\n${head}`));
  await scraper.read(new Uint8Array(1));
  return scraper;
}

/** What a scraper gets last, before its connection ends. */
async function lastOf(scraper: Deno.TcpConn): Promise<string> {
  const buffer = new Uint8Array(1_000_000);
  let last = "";
  for (let length; (length = await scraper.read(buffer)) !== null;) {
    last = (last + new TextDecoder().decode(buffer.subarray(0, length))).slice(-1_000);
  }
  return last;
}

Deno.test("only a few pages are made at once, and none for longer than its scraper waits", async () => {
  await using member = changing(good("first"));
  await using app = await startBefore([member]);
  member.showNow(async (connection) => {
    await connection.write(`${HEAD}Content-Length: 1000\r\n\r\n# TYPE m gauge\n`);
    await connection.request(); // until it is closed
  });
  const scrapers: Deno.TcpConn[] = [];
  while (scrapers.length < 4) scrapers.push(await beginScrape(app, 1));
  const answer = await fetch(`${app.url}/pushed`);
  assert.deepEqual([answer.status, answer.headers.get("retry-after")], [429, "1"]);
  assert.match(await answer.text(), /is being made for 4 other clients/);
  for (const scraper of scrapers) {
    assert.match(
      await lastOf(scraper),
      /\npage_broke_off 127.0.0.1:\d+: the page did not come to its end within 1000 ms/,
    );
    scraper.close();
  }
  member.showNow(good("again"));
  assert.equal((await scrape(app)).status, 200);
});

Deno.test("a scraper that takes nothing holds no member for longer than its time", async () => {
  const ended = Promise.withResolvers<unknown>();
  await using member = changing(good("first"));
  await using app = await startBefore([member]);
  member.showNow(async (connection) => {
    await connection.write(`${HEAD}Content-Length: 1000000000\r\n\r\n# TYPE m gauge\n`);
    try {
      for (const lines = CONTENT.repeat(1_000);;) await connection.write(lines);
    } catch (error) {
      ended.resolve(error);
    }
  });
  using scraper = await beginScrape(app, 2);
  await ended.promise;
  assert.match(
    await lastOf(scraper),
    /\npage_broke_off 127.0.0.1:\d+: the page did not come to its end within 2000 ms/,
  );
});

Deno.test("a HEAD says what a GET would, and reads no page to its end", async () => {
  await using member = changing(good("one"));
  await using app = await startBefore([member]);
  for (const [show, status] of [[good("one"), 200], [FAILING[2][1], 502]] as const) {
    member.showNow(show);
    const answer = await fetch(`${app.url}/pushed`, { method: "HEAD" });
    assert.deepEqual([answer.status, await answer.text()], [status, ""]);
  }
});

Deno.test("Prometheus takes no page that says that it breaks off", async () => {
  const text = new TextEncoder().encode(`# TYPE m gauge\n${CONTENT}`);
  const gauge = { name: "m", help: "h", samples: [{ labels: [["job", "j"]] as const, value: 1 }] };
  const formats = [
    ["text/plain; version=0.0.4", text, createTextFormat(true).brokenOff("member: gone")],
    [
      "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited",
      PROTOBUF_FORMAT.gauge(gauge),
      PROTOBUF_FORMAT.brokenOff("member: gone"),
    ],
  ] as const;
  await using server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, ({ url }) => {
    const [type, page, end] = formats[url.includes("protobuf") ? 1 : 0];
    const bytes = url.includes("broken") ? [...page, ...end] : page;
    return new Response(new Uint8Array(bytes), { headers: { "content-type": type } });
  });
  const jobs = ["text", "text-broken", "protobuf", "protobuf-broken"].map((name) =>
    `- {job_name: ${name}, metrics_path: /${name}, static_configs: [{targets: ["127.0.0.1:${server.addr.port}"]}]}\n`
  );
  await using prometheus = await startPrometheus({
    config: `global: {scrape_interval: 1s}\nscrape_configs:\n${jobs.join("")}`,
  });
  const health = await waitFor(async () => {
    const targets = await prometheus.targets();
    return targets.length === 4 && targets.every(({ health }) => health !== "unknown") &&
      targets.map(({ labels, health }) => [labels.job, health]);
  }, { what: "all pages to be scraped", msMax: 40_000 });
  assert.deepEqual(Object.fromEntries(health), {
    text: "up",
    "text-broken": "down",
    protobuf: "up",
    "protobuf-broken": "down",
  });
});
