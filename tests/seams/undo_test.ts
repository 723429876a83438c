/** A drain that is taken back counts, also while Consul is just being told that the member is out. @module */

import assert from "node:assert/strict";
import { startConsul } from "../../tools/consul.ts";
import { waitFor } from "../../tools/wait.ts";
import { consulHealth } from "../integration/consul_health.ts";
import { startService } from "../integration/service.ts";
import { jobsOf } from "./groups.ts";
import { askToDrain, configOf, memberOf, startMembers, waitForAll } from "./members.ts";

Deno.test("a drain that is taken back just when the member has left brings it back for good", async () => {
  await using consul = await startConsul();
  await using members = await startMembers(2);
  const { addresses } = members;
  await using service = await startService({
    config: configOf(addresses, { consul }),
    flags: ["--web.enable-admin-api"],
  });
  await waitForAll(service, addresses);
  const [first] = addresses;
  const id = first.replace(":", "_");
  const jobs = jobsOf(first, addresses, { prefix: "job", count: 5 });
  const isListed = async () => id in await consulHealth(consul);
  const moments = {
    "the member to be deregistered": async () => !await isListed(),
    "the member to have left": async () => (await memberOf(service, first)).state === "departed",
  };
  for (const [what, check] of Object.entries(moments)) {
    for (const job of jobs) {
      const path = `/metrics/job/${job}`;
      assert.equal((await service.get(path, { method: "PUT", body: "m 1\n" })).status, 200);
    }
    assert.equal((await askToDrain(service, first)).status, 202);
    await waitFor(check, { what, everyMs: 5 });
    assert.equal((await askToDrain(service, first, { undo: true })).status, 202);

    await waitFor(isListed, { what: "the member to be registered again" });
    await waitForAll(service, addresses);
    assert.equal((await consulHealth(consul))[id], "passing");
    const answer = await consul.api("/v1/kv/dynamic-sharding/pushgateway/withdrawn/?keys");
    assert.equal(await answer.text(), "", "no mark keeps it out");
  }
});
