/** What an agent holds under the ID of a member, and whose that is. @module */

import assert from "node:assert/strict";
import { parseMember } from "../../src/member.ts";
import { startConsul } from "../../tools/consul.ts";
import { heldServices, planOf, registerByHand, runRegistration } from "./registering.ts";

const MEMBER = parseMember("127.0.0.1:1");
const ID = "127.0.0.1_1";
const NOT_REGISTERED =
  "error member is not registered: its ID in Consul belongs to another service";
/** What others may have registered under the ID of a member. */
const FOREIGN = {
  "another service": { ID, Name: "other", Address: "127.0.0.1", Port: 1, Tags: ["theirs"] },
  "our service at another port": { ID, Name: "pushgateway", Address: "127.0.0.1", Port: 7 },
  "our service at another address": { ID, Name: "pushgateway", Address: "127.0.0.9", Port: 1 },
};

Deno.test("what is somebody else's under the ID of a member", async (t) => {
  await using consul = await startConsul();
  for (const [what, registration] of Object.entries(FOREIGN)) {
    await registerByHand(consul, registration);
    const before = await heldServices(consul);

    await t.step(`${what} is left as it is, and the log says so once`, async () => {
      const plans = [1, 2].map(() => planOf({ missing: [MEMBER] }));
      const lines = await runRegistration(consul, { configured: [MEMBER], plans });
      assert.deepEqual(await heldServices(consul), before);
      const said = lines.filter((line) => line.startsWith(NOT_REGISTERED));
      assert.equal(said.length, 1, lines.join("\n"));
      assert(said[0].includes(`"found":"${registration.Name} at `), said[0]);
    });

    await t.step(`${what} is not deregistered when the member leaves`, async () => {
      const plans = [planOf({ leaving: [MEMBER], marked: new Set([MEMBER]) })];
      await runRegistration(consul, { removed: [MEMBER], plans });
      assert.deepEqual(await heldServices(consul), before);
    });
    // The second step has marked it.
    await (await consul.api("/v1/kv/dynamic-sharding?recurse", { method: "DELETE" })).text();
  }
});

const IPV6 = parseMember("[fd00::1]:9091");
const IPV6_ID = "fd00::1_9091";

Deno.test("a member at an IPv6 address is registered without brackets, and found again when it leaves", async () => {
  await using consul = await startConsul();
  await runRegistration(consul, { configured: [IPV6] });
  const { [IPV6_ID]: held } = await heldServices(consul);
  assert.deepEqual([held.Address, held.Port], ["fd00::1", 9091]);

  await runRegistration(consul, {
    removed: [IPV6],
    plans: [planOf({ leaving: [IPV6], marked: new Set([IPV6]) })],
  });
  assert.deepEqual(await heldServices(consul), {});
});

Deno.test("an operator's own registration of an IPv6 address in brackets is left as it is", async () => {
  await using consul = await startConsul();
  const own = { Name: "pushgateway", Address: "[fd00::1]", Port: 9091, Tags: ["rack-2"] };
  for (const ID of [IPV6_ID, "by-hand"]) {
    await registerByHand(consul, { ID, ...own });
    const before = await heldServices(consul);
    const lines = await runRegistration(consul, { configured: [IPV6] });
    assert.deepEqual(await heldServices(consul), before);
    assert(lines.some((line) => line.includes("was registered by somebody else")), `${lines}`);
    await (await consul.api(`/v1/agent/service/deregister/${ID}`, { method: "PUT" })).text();
  }
});

Deno.test("our service under our ID without an address is ours: it is at its node's", async () => {
  await using consul = await startConsul();
  await registerByHand(consul, { ID: "127.0.0.1_1", Name: "pushgateway", Port: 1 });
  const lines = await runRegistration(consul, { configured: [parseMember("127.0.0.1:1")] });
  assert.deepEqual(lines.filter((line) => line.startsWith("error")), []);
});
