/** Registration looked after: what an operator takes out stays out, what Consul loses comes back. @module */

import assert from "node:assert/strict";
import { startConsul } from "../../tools/consul.ts";
import { freePortOn } from "../../tools/ports.ts";
import { startPushgateway } from "../../tools/pushgateway.ts";
import { waitFor } from "../../tools/wait.ts";
import { consulHealth, deregister } from "./consul_health.ts";
import { startService } from "./service.ts";

const HOSTS = ["127.0.0.1", "127.0.0.2"];

function yaml(consul: string, port: number): string {
  return `consul_server: {addr: "${consul}"}\npushgateway: {port: ${port}, servers: [${HOSTS}]}\n`;
}

async function startFleet() {
  await using stack = new AsyncDisposableStack();
  const consul = stack.use(await startConsul());
  const port = freePortOn(HOSTS);
  const first = stack.use(await startPushgateway({ hostname: HOSTS[0], port }));
  const second = stack.use(await startPushgateway({ hostname: HOSTS[1], port }));
  const resources = stack.move();
  return {
    consul,
    first,
    second,
    all: [first.address, second.address],
    config: yaml(consul.address, port),
    secondId: `${HOSTS[1]}_${port}`,
    [Symbol.asyncDispose]: () => resources.disposeAsync(),
  };
}

const markOf = (member: string) => `/v1/kv/dynamic-sharding/pushgateway/withdrawn/${member}`;

Deno.test("a member deregistered by hand while alive stays out, over a restart, until its mark is deleted", async () => {
  await using fleet = await startFleet();
  const { consul, first, second, all, config, secondId } = fleet;
  {
    await using service = await startService({ config });
    await service.waitForMembers(all);
    await service.waitUntilReady();
    await service.waitForActive(2);
    await deregister(consul, secondId);
    await service.waitForMembers([first.address]);
    await service.waitForLog("deregistered while alive");
    await waitFor(async () => {
      const response = await consul.api(markOf(second.address));
      await response.body?.cancel();
      return response.ok;
    }, { what: "the mark in Consul's KV store" });
  }
  await using service = await startService({ config });
  await service.waitForLog("marked as removed");
  await service.waitForMembers([first.address]);
  await service.waitUntilReady();
  assert.deepEqual(Object.keys(await consulHealth(consul)).includes(secondId), false);

  const response = await consul.api(markOf(second.address), { method: "DELETE" });
  await response.body?.cancel();
  await service.waitForMembers(all);
});

Deno.test("a Consul that lost all its data gets the members back, and the ring stays meanwhile", async () => {
  await using fleet = await startFleet();
  const { consul, all, config } = fleet;
  await using service = await startService({ config });
  await service.waitForMembers(all);
  await service.waitForActive(2);
  const builds = await service.metric("dynamic_sharding_ring_builds_total");

  await consul.stop();
  await service.waitForLog("look-up of members failed");
  assert.equal(await service.metric("dynamic_sharding_discovery_up"), 0);
  assert.deepEqual(await service.members(), all);
  await consul.emptyData();
  await consul.start();
  await waitFor(
    async () => Object.values(await consulHealth(consul)).join() === "passing,passing",
    {
      what: "both members to be registered again",
      msMax: 40_000,
    },
  );
  await waitFor(async () => await service.metric("dynamic_sharding_discovery_up") === 1, {
    what: "discovery to be up",
  });
  await service.waitUntilReady();
  assert.deepEqual(await service.members(), all);
  assert.equal(await service.metric("dynamic_sharding_ring_builds_total"), builds);
});

Deno.test("while Consul is down, at the start too, the file's servers serve and probes take out a dead one", async () => {
  await using fleet = await startFleet();
  const { consul, first, second, all, config } = fleet;
  await consul.stop();
  await using service = await startService({ config });
  await service.waitUntilReady();
  const { status, text } = await service.get("/sd");
  assert.equal(status, 503, `Consul has never told its members: ${text}`);
  assert.equal((await service.push("/metrics/job/a", "m 1\n")).status, 200);

  await second.kill9();
  await waitFor(async () => await service.metric("dynamic_sharding_ring_members") === 1, {
    what: "the dead member to leave the ring",
  });
  assert.equal(await service.ownerOf("/metrics/job/a"), first.address);
  await second.start();
  await consul.start();
  await service.waitForMembers(all, 40_000);
});

Deno.test("registrations of the operator's own are members and left as they are", async () => {
  await using fleet = await startFleet();
  const { consul, first, second, all, config, secondId } = fleet;
  await using third = await startPushgateway({ hostname: "127.0.0.3" });
  const register = async (registration: Record<string, unknown>) => {
    const body = JSON.stringify({ Name: "pushgateway", ...registration });
    const response = await consul.api("/v1/agent/service/register", { method: "PUT", body });
    assert.equal(response.status, 200, await response.text());
  };
  const weighted = { Address: second.hostname, Port: second.port, Tags: ["rack-2"] };
  await register({ ID: secondId, ...weighted, Weights: { Passing: 3, Warning: 1 } });
  await register({ ID: "third", Address: third.hostname, Port: third.port });
  await register({ ID: "named-by-hand", Address: first.hostname, Port: first.port });

  await using service = await startService({ config });
  await service.waitForMembers([...all, third.address]);
  await service.waitUntilReady();
  await service.waitForLog(
    `somebody else: its registration is left as it is" member=${first.address}`,
  );
  await service.waitForLog(
    `somebody else: its registration is left as it is" member=${second.address}`,
  );
  const response = await consul.api("/v1/agent/services");
  const held = await response.json() as Record<string, { Tags: string[] }>;
  assert.deepEqual(Object.keys(held).sort(), [secondId, "named-by-hand", "third"].sort());
  assert.deepEqual(held[secondId].Tags, ["rack-2"]);
  const counts = { [second.address]: 0 };
  for (let i = 0; i < 300; i++) {
    const owner = await service.ownerOf(`/metrics/job/weighted${i}`);
    counts[owner] = (counts[owner] ?? 0) + 1;
  }
  assert(
    counts[second.address] > 120,
    `expected about 180 of 300 groups, found ${counts[second.address]}`,
  );
});
