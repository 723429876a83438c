/** Registration in a real Consul by a token that may not do all. @module */

import { getLogger } from "@logtape/logtape";
import assert from "node:assert/strict";
import { keepRegistered, type RegistrationPlan } from "../../src/consul/registration.ts";
import { type Member, parseMember } from "../../src/member.ts";
import { type ConsulAgent, startConsul } from "../../tools/consul.ts";
import { waitFor } from "../../tools/wait.ts";
import { makeToken, openClient } from "./fixture.ts";

const MISSING = parseMember("127.0.0.1:1");
const LEFT = parseMember("127.0.0.1:2");
const SERVICES = 'service "pushgateway" { policy = "write" } node_prefix "" { policy = "read" }';
const KEYS = 'key_prefix "dynamic-sharding/" { policy = "write" }';

/**
 * Runs it for a few passes: one member has left, then no mark of it is in Consul, and whoever follows
 * the marks has seen that; another is missing.
 */
async function registeredAfter(consul: ConsulAgent, rules: string): Promise<string[]> {
  using client = await openClient(consul, (await makeToken(consul, rules)).token);
  const nothing = { missing: [], withdrawn: [LEFT], leaving: [], marked: new Set<Member>() };
  const dues: RegistrationPlan[] = [
    { ...nothing, marked: new Set([LEFT]) },
    { ...nothing, missing: [MISSING] },
  ];
  let passes = 0;
  const stop = new AbortController();
  const kept = keepRegistered({
    consul: client,
    serviceName: "pushgateway",
    check: { interval: "10s", timeout: "1s", deregisterAfter: "1m" },
    upstream: { scheme: "http", routePrefix: "", tls: {} },
    configured: [],
    added: [],
    removed: [],
    onBrought() {},
    markHere() {},
    plan: () => (passes++, dues.shift() ?? nothing),
    answers: () => Promise.resolve(false),
    random: Math.random,
    log: getLogger("nowhere"),
  }, stop.signal);
  await waitFor(() => passes === 3, { what: "three passes" });
  stop.abort();
  await kept;
  const response = await consul.api("/v1/agent/services");
  return Object.keys(await response.json()).sort();
}

Deno.test("a member that has left is put back where its mark was deleted, not where marks may not be read", async () => {
  await using consul = await startConsul({ acl: true });
  assert.deepEqual(await registeredAfter(consul, SERVICES), ["127.0.0.1_1"]);
  assert.deepEqual(await registeredAfter(consul, `${SERVICES} ${KEYS}`), [
    "127.0.0.1_1",
    "127.0.0.1_2",
  ]);
});
