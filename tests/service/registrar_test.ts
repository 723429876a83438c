/** Servers of the file are registered through all configurations; what changed is since the last that was brought. */

import assert from "node:assert/strict";
import { UNKNOWN_MEMBERSHIP } from "../../src/membership/membership.ts";
import { createRegistrar, type Registrar } from "../../src/service/registrar.ts";
import { type ConsulAgent, startConsul } from "../../tools/consul.ts";
import { freePorts } from "../../tools/ports.ts";
import { waitFor } from "../../tools/wait.ts";
import { heldServices, registerByHand } from "../consul/registering.ts";
import { type ConfiguredTerms, configureTerms, consulYaml } from "./configured.ts";

const [ONE, TWO, THREE] = freePorts(3).map((port) => `127.0.0.1:${port}`);
const idOf = (server: string) => server.replace(":", "_");

/** A service's registrar, and its configurations. */
async function startRegistrar(terms: ConfiguredTerms, yaml: string) {
  const first = await terms.open(yaml);
  const registrar: Registrar = createRegistrar(first.config.servers, {
    membership: () => UNKNOWN_MEMBERSHIP,
    markHere: () => assert.fail("Consul has the marks"),
    random: Math.random,
    log: terms.log,
  });
  let present = first;
  return {
    async configure(yaml: string) {
      present = await terms.open(yaml);
    },
    /** Runs it for the configuration until something is so. */
    async runUntil(isSo: () => boolean | Promise<boolean>, what: string) {
      assert(present.consul);
      const stop = new AbortController();
      const running = registrar(present, present.consul)(stop.signal);
      await waitFor(isSo, { what });
      stop.abort();
      await running;
    },
  };
}

/** The members that are marked as taken out. */
async function marks(consul: ConsulAgent): Promise<string[]> {
  const response = await consul.api("/v1/kv/dynamic-sharding/pushgateway/withdrawn/?keys");
  const text = await response.text();
  if (response.status === 404) return [];
  return (JSON.parse(text) as string[]).map((key) => key.slice(key.lastIndexOf("/") + 1));
}

const holds = async (consul: ConsulAgent, ...servers: string[]) => {
  const held = Object.keys(await heldServices(consul));
  return servers.every((server) => held.includes(idOf(server)));
};

Deno.test("a server that is taken out while Consul is away is marked by the next configuration that reaches it", async () => {
  await using consul = await startConsul();
  await using terms = await configureTerms();
  const yaml = (...servers: string[]) => consulYaml(consul.address, servers);
  const registrar = await startRegistrar(terms, yaml(ONE, TWO));
  await registrar.runUntil(() => holds(consul, ONE, TWO), "both to be registered");

  await consul.stop();
  await registrar.configure(yaml(ONE));
  const fails = () => terms.lines.some((line) => line.includes("registration in Consul failed"));
  await registrar.runUntil(fails, "a failure");
  await consul.start();
  await registrar.configure(yaml(ONE, THREE));
  await registrar.runUntil(() => holds(consul, ONE, THREE), "the third to be registered");
  assert.deepEqual(await marks(consul), [TWO]);
});

Deno.test("a server that is put back before its removal was brought to Consul is not marked", async () => {
  await using consul = await startConsul();
  await using terms = await configureTerms();
  const yaml = (...servers: string[]) => consulYaml(consul.address, servers);
  const registrar = await startRegistrar(terms, yaml(ONE, TWO));
  await registrar.runUntil(() => holds(consul, ONE, TWO), "both to be registered");
  await registrar.configure(yaml(ONE));
  await registrar.configure(yaml(ONE, TWO, THREE));
  await registrar.runUntil(() => holds(consul, ONE, TWO, THREE), "all to be registered");
  assert.deepEqual(await marks(consul), []);
});

Deno.test("what the log has been told of Consul it is not told again by each reload", async () => {
  await using consul = await startConsul();
  await using terms = await configureTerms();
  const yaml = consulYaml(consul.address, [ONE, TWO]);
  await registerByHand(consul, { ID: idOf(ONE), Name: "other", Address: "10.0.0.1", Port: 1 });
  const registrar = await startRegistrar(terms, yaml);
  const count = (words: string) => terms.lines.filter((line) => line.includes(words)).length;
  for (let reloads = 0; reloads < 3; reloads++) {
    await registrar.configure(yaml);
    await registrar.runUntil(
      () => count("member registered in Consul") === reloads + 1,
      "the other one to be registered",
    );
  }
  assert.equal(count("its ID in Consul belongs to another service"), 1);
});
