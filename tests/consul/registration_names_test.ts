/** Consul's catalogue takes a service's name in any case, and so do we. @module */

import assert from "node:assert/strict";
import { parseMember } from "../../src/member.ts";
import { type ConsulAgent, startConsul } from "../../tools/consul.ts";
import { tell } from "./fixture.ts";
import { heldServices, planOf, runRegistration } from "./registering.ts";

const FIRST = parseMember("127.0.0.1:1");
const SECOND = parseMember("127.0.0.1:2");
const serviceName = "PushGateway";
const MARKS = "dynamic-sharding/pushgateway/withdrawn/";
const FORMER_MARKS = `dynamic-sharding/${serviceName}/withdrawn/`;

/** All keys of the service. */
async function keys(consul: ConsulAgent): Promise<string[]> {
  const response = await consul.api("/v1/kv/dynamic-sharding/?keys");
  const text = await response.text();
  return response.status === 404 ? [] : JSON.parse(text);
}

Deno.test("instances that spell the service's name differently look after the same members", async () => {
  await using consul = await startConsul();
  await runRegistration(consul, { serviceName, configured: [FIRST, SECOND] });
  for (const name of [serviceName, "pushgateway"]) {
    const response = await consul.api(`/v1/health/service/${name}`);
    assert.equal((await response.json()).length, 2, name);
  }
  const lines = await runRegistration(consul, { configured: [FIRST, SECOND] });
  assert.deepEqual(lines.filter((line) => !line.startsWith("info member registered")), []);

  await runRegistration(consul, {
    serviceName,
    configured: [FIRST],
    removed: [SECOND],
    plans: [planOf({ leaving: [SECOND], marked: new Set([SECOND]) })],
  });
  assert.deepEqual(Object.keys(await heldServices(consul)), ["127.0.0.1_1"]);
  assert.deepEqual(await keys(consul), [`${MARKS}${SECOND}`]);
  await runRegistration(consul, { configured: [FIRST, SECOND] });
  assert.deepEqual(Object.keys(await heldServices(consul)), ["127.0.0.1_1"], "its mark counts");
});

Deno.test("marks that version 1.0.0 has set under the name as it was spelled are taken over", async () => {
  await using consul = await startConsul();
  await tell(consul, "PUT", `/v1/kv/${FORMER_MARKS}`); // a folder, as Consul's UI makes it
  await tell(consul, "PUT", `/v1/kv/${FORMER_MARKS}${SECOND}`);
  await runRegistration(consul, { serviceName, configured: [FIRST, SECOND] });
  assert.deepEqual(await keys(consul), [`${MARKS}${SECOND}`]);
  assert.deepEqual(Object.keys(await heldServices(consul)), ["127.0.0.1_1"]);
});
