/** Registration in a real Consul by a token that may not do all. @module */

import assert from "node:assert/strict";
import { parseMember } from "../../src/member.ts";
import { type ConsulAgent, startConsul } from "../../tools/consul.ts";
import { makeToken } from "./fixture.ts";
import { heldServices, planOf, runRegistration } from "./registering.ts";

const MISSING = parseMember("127.0.0.1:1");
const LEFT = parseMember("127.0.0.1:2");
const SERVICES = 'service "pushgateway" { policy = "write" } node_prefix "" { policy = "read" }';
const KEYS = 'key_prefix "dynamic-sharding/" { policy = "write" }';

/**
 * Runs it for a few passes: one member has left, then no mark of it is in Consul, and whoever follows
 * the marks has seen that; another is missing.
 */
async function registeredAfter(consul: ConsulAgent, rules: string): Promise<string[]> {
  const { token } = await makeToken(consul, rules);
  const plans = [
    planOf({ withdrawn: [LEFT], marked: new Set([LEFT]) }),
    planOf({ withdrawn: [LEFT], missing: [MISSING] }),
  ];
  await runRegistration(consul, { token, plans });
  return Object.keys(await heldServices(consul)).sort();
}

Deno.test("a member that has left is put back where its mark was deleted, not where marks may not be read", async () => {
  await using consul = await startConsul({ acl: true });
  assert.deepEqual(await registeredAfter(consul, SERVICES), ["127.0.0.1_1"]);
  assert.deepEqual(await registeredAfter(consul, `${SERVICES} ${KEYS}`), [
    "127.0.0.1_1",
    "127.0.0.1_2",
  ]);
});
