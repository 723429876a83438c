/** Two services on two Consul agents: they agree, and neither hangs on the other's agent. @module */

import assert from "node:assert/strict";
import { startConsul } from "../../tools/consul.ts";
import { freePortOn } from "../../tools/ports.ts";
import { startPushgateway } from "../../tools/pushgateway.ts";
import { waitFor } from "../../tools/wait.ts";
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
  assert.equal((await two.push("/metrics/job/a", "m 1\n")).status, 200);
});
