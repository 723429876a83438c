/** Many members, and a Consul that knows none of them yet, or has not checked them. @module */

import assert from "node:assert/strict";
import { type ConsulAgent, startConsul } from "../../tools/consul.ts";
import { waitFor } from "../../tools/wait.ts";
import { registerWith } from "../seams/registrations.ts";
import { consulHealth } from "./consul_health.ts";
import { type Service, startService } from "./service.ts";
import { standIn } from "./stand_in.ts";

const SERVERS = 150;
const REGISTERED_MS_MAX = 120_000;
/** Of the agent's services: one for each pass that registers members, and some to spare. */
const READS_MAX = 10;
const INSTANCES = 40;
const CHECKED_MS_MAX = 60_000;

/** Passes requests on to an agent, and counts those for the list of its services. */
function countReads(consul: ConsulAgent) {
  let reads = 0;
  const options = { hostname: "127.0.0.1", port: 0, onListen() {} };
  const server = Deno.serve(options, async ({ url, method, body, signal }) => {
    const { pathname, search } = new URL(url);
    if (pathname === "/v1/agent/services") reads++;
    return await consul.api(pathname + search, { method, body, signal })
      .catch(() => new Response("the agent does not answer", { status: 502 }));
  });
  return {
    address: `127.0.0.1:${server.addr.port}`,
    get reads() {
      return reads;
    },
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}

/** How many members each ring had, by the log. */
function ringSizes(log: string): number[] {
  return [...log.matchAll(/ msg="ring published" members=(\d+)/g)].map(([, size]) => Number(size));
}

async function waitUntilAllPass(consul: ConsulAgent, count: number, msMax: number): Promise<void> {
  await waitFor(async () => {
    const states = Object.values(await consulHealth(consul));
    return states.length === count && states.every((state) => state === "passing");
  }, { what: `${count} passing instances in Consul`, msMax, everyMs: 500 });
}

async function waitUntilLookedUp(service: Service): Promise<void> {
  await waitFor(async () => await service.metric("dynamic_sharding_discovery_up") === 1, {
    what: "discovery to be up",
    msMax: REGISTERED_MS_MAX,
  });
}

Deno.test("while a fresh Consul gets to know the servers of the file, all of them make the ring", async (t) => {
  await using stack = new AsyncDisposableStack();
  const consul = stack.use(await startConsul());
  const agent = stack.use(countReads(consul));
  const members = Array.from({ length: SERVERS }, () => stack.use(standIn()));
  const servers = JSON.stringify(members.map(({ member }) => member));
  let log = "";
  const service = stack.use(
    await startService({
      config: `consul_server: {addr: "${agent.address}", check_interval: 60s}\n` +
        `pushgateway: {servers: ${servers}}\n`,
      onOutput: (text) => void (log += text),
    }),
  );
  await t.step("when it is asked for the first time", async () => {
    await waitUntilAllPass(consul, SERVERS, REGISTERED_MS_MAX);
    await service.waitForActive(SERVERS);
    assert.deepEqual(ringSizes(log), [SERVERS]);
    assert(agent.reads <= READS_MAX, `the agent's services were read ${agent.reads} times`);
  });

  await t.step("when it has lost its data", async () => {
    const before = agent.reads;
    await consul.stop();
    await service.waitForLog("look-up of members failed");
    await consul.emptyData();
    await consul.start();
    await waitUntilAllPass(consul, SERVERS, REGISTERED_MS_MAX);
    await waitUntilLookedUp(service);
    await service.waitForActive(SERVERS);
    assert.deepEqual(ringSizes(log), [SERVERS]);
    const reads = agent.reads - before;
    assert(reads <= READS_MAX, `the agent's services were read ${reads} times`);
  });
});

Deno.test("instances that Consul has not checked yet make the first ring if they answer our probes", async () => {
  await using stack = new AsyncDisposableStack();
  const consul = stack.use(await startConsul());
  const members = Array.from({ length: INSTANCES }, () => stack.use(standIn()));
  for (const { member } of members) {
    await registerWith(consul, member, { address: member, interval: "10s" });
  }
  let log = "";
  const service = stack.use(
    await startService({
      config: `consul_server: {addr: "${consul.address}"}\n`,
      onOutput: (text) => void (log += text),
    }),
  );
  await waitUntilAllPass(consul, INSTANCES, CHECKED_MS_MAX);
  await service.waitForActive(INSTANCES);
  assert.deepEqual(ringSizes(log), [INSTANCES]);
});
