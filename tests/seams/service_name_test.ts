/** Consul's catalogue takes a service's name in any case; its keys do not. @module */

import assert from "node:assert/strict";
import { startConsul } from "../../tools/consul.ts";
import { waitFor } from "../../tools/wait.ts";
import { startService } from "../integration/service.ts";
import { askToDrain, configOf, memberOf, startMembers, waitForAll } from "./members.ts";

Deno.test("two instances that spell the service's name differently share its marks", async () => {
  await using consul = await startConsul();
  await using members = await startMembers(2);
  const { addresses } = members;
  const optionsOf = (serviceName: string) => ({
    config: configOf(addresses, { consul, serviceName }),
    flags: ["--web.enable-admin-api"],
  });
  await using one = await startService(optionsOf("pushgateway"));
  await using other = await startService(optionsOf("PushGateway"));
  const both = [one, other];
  for (const service of both) await waitForAll(service, addresses);
  const [first, second] = addresses;

  assert.equal((await askToDrain(one, first)).status, 202);
  for (const service of both) {
    await waitFor(async () => (await memberOf(service, first)).drained, {
      what: "both to know that it has left",
    });
    await service.waitForMembers([second]);
  }
  const keys = await consul.api("/v1/kv/dynamic-sharding/?keys");
  const isMark = (key: string) => key.includes("/withdrawn/") && key.endsWith(first);
  const marks = (await keys.json() as string[]).filter(isMark);
  assert.deepEqual(marks, [`dynamic-sharding/pushgateway/withdrawn/${first}`]);

  assert.equal((await askToDrain(other, first, { undo: true })).status, 202);
  for (const service of both) await waitForAll(service, addresses);
});
