/**
 * Agents beside the service's own, and one that restarts: what Consul says of members by the settings
 * that it has by default.
 *
 * @module
 */

import assert from "node:assert/strict";
import { startConsul } from "../../tools/consul.ts";
import { waitFor } from "../../tools/wait.ts";
import { configOf, startMembers } from "../seams/members.ts";
import { registerWith } from "../seams/registrations.ts";
import { consulHealth, deregister } from "./consul_health.ts";
import { startService } from "./service.ts";

const ID = "by-hand";
const GROUPS = Array.from({ length: 20 }, (_, i) => `/metrics/job/batch${i}`);

Deno.test("a member that is deregistered from another agent, which stays, is emptied and out", async () => {
  await using server = await startConsul();
  await using agent = await startConsul({ joins: server });
  await using members = await startMembers(2);
  const { all: [own, other], addresses } = members;
  await registerWith(agent, ID, { address: other.address, interval: "1s" });
  await using service = await startService({
    config: configOf([own.address], { consul: server }),
  });
  await service.waitForMembers(addresses);
  await waitFor(async () => await service.metric("dynamic_sharding_ring_members") === 2, {
    what: "both to be in the ring",
  });
  for (const path of GROUPS) {
    assert.equal((await service.get(path, { method: "PUT", body: "m 1\n" })).status, 200);
  }
  assert((await other.groups()).length > 0);

  await deregister(agent, ID);
  await service.waitForLog("it is empty and may be stopped");
  await service.waitForMembers([own.address]);
  assert.deepEqual(await other.groups(), []);
  assert.equal((await own.groups()).length, GROUPS.length);
});

Deno.test("an agent that restarts calls its members critical until it has checked them, and none leaves the ring", async () => {
  await using consul = await startConsul();
  await using members = await startMembers(3);
  const { addresses } = members;
  await using service = await startService({
    // So long that it has not checked all of them before it can be asked again.
    config: `consul_server: {addr: "${consul.address}", check_interval: 12s}\n` +
      `pushgateway: {servers: ${JSON.stringify(addresses)}}\n`,
  });
  await service.waitForMembers(addresses);
  await service.waitForActive(addresses.length);
  const states = async () => Object.values(await consulHealth(consul));
  const allPass = async () => (await states()).join() === addresses.map(() => "passing").join();
  await waitFor(allPass, { what: "Consul to call all of them healthy" });
  const builds = await service.metric("dynamic_sharding_ring_builds_total");

  await consul.stop();
  await service.waitForLog("look-up of members failed");
  await consul.start();
  await waitFor(async () => (await states()).includes("critical"), {
    what: "Consul to call one critical",
  });
  await waitFor(allPass, { what: "Consul to call all of them healthy again" });
  await waitFor(async () => await service.metric("dynamic_sharding_discovery_up") === 1, {
    what: "discovery to be up",
  });
  await service.waitForActive(addresses.length);
  assert.equal(await service.metric("dynamic_sharding_ring_builds_total"), builds);
});
