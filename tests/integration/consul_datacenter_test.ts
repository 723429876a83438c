/** A datacenter that is not the one of the agent: it does not exist, or is another one. @module */

import assert from "node:assert/strict";
import { startConsul } from "../../tools/consul.ts";
import { waitFor } from "../../tools/wait.ts";
import { only, startLoaded } from "./consul_fault.ts";
import { consulHealth } from "./consul_health.ts";

Deno.test("a datacenter that does not exist is said with those that do, and a reload without it works", async () => {
  await using consul = await startConsul();
  const section = `addr: "${consul.address}"`;
  await using loaded = await startLoaded({ section: `${section}, datacenter: dc9`, listed: false });
  const { service, members } = loaded;
  const remedy =
    "consul_server.datacenter is dc9: write one that Consul knows (dc1), or leave it out for that of the agent";
  const failing = [
    "look-up of members failed: the members of the file are used",
    "registration in Consul failed",
    "locks in Consul are not available",
    "reading the marks of leaving members failed",
  ];
  for (const words of failing) {
    assert.match(
      await loaded.waitForLine("warn", words, consul.url, remedy),
      /expected status 200, found 500 \(No path to datacenter\)/,
    );
  }
  await loaded.waitForPushes(180);
  for (const words of failing) only(loaded.lines(words));
  assert.equal(await service.metric("dynamic_sharding_discovery_up"), 0);
  assert.deepEqual(await consulHealth(consul), {}, "nothing is registered");

  await loaded.reload(section);
  await service.waitForMembers(members.addresses);
  await service.waitForActive(3);
  assert.equal(await service.metric("dynamic_sharding_discovery_up"), 1);
  await loaded.assertNothingLost();
});

Deno.test("another datacenter than the agent's own is told from what it does not list, and not each second", async () => {
  await using own = await startConsul();
  await using other = await startConsul({
    hcl: ['datacenter = "dc2"', `retry_join_wan = ["${own.serfWanAddress}"]`],
  });
  await waitFor(
    async () => (await (await own.api("/v1/catalog/datacenters")).json()).length === 2,
    {
      what: "the datacenters to know each other",
    },
  );
  await using loaded = await startLoaded({
    section: `addr: "${own.address}", datacenter: dc2`,
    listed: false,
  });
  const { members } = loaded;
  const remedy = "consul_server.datacenter has to be its own";
  await loaded.waitForLine(
    "warn",
    "locks in Consul are not available",
    "Missing node registration",
    remedy,
  );
  for (const address of members.addresses) {
    await loaded.waitForLine("warn", "Consul does not list it", address, own.url, remedy);
  }
  await loaded.waitForPushes(600);
  for (const address of members.addresses) {
    only(loaded.lines("Consul does not list it", address));
    only(loaded.lines("member registered in Consul", address));
  }
  assert.deepEqual(await consulHealth(other), {});
  await loaded.assertNothingLost();
});
