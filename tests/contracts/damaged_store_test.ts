/**
 * What real Pushgateways show of their groups once a push has spoiled their pages, and that nothing
 * incomplete is taken for the whole then.
 *
 * @module
 */

import assert from "node:assert/strict";
import { parseMember } from "../../src/member.ts";
import { readGroups } from "../../src/pushgateway/group_content.ts";
import { readPushTimes } from "../../src/pushgateway/push_times.ts";
import { type Pushgateway, startPushgateway } from "../../tools/pushgateway.ts";
import { request } from "../../tools/server.ts";
import { delimited, type Field, message } from "../pushgateway/pages/protobuf_message.ts";
import { openWay, push } from "../pushgateway/read_way.ts";

const { signal } = new AbortController();
const GOOD = "/metrics/job/good/env/x";

const UNTYPED: Field = [4, [[5, [[1, { double: 1 }]]]]];
const [TYPE_UNTYPED, TYPE_UNKNOWN] = [3, 17];

/** The status of the page, and its families in their order. */
async function pageOf({ url }: Pushgateway): Promise<{ status: number; families: string[] }> {
  const { status, text } = await request(`${url}/metrics`);
  return { status, families: [...text.matchAll(/^# TYPE (\S+)/gm)].map(([, name]) => name) };
}

/** The groups whose times were read, and the pages that this took. */
async function readTimes({ address }: Pushgateway) {
  using way = openWay();
  const asked: string[] = [];
  const { times } = await readPushTimes(parseMember(address), {
    ...way,
    transport: {
      send(member, request, limits) {
        asked.push(request.target);
        return way.transport.send(member, request, limits);
      },
      [Symbol.dispose]() {},
    },
  }, signal);
  return { ids: [...times.keys()].sort(), asked };
}

/** For each ID why its group is not copied, or `content`. */
async function readOutcomes({ address }: Pushgateway, ids: readonly string[]) {
  using way = openWay();
  const readings = await readGroups(parseMember(address), new Set(ids), way, signal);
  return ids.map((id) => {
    const reading = readings.get(id);
    return reading?.kind === "content" ? "content" : reading?.reason;
  });
}

Deno.test("the push times of a sound Pushgateway are on its page, with families behind them", async () => {
  await using pushgateway = await startPushgateway();
  using way = openWay();
  assert.deepEqual(await readTimes(pushgateway), { ids: [], asked: ["/metrics"] });
  await push(pushgateway, { path: GOOD, body: "m 1\n" }, way.transport);
  assert.deepEqual(await readTimes(pushgateway), { ids: [GOOD], asked: ["/metrics"] });
  const { families } = await pageOf(pushgateway);
  assert.deepEqual(families, [...families].sort());
  const at = families.indexOf("push_time_seconds");
  assert(at >= 0 && families.indexOf("pushgateway_build_info") > at);
});

Deno.test("the times of a member tell how far its clock is ahead, to a second or so", async () => {
  await using pushgateway = await startPushgateway();
  using way = openWay();
  const member = parseMember(pushgateway.address);
  for (const aheadMs of [0, -3_600_000]) {
    const now = () => Date.now() + aheadMs;
    const { clockAhead } = await readPushTimes(member, { ...way, now }, signal);
    const { min, max } = clockAhead;
    assert(min <= -aheadMs / 1_000 && max >= -aheadMs / 1_000 && max - min < 5, `${min} ${max}`);
  }
});

for (
  const [why, family, place] of [
    ["a family without a name empties the page", [[1, ""], [3, TYPE_UNTYPED], UNTYPED], "empty"],
    ["a family of no type cuts it", [[1, "a_first"], [3, TYPE_UNKNOWN], UNTYPED], "empty"],
    ["a later one cuts it later", [[1, "zzz"], [3, TYPE_UNKNOWN], UNTYPED], "whole"],
    ["one just before the times", [[1, "push_time"], [3, TYPE_UNKNOWN], UNTYPED], "no times"],
    ["one just behind them", [[1, "push_time_seconds2"], [3, TYPE_UNKNOWN], UNTYPED], "times"],
  ] satisfies [string, Field[], string][]
) {
  Deno.test(`of a store damaged by protobuf all push times are read: ${why}`, async () => {
    await using pushgateway = await startPushgateway();
    using way = openWay();
    const bad = "/metrics/job/bad";
    await push(pushgateway, { path: GOOD, body: "# TYPE m gauge\nm 1\n" }, way.transport);
    const body = delimited(message(family));
    assert.equal(await push(pushgateway, { path: bad, body }, way.transport), 200);

    const { status, families } = await pageOf(pushgateway);
    assert.equal(status, 200, "the page looks sound");
    assert.equal(families.includes("pushgateway_build_info"), place === "whole");
    assert.equal(families.includes("push_time_seconds"), place === "whole" || place === "times");
    const asked = place === "whole" ? ["/metrics"] : ["/metrics", "/api/v1/metrics"];
    assert.deepEqual(await readTimes(pushgateway), { ids: [bad, GOOD], asked });

    const [ofGood, ofBad] = await readOutcomes(pushgateway, [GOOD, bad]);
    assert.equal(ofGood, "content", "the protobuf is whole");
    assert.match(ofBad ?? "", /without a name|of no type that is known/);
  });
}

Deno.test("of a poisoned store push times are read, and no groups are copied", async () => {
  await using pushgateway = await startPushgateway();
  using way = openWay();
  await push(pushgateway, { path: GOOD, body: "m 1\n" }, way.transport);
  const poison = { path: "/metrics/job/%E9", body: "m 1\n" };
  assert.equal(await push(pushgateway, poison, way.transport), 400);
  assert.equal((await pageOf(pushgateway)).status, 500);

  const poisoned = "/metrics/job/\ufffd";
  const { ids, asked } = await readTimes(pushgateway);
  assert.deepEqual(ids, [GOOD, poisoned]);
  assert.deepEqual(asked, ["/metrics", "/api/v1/metrics"]);
  assert.deepEqual(await readOutcomes(pushgateway, [GOOD, poisoned]), [
    "its member's /metrics answers 500",
    "its labels are not UTF-8",
  ]);
});

Deno.test("a group with an empty instance beside one without is one, and is not copied", async () => {
  await using pushgateway = await startPushgateway();
  using way = openWay();
  await push(pushgateway, { path: "/metrics/job/a", body: "m 1\n" }, way.transport);
  const empty = { path: "/metrics/job/a/instance@base64/=", body: "m 1\n" };
  assert.equal(await push(pushgateway, empty, way.transport), 400);
  assert.deepEqual((await readTimes(pushgateway)).ids, ["/metrics/job/a"]);
  assert.deepEqual(await readOutcomes(pushgateway, ["/metrics/job/a"]), [
    "its member holds it with an empty instance label and without",
  ]);
});
