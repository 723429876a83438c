/**
 * Members are judged one by one: one that cannot be read keeps no other one out.
 *
 * @module
 */

import assert from "node:assert/strict";
import { startConsul } from "../../tools/consul.ts";
import { startRelay } from "../blackbox/relay.ts";
import { startService } from "../integration/service.ts";
import { configOf, memberOf, startMembers, waitForAll } from "./members.ts";

/** The sweep timeout is the default: far longer than a member may be kept waiting. */
async function lateMemberJoins({ withConsul }: { readonly withConsul: boolean }): Promise<void> {
  await using stack = new AsyncDisposableStack();
  const consul = withConsul ? stack.use(await startConsul()) : undefined;
  await using members = await startMembers(3);
  const [hanging, other, late] = members.all;
  await using relay = startRelay({ to: hanging });
  const addresses = [relay.address, other.address];
  await using service = await startService({
    config: configOf(addresses, { consul }),
    flags: ["--web.enable-lifecycle"],
  });
  await waitForAll(service, addresses);

  using _hold = relay.holdPages();
  await service.configure(configOf([...addresses, late.address], { consul }));
  assert.equal((await service.get("/-/reload", { method: "POST" })).status, 200);
  await service.waitForMembers([...addresses, late.address]);
  assert.equal((await memberOf(service, late.address)).state, "active");
}

Deno.test("a member that hangs on /metrics keeps a joining one out of no ring of the file", () =>
  lateMemberJoins({ withConsul: false }));

Deno.test("a member that hangs on /metrics keeps a joining one out of no ring from Consul", () =>
  lateMemberJoins({ withConsul: true }));
