/**
 * What cannot be read is not empty: a member that answers its probes and takes pushes, and is too slow to
 * be read, may hold the group that is pushed.
 *
 * @module
 */

import assert from "node:assert/strict";
import { startPushgateway } from "../../tools/pushgateway.ts";
import { startRelay } from "../blackbox/relay.ts";
import { type Service, startService } from "../integration/service.ts";
import { theOnlyCopy, waitForFailedReads } from "./families.ts";
import { jobOf, pushTo } from "./groups.ts";
import { configOf, waitForAll } from "./members.ts";

const more = "handoff: {sweep_interval: 5s, sweep_timeout: 1s}";

/** One that is to be slow, and another one that owns the group that the first one holds. */
async function startFleet() {
  await using stack = new AsyncDisposableStack();
  const former = stack.use(await startPushgateway());
  const owner = stack.use(await startPushgateway());
  const relay = stack.use(startRelay({ to: former }));
  const addresses = [relay.address, owner.address];
  const job = jobOf(owner.address, addresses);
  const opened = stack.move();
  return {
    former,
    pushgateways: [former, owner],
    relay,
    addresses,
    job,
    path: `/metrics/job/${job}`,
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  };
}

async function postZ(service: Service, path: string): Promise<void> {
  const { status, text } = await service.get(path, { method: "POST", body: "z 1\n" });
  assert.equal(status, 200, text);
}

Deno.test("a POST loses nothing that lies on a member which could not be read since the start", async () => {
  await using fleet = await startFleet();
  const { former, pushgateways, relay, addresses, job, path } = fleet;
  assert.equal(await pushTo(former, path, { body: "x 1\ny 1\n" }), 200);
  const slow = relay.holdPages();
  await using service = await startService({ config: configOf(addresses, { more }) });
  await service.waitUntilReady();
  await waitForFailedReads(service, 1);
  assert.equal(await service.ownerOf(path), addresses[1]);
  const marked = "dynamic_sharding_handoff_partial_pushes_total";
  assert.equal(await service.metric(marked), 0);

  await postZ(service, path);
  assert.equal(await service.metric(marked), 1);
  slow[Symbol.dispose]();
  assert.deepEqual(await theOnlyCopy(pushgateways, job), { x: "1", y: "1", z: "1" });
});

Deno.test("a POST loses nothing when a member is added since another one is overloaded", async () => {
  await using fleet = await startFleet();
  const { pushgateways, relay, addresses, job, path } = fleet;
  const [first] = addresses;
  await using service = await startService({
    config: configOf([first], { more }),
    flags: ["--web.enable-lifecycle"],
  });
  await waitForAll(service, [first]);
  const pushed = await service.get(path, { method: "PUT", body: "x 1\ny 1\n" });
  assert.equal(pushed.status, 200, pushed.text);

  const slow = relay.holdPages();
  await service.configure(configOf(addresses, { more }));
  await service.get("/-/reload", { method: "POST" });
  await service.waitForMembers(addresses);
  await waitForFailedReads(service, 3);
  assert.equal(await service.ownerOf(path), addresses[1]);

  await postZ(service, path);
  slow[Symbol.dispose]();
  assert.deepEqual(await theOnlyCopy(pushgateways, job), { x: "1", y: "1", z: "1" });
});
