/** The Go tool's job with its own YAML: a real Consul, three real Pushgateways, a kill. @module */

import assert from "node:assert/strict";
import { startConsul } from "../../tools/consul.ts";
import { freePortOn } from "../../tools/ports.ts";
import { startPushgateway } from "../../tools/pushgateway.ts";
import { waitFor } from "../../tools/wait.ts";
import { consulHealth } from "./consul_health.ts";
import { startService } from "./service.ts";

const HOSTS = ["127.0.0.1", "127.0.0.2", "127.0.0.3"];
const GROUPS = Array.from({ length: 60 }, (_, i) => `/metrics/job/batch${i}`);
/** Consul drops a critical service after a minute at the earliest, and looks every 30 s. */
const REAP_MS_MAX = 150_000;

/** The Go tool's file, with these addresses in it. */
function originalYaml(consul: string, port: number): string {
  return `consul_server:
  addr: ${consul}
  username:
  password:
  register_service_name: pushgateway
http_listen_addr: :9292
pushgateway:
  port: ${port}
  servers:
${HOSTS.map((host) => `    - ${host}`).join("\n")}
`;
}

Deno.test("with the Go tool's file, a killed Pushgateway's groups move, only those, and return", async (t) => {
  await using consul = await startConsul();
  const port = freePortOn(HOSTS);
  await using first = await startPushgateway({ hostname: HOSTS[0], port });
  await using second = await startPushgateway({ hostname: HOSTS[1], port });
  await using third = await startPushgateway({ hostname: HOSTS[2], port });
  const gateways = [first, second, third];
  const all = gateways.map(({ address }) => address);
  const rest = [first.address, third.address];
  await using service = await startService({ config: originalYaml(consul.address, port) });
  const owners = async () => {
    const found = await Promise.all(GROUPS.map((path) => service.ownerOf(path)));
    return new Map(GROUPS.map((path, i) => [path, found[i]]));
  };

  await t.step("every server is registered under the Go tool's ID, and passes", async () => {
    const ids = HOSTS.map((host) => `${host}_${port}`);
    await waitFor(async () => {
      const found = await consulHealth(consul);
      return ids.every((id) => found[id] === "passing") && Object.keys(found).length === ids.length;
    }, { what: "three passing services" });
    await service.waitForMembers(all);
    await service.waitForActive(HOSTS.length);
  });

  const before = await owners();
  await t.step("a push lands on the group's owner and nowhere else", async () => {
    for (const path of GROUPS) {
      assert.deepEqual(await service.push(path, "m 1\n"), {
        status: 200,
        member: before.get(path),
      });
    }
    for (const gateway of gateways) {
      const held = (await gateway.groups()).map(({ job }) => `/metrics/job/${job}`).sort();
      const owned = GROUPS.filter((path) => before.get(path) === gateway.address).sort();
      assert(owned.length > 0);
      assert.deepEqual(held, owned);
    }
  });

  await t.step("SIGKILL moves its groups and no others, within 3 s", async () => {
    await second.kill9();
    await service.waitForMembers(rest, 3_000);
    const after = await owners();
    for (const path of GROUPS) {
      const owner = before.get(path);
      if (owner === second.address) assert(rest.includes(after.get(path) ?? ""), path);
      else assert.equal(after.get(path), owner, path);
      assert.equal((await service.push(path, "m 2\n")).status, 200);
    }
  });

  await t.step("they return when it does", async () => {
    await second.start();
    await service.waitForMembers(all);
    assert.deepEqual(await owners(), before);
  });

  await t.step("they return also after Consul has dropped it", async () => {
    await second.kill9();
    await service.waitForMembers(rest, 3_000);
    await waitFor(async () => !(`${HOSTS[1]}_${port}` in await consulHealth(consul)), {
      what: "Consul to drop the dead service",
      msMax: REAP_MS_MAX,
      everyMs: 1_000,
    });
    await second.start();
    await service.waitForMembers(all);
    assert.deepEqual(await owners(), before);
    assert.equal((await consulHealth(consul))[`${HOSTS[1]}_${port}`], "passing");
  });
});
