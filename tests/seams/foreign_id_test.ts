/** What is registered in Consul under the ID of a member need not be that member. @module */

import assert from "node:assert/strict";
import { type ConsulAgent, startConsul } from "../../tools/consul.ts";
import { waitFor } from "../../tools/wait.ts";
import { startService } from "../integration/service.ts";
import { askToDrain, configOf, memberOf, startMembers, waitForAll } from "./members.ts";

interface AgentService {
  readonly Service: string;
  readonly Tags: readonly string[];
}

async function servicesOf(consul: ConsulAgent): Promise<Record<string, AgentService>> {
  return await (await consul.api("/v1/agent/services")).json();
}

async function register(consul: ConsulAgent, service: Record<string, unknown>): Promise<void> {
  const body = JSON.stringify(service);
  const answer = await consul.api("/v1/agent/service/register", { method: "PUT", body });
  assert.equal(await answer.text(), "");
}

Deno.test("a service of somebody else that has the ID of a member is neither overwritten nor removed", async () => {
  await using consul = await startConsul();
  await using members = await startMembers(2);
  const { all: [first, second], addresses } = members;
  const id = first.address.replace(":", "_");
  const foreign = { ID: id, Name: "someone-elses", Port: first.port, Tags: ["theirs"] };
  await register(consul, foreign);
  await using service = await startService({
    config: configOf(addresses, { consul }),
    flags: ["--web.enable-admin-api"],
  });
  const assertUntouched = async () => {
    const { Service, Tags } = (await servicesOf(consul))[id];
    assert.deepEqual([Service, Tags], ["someone-elses", ["theirs"]]);
  };
  const outcomes = [
    "its ID in Consul belongs to another service",
    `registered in Consul" member=${first.address}`,
  ];
  await waitFor(() => outcomes.some((words) => service.process.output().includes(words)), {
    what: "it to be registered, or not",
  });
  await assertUntouched();
  await service.waitForMembers([second.address]);

  // Its operator gives it an ID of its own, and it can be drained.
  const { hostname: Address, port: Port } = first;
  await register(consul, { ID: "mine", Name: "pushgateway", Address, Port });
  await waitForAll(service, addresses);
  assert.equal((await askToDrain(service, first.address)).status, 202);
  await waitFor(async () => (await memberOf(service, first.address)).drained, {
    what: "the member to be empty",
  });
  await service.waitForMembers([second.address]);
  await assertUntouched();
});
