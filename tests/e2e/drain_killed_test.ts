/** An instance that dies while it empties a member loses nothing, and another one goes on. @module */

import assert from "node:assert/strict";
import { inPool } from "../../tools/pool.ts";
import { waitFor } from "../../tools/wait.ts";
import { deregister } from "../integration/consul_health.ts";
import type { Service } from "../integration/service.ts";
import { memberOf, startFleet } from "./fleet.ts";
import { MANY, ONCE, onceBody, onceValue } from "./groups.ts";
import { namesOn, readHeld } from "./held.ts";
import { push } from "./load.ts";

const PUSHES_AT_ONCE = 32;
const DRAIN_MS_MAX = 90_000;

Deno.test("when the instance that empties a member is killed, the other one finishes, and no group is lost", async () => {
  await using stack = new AsyncDisposableStack();
  const { consul, members, services } = await startFleet({
    instances: 2,
    pushgateways: 3,
    configured: 3,
    // A checked push to a Pushgateway of a thousand groups takes 11 ms of its time.
    pushgatewayFlags: ["--push.disable-consistency-check"],
  }, stack);
  const [leaving, ...staying] = members;
  const signal = new AbortController().signal;
  await inPool(MANY, { size: PUSHES_AT_ONCE, signal }, async (group) => {
    const url = `${services[0].url}${group.path}`;
    assert.equal(await push(url, { method: "PUT", body: onceBody(group) }), undefined);
  });
  // Such a Pushgateway answers before it has applied a push.
  const all = await waitFor(async () => {
    const held = await readHeld(members);
    return held.size === MANY.length && held;
  }, { what: "every group to be held" });
  const groups = namesOn(all, leaving.address).size;

  await deregister(consul, `${leaving.hostname}_${leaving.port}`);
  const moved = async (service: Service) =>
    (await memberOf(service, leaving.address))?.drain?.moved ?? 0;
  const killed = await waitFor(async () => {
    for (const service of services) if (await moved(service) > groups / 10) return service;
  }, { what: "an instance to be emptying the member", everyMs: 10 });
  killed.process.kill("SIGKILL");
  await killed.process.exited;
  const [other] = services.filter((service) => service !== killed);
  const left = namesOn(await readHeld([leaving]), leaving.address).size;
  assert(left > 0 && left < groups, `killed in the middle: ${left} of ${groups} groups were left`);

  await waitFor(async () => (await readHeld([leaving])).size === 0, {
    what: `the other instance to empty the member of ${left} groups`,
    msMax: DRAIN_MS_MAX,
    everyMs: 500,
  });
  await other.waitForMembers(staying.map(({ address }) => address));
  const held = await readHeld(members);
  const wrong = MANY.filter((group) => {
    const copies = held.get(group.name) ?? [];
    return copies.length !== 1 || copies[0].values[ONCE] !== onceValue(group);
  });
  console.log(
    `killed while draining: ${groups} groups, ${left} left by the killed instance, ` +
      `${await moved(other)} moved by the other, ${wrong.length} wrong`,
  );
  assert.deepEqual(wrong, []);
  assert(await moved(other) > 0);
});
