/**
 * Two groups that expose one series lie on different members: one Pushgateway would have refused the
 * second push. Where it is read it is told, with the names of both groups.
 *
 * @module
 */

import assert from "node:assert/strict";
import { waitFor } from "../../tools/wait.ts";
import { startService } from "../integration/service.ts";
import { pushTo } from "./groups.ts";
import { configOf, startMembers, waitForAll } from "./members.ts";

const METRIC = "dynamic_sharding_shared_series_total";

Deno.test("the merged API, the log and a metric tell of two groups that expose one series", async () => {
  await using members = await startMembers(2);
  const { all: [one, other], addresses } = members;
  assert.equal(await pushTo(one, "/metrics/job/j", { body: 's{tag="v"} 1\n' }), 200);
  assert.equal(await pushTo(other, "/metrics/job/j/tag/v", { body: "s 2\n" }), 200);
  await using service = await startService({ config: configOf(addresses) });
  await waitForAll(service, addresses);
  assert.equal(await service.metric(METRIC), 0);

  const { status, text } = await service.get("/api/v1/metrics");
  assert.equal(status, 200);
  const { warnings } = JSON.parse(text) as { warnings?: string[] };
  assert.equal(warnings?.length, 1);
  for (const words of ['s{job="j",tag="v"}', "/metrics/job/j ", "/metrics/job/j/tag/v"]) {
    assert(`${warnings?.[0]} `.includes(words), `${warnings?.[0]} names ${words}`);
  }
  await service.waitForLog("two groups expose one series");
  assert.equal(await service.metric(METRIC), 1);
});

Deno.test("a drain that is refused for such a series names both groups", async () => {
  await using members = await startMembers(2);
  const { all: [one, other], addresses } = members;
  assert.equal(await pushTo(one, "/metrics/job/j", { body: 's{tag="v"} 1\n' }), 200);
  assert.equal(await pushTo(other, "/metrics/job/j/tag/v", { body: "s 2\n" }), 200);
  await using service = await startService({
    config: configOf(addresses),
    flags: ["--web.enable-admin-api"],
  });
  await waitForAll(service, addresses);

  const drain = `/api/v1/members/${one.address}/drain`;
  assert.equal((await service.get(drain, { method: "PUT" })).status, 202);
  const whys = async () => {
    const { text } = await service.get("/api/v1/members");
    const { data } = JSON.parse(text) as {
      data: { drain?: { staying: { group: string; why: string }[] } }[];
    };
    return data.flatMap(({ drain }) => drain?.staying ?? []);
  };
  await waitFor(async () => (await whys()).length > 0, { what: "the API to tell what stays" });
  const [{ group, why }] = await whys();
  assert.equal(group, "/metrics/job/j");
  assert.match(why, /exposed by two groups, \/metrics\/job\/j\/tag\/v and \/metrics\/job\/j$/);
  assert.equal(await service.metric(METRIC), 1);
});
