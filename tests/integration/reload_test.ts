/** A changed file is applied without a restart; a bad one changes nothing. @module */

import assert from "node:assert/strict";
import { startConsul } from "../../tools/consul.ts";
import { freePortOn } from "../../tools/ports.ts";
import { startPushgateway } from "../../tools/pushgateway.ts";
import { waitFor } from "../../tools/wait.ts";
import { consulHealth } from "./consul_health.ts";
import { startService } from "./service.ts";

const HOSTS = ["127.0.0.1", "127.0.0.2"];

async function startTwo() {
  await using stack = new AsyncDisposableStack();
  const port = freePortOn(HOSTS);
  const first = stack.use(await startPushgateway({ hostname: HOSTS[0], port }));
  const second = stack.use(await startPushgateway({ hostname: HOSTS[1], port }));
  const resources = stack.move();
  const yaml = (hosts: readonly string[], consul?: string) =>
    (consul ? `consul_server: {addr: "${consul}"}\n` : "") +
    `pushgateway: {port: ${port}, servers: [${hosts}]}\n`;
  return { first, second, yaml, port, [Symbol.asyncDispose]: () => resources.disposeAsync() };
}

Deno.test("SIGHUP adds and removes members of a file without Consul", async () => {
  await using fleet = await startTwo();
  const { first, second, yaml } = fleet;
  await using service = await startService({ config: yaml([HOSTS[0]]) });
  await service.waitForMembers([first.address]);

  await service.configure(yaml(HOSTS));
  service.process.kill("SIGHUP");
  await service.waitForMembers([first.address, second.address]);

  await service.configure(yaml([HOSTS[1]]));
  service.process.kill("SIGHUP");
  await service.waitForMembers([second.address]);
  assert.equal((await service.push("/metrics/job/a", "m 1\n")).member, second.address);
});

Deno.test("a bad file changes nothing, and the answer, the log and a metric say so", async () => {
  await using fleet = await startTwo();
  const { first, second, yaml } = fleet;
  const flags = ["--web.enable-lifecycle"];
  await using service = await startService({ config: yaml(HOSTS), flags });
  const all = [first.address, second.address];
  await service.waitForMembers(all);
  const successful = "dynamic_sharding_config_last_reload_successful";
  assert.equal(await service.metric(successful), 1);

  await service.configure(`${yaml(HOSTS)}pushgatway: {}\n`);
  const refused = await service.get("/-/reload", { method: "POST" });
  assert.equal(refused.status, 500);
  assert.match(refused.text, /\.yml:2:1: unknown key "pushgatway", did you mean "pushgateway"\?/);
  await service.waitForLog("configuration not reloaded");
  assert.equal(await service.metric(successful), 0);
  assert.deepEqual(await service.members(), all);
  assert.equal((await service.push("/metrics/job/a", "m 1\n")).status, 200);

  await service.configure(yaml([HOSTS[0]]));
  const applied = await service.get("/-/reload", { method: "POST" });
  assert.equal(applied.status, 200, applied.text);
  await service.waitForMembers([first.address]);
  assert.equal(await service.metric(successful), 1);
});

Deno.test("the same file again publishes no new ring", async () => {
  await using fleet = await startTwo();
  const { first, second, yaml } = fleet;
  const flags = ["--web.enable-lifecycle"];
  await using service = await startService({ config: yaml(HOSTS), flags });
  await service.waitForMembers([first.address, second.address]);
  await service.waitUntilReady();
  const builds = await service.metric("dynamic_sharding_ring_builds_total");
  for (let i = 0; i < 20; i++) {
    const { status } = await service.get("/-/reload", { method: "POST" });
    assert.equal(status, 200);
    assert.equal((await service.get("/-/ready")).status, 200);
  }
  assert.equal(await service.metric("dynamic_sharding_ring_builds_total"), builds);
});

Deno.test("without the lifecycle API a reload over HTTP is refused", async () => {
  await using fleet = await startTwo();
  await using service = await startService({ config: fleet.yaml(HOSTS) });
  const { status, text } = await service.get("/-/reload", { method: "POST" });
  assert.deepEqual({ status, text }, { status: 403, text: "Lifecycle API is not enabled.\n" });
});

Deno.test("with Consul a server taken out of the file is deregistered, and put back registered", async () => {
  await using consul = await startConsul();
  await using fleet = await startTwo();
  const { first, second, yaml, port } = fleet;
  const ids = HOSTS.map((host) => `${host}_${port}`);
  const isRegistered = async (id: string) => id in await consulHealth(consul);
  await using service = await startService({ config: yaml(HOSTS, consul.address) });
  await service.waitForMembers([first.address, second.address]);
  await waitFor(() => isRegistered(ids[1]), { what: "the registration" });

  await service.configure(yaml([HOSTS[0]], consul.address));
  service.process.kill("SIGHUP");
  await waitFor(async () => !await isRegistered(ids[1]), { what: "the deregistration" });
  await service.waitForMembers([first.address]);

  await service.configure(yaml(HOSTS, consul.address));
  service.process.kill("SIGHUP");
  await waitFor(() => isRegistered(ids[1]), { what: "the registration" });
  await service.waitForMembers([first.address, second.address]);
});

Deno.test("a reload moves from the file to Consul and back, and pushes are never refused meanwhile", async () => {
  await using consul = await startConsul();
  await using fleet = await startTwo();
  const { first, second, yaml } = fleet;
  const all = [first.address, second.address];
  await using service = await startService({ config: yaml(HOSTS) });
  await service.waitForMembers(all);
  let stop = false;
  const pushing = (async () => {
    for (let i = 0; !stop; i++) {
      assert.equal((await service.push(`/metrics/job/a${i % 9}`, "m 1\n")).status, 200);
    }
  })();
  try {
    for (const config of [yaml(HOSTS, consul.address), yaml(HOSTS)]) {
      await service.configure(config);
      service.process.kill("SIGHUP");
      await service.waitForLog("configuration reloaded");
      await service.waitForMembers(all);
      await service.waitUntilReady();
    }
  } finally {
    stop = true;
    await pushing;
  }
});
