/** Two services on two Consul agents: they agree, and neither hangs on the other's agent. @module */

import assert from "node:assert/strict";
import { startConsul } from "../../tools/consul.ts";
import { freePortOn } from "../../tools/ports.ts";
import { startPushgateway } from "../../tools/pushgateway.ts";
import { waitFor } from "../../tools/wait.ts";
import { ringPrefix } from "../../src/consul/keys.ts";
import { readAnnounced, showAnnounced } from "../../src/handoff/plan/announced_ring.ts";
import { parseMember } from "../../src/member.ts";
import { HashRing } from "../../src/ring/hash_ring.ts";
import { startService } from "./service.ts";

const HOSTS = ["127.0.0.1", "127.0.0.2"];

interface Entry {
  readonly Node: { readonly Node: string };
  readonly Checks: readonly { readonly CheckID: string; readonly Status: string }[];
}

Deno.test("two services with an agent each agree on the ring, and it outlives one agent", async () => {
  await using server = await startConsul();
  await using client = await startConsul({ joins: server });
  const port = freePortOn(HOSTS);
  await using first = await startPushgateway({ hostname: HOSTS[0], port });
  await using second = await startPushgateway({ hostname: HOSTS[1], port });
  const all = [first.address, second.address];
  const yaml = (consul: string) =>
    `consul_server: {addr: "${consul}"}\npushgateway: {port: ${port}, servers: [${HOSTS}]}\n`;
  await using one = await startService({ config: yaml(server.address) });
  await using two = await startService({ config: yaml(client.address) });
  const services = [one, two];
  const entries = async () => {
    const response = await server.api("/v1/health/service/pushgateway");
    return await response.json() as Entry[];
  };

  for (const service of services) {
    await service.waitForMembers(all);
    await service.waitForActive(2);
  }
  await waitFor(async () => (await entries()).length === 4, {
    what: "each agent to hold both members",
  });
  const hashes = await Promise.all(services.map((s) => s.metric("dynamic_sharding_ring_hash")));
  assert.equal(hashes[0], hashes[1]);
  for (const { metric } of services) {
    await waitFor(async () => await metric("dynamic_sharding_instances") === 2, {
      what: "the instances to know of each other",
    });
    assert.equal(await metric('dynamic_sharding_consul_locks{state="available"}'), 1);
    await waitFor(async () => await metric("dynamic_sharding_instances_unconfirmed") === 0, {
      what: "the instances to confirm each other's rings",
    });
  }
  const builds = await one.metric("dynamic_sharding_ring_builds_total");

  await client.kill9();
  await waitFor(async () => {
    const failed = (await entries()).filter(({ Checks }) =>
      Checks.some(({ CheckID, Status }) => CheckID === "serfHealth" && Status === "critical")
    );
    return failed.length === 2;
  }, { what: "the server to notice that the agent is gone", msMax: 60_000 });
  assert.equal((await one.get("/-/ready")).status, 200);
  assert.deepEqual(await one.members(), all);
  assert.equal(await one.metric("dynamic_sharding_ring_builds_total"), builds);
  await two.waitForLog("look-up of members failed");
  await waitFor(
    async () => await two.metric('dynamic_sharding_consul_locks{state="unreachable"}') === 1,
    { what: "the locks to be out of reach" },
  );
  assert.equal((await two.push("/metrics/job/a", "m 1\n")).status, 200);
});

Deno.test("pushes of groups with two owners do not change which rings are announced as seen", async () => {
  await using consul = await startConsul();
  const port = freePortOn(HOSTS);
  await using first = await startPushgateway({ hostname: HOSTS[0], port });
  await using second = await startPushgateway({ hostname: HOSTS[1], port });
  await using service = await startService({
    config: `consul_server: {addr: "${consul.address}"}\nmode: proxy\n` +
      `pushgateway: {port: ${port}, servers: [${HOSTS}]}\n`,
  });
  const members = [first.address, second.address].map((address) => parseMember(address));
  await service.waitForMembers(members);
  await service.waitForActive(2);
  const prefix = ringPrefix("pushgateway");
  const announced = async () => {
    const response = await consul.api(`/v1/kv/${prefix}?recurse`);
    const text = await response.text();
    return response.ok ? JSON.parse(text) as { Key: string; Value: string }[] : [];
  };
  const ours = await waitFor(async () => (await announced()).at(0), { what: "an announcement" });
  const id = ours.Key.slice(prefix.length);

  // Another instance sees the second member alone, and has heard of ours.
  const session = await consul.api("/v1/session/create", { method: "PUT", body: "{}" });
  const { ID: other }: { ID: string } = await session.json();
  const ring = HashRing.of(new Map([[members[1], 1]]));
  const tell = async (version: number) => {
    const said = { since: 1_000, seen: [], version, from: 1, heard: new Map([[id, 1]]) };
    const response = await consul.api(`/v1/kv/${prefix}${other}?acquire=${other}`, {
      method: "PUT",
      body: showAnnounced({ ring, ...said }),
    });
    assert.equal(await response.text(), "true");
  };
  const own = async () => {
    const { Value } = (await announced()).find(({ Key }) => Key.endsWith(id)) ?? { Value: "" };
    return readAnnounced(atob(Value));
  };
  /** What ours announces once it has heard the other one say something new. */
  const hears = async (version: number) => {
    await tell(version);
    return await waitFor(async () => {
      const said = await own();
      return said.heard.get(other) === version && said;
    }, { what: "the other instance to be heard" });
  };
  await hears(1);

  const all = HashRing.of(new Map(members.map((member) => [member, 1])));
  const paths = Array.from({ length: 400 }, (_, i) => `/metrics/job/job${i}`)
    .filter((path) => all.ownerOf(path) === members[0]).slice(0, 64);
  let isOver = false;
  const pushing = Promise.all(paths.map(async (path) => {
    while (!isOver) assert.equal((await service.push(path, "m 1\n", "PUT")).status, 200);
  }));
  try {
    for (let version = 2; version <= 9; version++) {
      assert.deepEqual((await hears(version)).seen, [ring.hash]);
    }
  } finally {
    isOver = true;
    await pushing;
  }
});
