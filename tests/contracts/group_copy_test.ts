/**
 * Groups of one real Pushgateway, copied to another, are the same there: both pages of both agree,
 * push times apart.
 *
 * @module
 */

import assert from "node:assert/strict";
import { groupPath, parseGroupId } from "../../src/group/group.ts";
import { parseMember } from "../../src/member.ts";
import {
  type GroupContent,
  type GroupReading,
  readGroups,
  sameContent,
} from "../../src/pushgateway/group_content.ts";
import { readPushTimes, type ReadWay } from "../../src/pushgateway/push_times.ts";
import type { Transport } from "../../src/pushgateway/client/transport.ts";
import { type Pushgateway, startPushgateway } from "../../tools/pushgateway.ts";
import { request } from "../../tools/server.ts";
import { openWay, push } from "../pushgateway/read_way.ts";
import { HARD_PUSHES, HARD_PUSHES_UTF8_NAMES } from "./copied_groups.ts";
import { openGateways } from "./gateways.ts";
import { groupMetrics, TIMES } from "./group_metrics.ts";

const { signal } = new AbortController();

function contentOf(readings: ReadonlyMap<string, GroupReading>, id: string): GroupContent {
  const reading = readings.get(id);
  assert(reading?.kind === "content", `${id}: ${JSON.stringify(reading)}`);
  return reading.content;
}

async function idsOf({ address }: Pushgateway, way: ReadWay): Promise<Set<string>> {
  return new Set((await readPushTimes(parseMember(address), way, signal)).times.keys());
}

/** The groups as the API shows them, without times and an empty instance, in a fixed order. */
async function apiGroups({ url }: Pushgateway): Promise<string[]> {
  const { text } = await request(`${url}/api/v1/metrics`);
  const { data }: { data: Record<string, ApiFamily>[] } = JSON.parse(text);
  return data.map((group) => {
    const families = Object.entries(group).filter(([name]) => !TIMES.includes(name));
    return JSON.stringify(families.map(([name, { instance, time_stamp: _, metrics, ...rest }]) => {
      const sorted = metrics?.map((metric) => JSON.stringify(metric)).sort();
      return [name, { ...rest, ...instance && { instance } }, sorted ?? null];
    }));
  }).sort();
}

/** Of the group's families; its labels and whether its last push succeeded pass for some too. */
interface ApiFamily {
  readonly instance?: string;
  readonly time_stamp?: string;
  readonly metrics?: readonly unknown[];
}

for (const scheme of ["legacy", "utf8"] as const) {
  Deno.test(`groups with ${scheme} names are the same on another Pushgateway once copied`, async () => {
    const flags = scheme === "utf8" ? ["--push.enable-utf8-names"] : [];
    const pushes = scheme === "utf8" ? [...HARD_PUSHES, ...HARD_PUSHES_UTF8_NAMES] : HARD_PUSHES;
    await using source = await startPushgateway({ flags });
    await using target = await startPushgateway({ flags });
    using way = openWay();
    for (const { why, path, body } of pushes) {
      assert.equal(await push(source, { path, body }, way.transport), 200, why);
    }

    const ids = await idsOf(source, way);
    assert.equal(ids.size, pushes.length);
    const read = (from: Pushgateway) => readGroups(parseMember(from.address), ids, way, signal);
    const originals = await read(source);
    assert.equal(originals.size, pushes.length);
    for (const id of ids) {
      const { body } = contentOf(originals, id);
      const path = groupPath(parseGroupId(id), scheme);
      assert.equal(await push(target, { path, body }, way.transport), 200, id);
    }

    assert.deepEqual(await idsOf(target, way), ids);
    assert.deepEqual(await apiGroups(target), await apiGroups(source));
    const metrics = await groupMetrics(source);
    assert(metrics.length >= pushes.length, "the page is looked at");
    assert.deepEqual(await groupMetrics(target), metrics);
    const copies = await read(target);
    for (const id of ids) {
      assert(sameContent(contentOf(originals, id), contentOf(copies, id)), id);
    }

    const gateways = openGateways(way, { nameScheme: scheme });
    const member = parseMember(target.address);
    const contents = [...ids].map((id) => contentOf(originals, id));
    const found = await gateways.copies(member, contents, signal);
    for (const id of ids) {
      const { pushTime } = contentOf(copies, id);
      // Only the JSON API shows a family without metrics.
      const isWhole = id === "/metrics/job/laconic" ? "unknown" : true;
      assert.deepEqual(found.copies.get(id), { pushTime, failureTime: 0, isWhole }, id);
    }
    assert.equal(found.started, (await gateways.pushTimes(member, signal)).started);
    assert.notEqual(found.started, undefined);

    for (const id of ids) await gateways.remove(parseMember(source.address), id, signal);
    // Deletions are queued, and a push that is answered comes after them.
    await push(source, { path: "/metrics/job/last", body: "" }, way.transport);
    assert.deepEqual(await source.groups(), [{ job: "last" }]);
  });
}

Deno.test("what was read tells when the group was pushed, and when that failed last", async () => {
  await using pushgateway = await startPushgateway();
  using way = openWay();
  const member = parseMember(pushgateway.address);
  const [path, other] = ["/metrics/job/a", "/metrics/job/b"];
  const read = async () => {
    const ids = new Set([path, other, "/metrics/job/none"]);
    const readings = await readGroups(member, ids, way, signal);
    assert.deepEqual([...readings.keys()].sort(), [path, other]);
    return contentOf(readings, path);
  };
  const startedAt = Date.now() / 1_000;
  await push(pushgateway, { path, body: "# TYPE m gauge\nm 1\n" }, way.transport);
  await push(pushgateway, { path: other, body: "# TYPE n gauge\nn 1\n" }, way.transport);
  const first = await read();
  const pushedAt = (await readPushTimes(member, way, signal)).times.get(path);
  assert.equal(first.pushTime, pushedAt);
  assert(first.pushTime >= startedAt - 1 && first.pushTime <= Date.now() / 1_000 + 1);
  assert.equal(first.failureTime, 0);

  const conflict = { path, body: "# TYPE n counter\nn 1\n" };
  assert.equal(await push(pushgateway, conflict, way.transport), 400);
  const failed = await read();
  assert.equal(failed.pushTime, first.pushTime);
  assert(failed.failureTime > failed.pushTime);
  assert(sameContent(first, failed));

  await push(pushgateway, { path, body: "# TYPE m gauge\nm 2\n" }, way.transport);
  const second = await read();
  assert(second.pushTime > first.pushTime);
  assert(!sameContent(first, second));
});

Deno.test("a failure time that was pushed is told, and is no part of the body", async () => {
  await using pushgateway = await startPushgateway();
  using way = openWay();
  const path = "/metrics/job/a";
  await push(pushgateway, { path, body: "m 1\n" }, way.transport);
  const failure = { method: "POST", path, body: "push_failure_time_seconds 12.5\n" };
  assert.equal(await push(pushgateway, failure, way.transport), 200);
  const member = parseMember(pushgateway.address);
  const readings = await readGroups(member, new Set([path]), way, signal);
  const { failureTime, body } = contentOf(readings, path);
  assert.equal(failureTime, 12.5);
  assert.equal(new TextDecoder().decode(body).includes("push_"), false);
});

Deno.test("a group that is pushed between the two pages has changed", async () => {
  await using pushgateway = await startPushgateway();
  using way = openWay();
  const paths = ["/metrics/job/kept", "/metrics/job/pushed", "/metrics/job/deleted"];
  for (const path of paths) await push(pushgateway, { path, body: "" }, way.transport);
  const transport: Transport = {
    async send(member, request, limits) {
      if (request.target === "/metrics") {
        await push(pushgateway, { method: "DELETE", path: paths[2] }, way.transport);
        await push(pushgateway, { path: paths[1], body: "m 1\n" }, way.transport);
      }
      return await way.transport.send(member, request, limits);
    },
    [Symbol.dispose]() {},
  };
  const member = parseMember(pushgateway.address);
  const between = { ...way, transport };
  const readings = await readGroups(member, new Set(paths), between, signal);
  const kinds = paths.map((path) => readings.get(path)?.kind);
  assert.deepEqual(kinds, ["content", "changed", "changed"]);
});
