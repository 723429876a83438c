/**
 * Real Pushgateways of the oldest version and the latest behind one service: whether a compressed push
 * is taken does not hang on its group's owner.
 *
 * @module
 */

import assert from "node:assert/strict";
import { type Pushgateway, startPushgateway } from "../../tools/pushgateway.ts";
import { request } from "../../tools/server.ts";
import { startVersion } from "../contracts/gateways.ts";
import { PACKED_AS } from "../contracts/packed_bodies.ts";
import { type Service, startService } from "./service.ts";

const OLDEST = "pushgateway-1.4";
const LIMIT = 20_000;
const jobs = Array.from({ length: 12 }, (_, i) => `job${i}`);
const bytes = (text: string) => new TextEncoder().encode(text);

async function start(members: readonly Pushgateway[], mode: string): Promise<Service> {
  const servers = members.map(({ address }) => address);
  const service = await startService({
    config: `mode: ${mode}\nproxy: {body_size_limit: ${LIMIT}B}\n` +
      `pushgateway: {servers: ${JSON.stringify(servers)}}\n`,
  });
  await service.waitForMembers(servers);
  await service.waitForActive(servers.length);
  return service;
}

interface Push {
  readonly method?: string;
  readonly encoding: string;
  readonly body: Uint8Array<ArrayBuffer>;
}

function send(service: Service, job: string, { method = "PUT", encoding, body }: Push) {
  const headers = { "content-encoding": encoding };
  return service.get(`/metrics/job/${job}`, { method, headers, body });
}

/** The value of `m` in each group, by job. */
async function values({ url }: Pushgateway): Promise<Record<string, string>> {
  const { text } = await request(`${url}/api/v1/metrics`);
  const { data } = JSON.parse(text);
  return Object.fromEntries(
    data.map((
      { labels, m }: { labels: { job: string }; m?: { metrics: { value: string }[] } },
    ) => [labels.job, m?.metrics[0].value]),
  );
}

for (const mode of ["proxy", "auto", "redirect"]) {
  Deno.test(`in ${mode} mode every member of a mixed fleet has what was pushed compressed`, async () => {
    await using old = await startVersion(OLDEST);
    await using latest = await startPushgateway();
    await using service = await start([old, latest], mode);
    for (const [i, { encoding, pack }] of PACKED_AS.entries()) {
      for (const job of jobs) {
        const { status, text } = await send(service, job, {
          method: i % 2 === 0 ? "PUT" : "POST",
          encoding,
          body: pack(bytes(`m ${i}\n`)),
        });
        assert.equal(status, 200, `${job} by ${encoding}: ${text}`);
      }
      const [ofOld, ofLatest] = [await values(old), await values(latest)];
      assert(Object.keys(ofOld).length > 0 && Object.keys(ofLatest).length > 0, "both own groups");
      const wanted = Object.fromEntries(jobs.map((job) => [job, String(i)]));
      assert.deepEqual({ ...ofOld, ...ofLatest }, wanted, encoding);
    }
    assert.match(
      service.process.output(),
      /level=info .*some members cannot unpack them" encodings=gzip,snappy\n/,
    );
  });
}

Deno.test("in a mixed fleet what cannot be unpacked is refused for every group alike, and a deletion is not", async () => {
  await using old = await startVersion(OLDEST);
  await using latest = await startPushgateway();
  await using service = await start([old, latest], "proxy");
  const [{ encoding, pack }] = PACKED_AS;
  for (const job of jobs) {
    const refusals = [
      { encoding, body: bytes("m 1\n") },
      { encoding, body: new Uint8Array() },
      { encoding, body: pack(bytes("m 1\n")).slice(0, -6) },
      { encoding, body: pack(bytes("# a comment\n".repeat(LIMIT / 10))) },
    ];
    const statuses = [];
    for (const refusal of refusals) statuses.push((await send(service, job, refusal)).status);
    assert.deepEqual(statuses, [400, 400, 400, 413], job);
  }
  assert.deepEqual([await old.groups(), await latest.groups()], [[], []]);

  for (const job of jobs) {
    const pushed = await send(service, job, { encoding, body: pack(bytes("m 1\n")) });
    assert.equal(pushed.status, 200);
    const deletion = { method: "DELETE", encoding, body: new Uint8Array() };
    const { status, text } = await send(service, job, deletion);
    assert.equal(status, 202, text);
  }
});

Deno.test("in redirect mode a compressed push to a fleet that unpacks it is redirected as ever", async () => {
  await using latest = await startPushgateway();
  await using service = await start([latest], "redirect");
  const [{ encoding, pack }] = PACKED_AS;
  const { status } = await send(service, "a", { encoding, body: pack(bytes("m 1\n")) });
  assert.equal(status, 307);
});

Deno.test("a body is passed on as it came, compressed, where all members unpack it", async () => {
  await using latest = await startPushgateway();
  await using service = await start([latest], "proxy");
  const [{ encoding, pack }] = PACKED_AS;
  // Unpacked it would be beyond the limit.
  const body = pack(bytes(`${"# a comment\n".repeat(LIMIT / 10)}m 1\n`));
  assert.equal((await send(service, "a", { encoding, body })).status, 200);
  assert.deepEqual(await values(latest), { a: "1" });
});
