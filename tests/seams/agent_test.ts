/**
 * What Consul loses for a while is not what an operator takes out: agents come and go, with the settings
 * that Consul has by default, beside the one that the service asks.
 *
 * @module
 */

import assert from "node:assert/strict";
import { startConsul } from "../../tools/consul.ts";
import { waitFor } from "../../tools/wait.ts";
import { consulHealth } from "../integration/consul_health.ts";
import { startService } from "../integration/service.ts";
import { type Gate, openGate } from "./gate.ts";
import { copiesOf, jobsOf, pushTo } from "./groups.ts";
import { configOf, memberOf, startMembers, waitForAll } from "./members.ts";
import { registerWith } from "./registrations.ts";

const BUILDS = "dynamic_sharding_ring_builds_total";

Deno.test("a member stays as it is when its agent leaves the cluster and comes back", async () => {
  await using server = await startConsul();
  await using agent = await startConsul({ joins: server });
  await using members = await startMembers(3);
  const { all: [, , other], addresses } = members;
  await registerWith(agent, "other", { address: other.address, interval: "1s" });
  await using service = await startService({
    config: configOf(addresses.slice(0, 2), { consul: server }),
  });
  await waitForAll(service, addresses);
  const jobs = jobsOf(other.address, addresses, { prefix: "job", count: 5 });
  for (const job of jobs) {
    assert.equal(await pushTo(other, `/metrics/job/${job}`, { body: "m 1\n" }), 200);
  }
  const held = await other.groups();
  const builds = await service.metric(BUILDS);

  await agent.stop();
  assert(!("other" in await consulHealth(server)), "its agent has taken it along");
  await waitFor(async () => (await memberOf(service, other.address)).state !== "active", {
    what: "the service to have heard of it",
  });
  const path = `/metrics/job/${jobs[0]}`;
  assert.equal((await service.get(path, { method: "PUT", body: "m 2\n" })).status, 200);
  await agent.start();
  await waitFor(async () => (await consulHealth(server)).other === "passing", {
    what: "its agent to find it healthy",
  });

  assert.deepEqual(await other.groups(), held, "it was not drained");
  assert.doesNotMatch(
    service.process.output(),
    /deregistered while alive|removed from discovery|may be stopped/,
  );
  assert.equal((await copiesOf([other], jobs[0]))[0].values.m, "2", "it was pushed to meanwhile");
  await waitForAll(service, addresses);
  const isSame = await service.metric(BUILDS) === builds;
  assert(isSame, `expected it in the ring throughout, found:\n${service.process.output()}`);
});

Deno.test("members that our probes reach stay in the ring when their agent starts anew with its data", async () => {
  await using server = await startConsul();
  await using agent = await startConsul({ joins: server });
  await using members = await startMembers(3);
  const [first, ...others] = members.all;
  await using one = openGate(others[0]);
  await using two = openGate(others[1]);
  const gates = { one, two };
  const checked = "/-/healthy?by=consul"; // so that its checks are told from our probes
  for (const [id, { address }] of Object.entries(gates)) {
    await registerWith(agent, id, { address, interval: "5s", checked });
  }
  const more = `consul_server: {addr: "${server.address}", check_interval: 5s}`;
  await using service = await startService({ config: configOf([first.address], { more }) });
  await waitForAll(service, [first.address, one.address, two.address]);
  const builds = await service.metric(BUILDS);
  const areAll = (health: string) => async () => {
    const found = await consulHealth(server);
    return Object.keys(gates).every((id) => found[id] === health);
  };

  {
    using _one = one.hold(({ target }) => target === checked);
    using _two = two.hold(({ target }) => target === checked);
    await agent.kill9();
    await agent.start();
    await waitFor(areAll("critical"), { what: "Consul to call them critical" });
    const isContested = ({ address }: Gate) =>
      service.process.output().includes(`waiting for discovery" member=${address}`);
    const isHeard = async () =>
      Object.values(gates).every(isContested) || await service.metric(BUILDS) !== builds;
    await waitFor(isHeard, { what: "the service to have heard of that" });
  }
  await waitFor(areAll("passing"), { what: "Consul to call them healthy again" });
  await waitForAll(service, [first.address, one.address, two.address]);
  assert.equal(await service.metric(BUILDS), builds, "all were in the ring throughout");
});
