/**
 * Whoever reads the members one after the other never sees a value go back, however often: a scrape each second
 * would meet by chance what lasts for milliseconds.
 *
 * @module
 */

import assert from "node:assert/strict";
import { sleep } from "../../src/concurrency/backoff.ts";
import { waitFor } from "../../tools/wait.ts";
import type { Service } from "../integration/service.ts";
import { watchClosely } from "./close_watch.ts";
import { register, startFleet } from "./fleet.ts";
import { LIVE } from "./groups.ts";
import { startLoad } from "./load.ts";
import { findTeeth } from "./sawtooth.ts";
import { emptied } from "./steps.ts";

/** Fast enough for each moment of a change to meet pushes. */
const EVERY_MS = 200;
const SETTLED = { what: "each group to lie on its owner" };
/** Longer than a change of the ring takes, with the redirects and the other instances that it waits for. */
const CHANGE_MS = 4_000;

for (const instances of [1, 2]) {
  Deno.test(`with ${instances === 1 ? "one instance" : "two instances"} no read of the members sees a value go back while a member joins and leaves`, async () => {
    await using stack = new AsyncDisposableStack();
    const fleet = await startFleet({ instances, pushgateways: 4, configured: 3 }, stack);
    const { consul, members, services } = fleet;
    const ringOf = async (ring: typeof members) => {
      const addresses = ring.map(({ address }) => address);
      await Promise.all(services.map((service) => service.waitForMembers(addresses)));
      await sleep(CHANGE_MS);
      for (const service of services) await waitFor(() => isSettled(service), SETTLED);
    };
    const load = stack.use(startLoad(LIVE, services.map(({ url }) => url), EVERY_MS));
    const watch = stack.use(watchClosely(members));
    await sleep(CHANGE_MS); // instances that have just met do not rely on each other yet

    await register(consul, members[3]);
    await ringOf(members);
    const { body } = await consul.api("/v1/agent/service/deregister/by-hand", { method: "PUT" });
    await body?.cancel();
    await emptied(fleet, members[3]);
    await ringOf(members.slice(0, 3));

    assert.deepEqual(load.failed, []);
    assert.deepEqual(findTeeth(watch.history()), []);
    assert(load.pushes > 1_000 && watch.reads > 500, `${load.pushes} pushes, ${watch.reads} reads`);
  });
}

async function isSettled(service: Service): Promise<boolean> {
  return await service.metric("dynamic_sharding_handoff_misplaced_groups") === 0;
}
