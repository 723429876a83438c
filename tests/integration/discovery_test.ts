/** The service learns its members from DNS and from files, and says how that goes. @module */

import assert from "node:assert/strict";
import { startNsd } from "../../tools/nsd.ts";
import { freePortOn } from "../../tools/ports.ts";
import { type Pushgateway, startPushgateway } from "../../tools/pushgateway.ts";
import { waitFor } from "../../tools/wait.ts";
import { assertNothingLost, pushAll } from "../e2e/nothing_lost.ts";
import { type Service, startService } from "./service.ts";

const HOSTS = ["127.0.0.1", "127.0.0.2", "127.0.0.3"];
const UP = "dynamic_sharding_discovery_up";
const LOCKS = "without consul_server";

/** DNS that names Pushgateways, which share a port. */
async function startNamed(count: number) {
  await using stack = new AsyncDisposableStack();
  const hosts = HOSTS.slice(0, count);
  const port = freePortOn(hosts);
  const members: Pushgateway[] = [];
  for (const hostname of hosts) members.push(stack.use(await startPushgateway({ hostname, port })));
  const nsd = stack.use(await startNsd());
  const name = (named: readonly Pushgateway[]) =>
    nsd.setRecords(named.map(({ hostname }) => `pushgateway 1 IN A ${hostname}`));
  await name(members);
  const opened = stack.move();
  return {
    members,
    addresses: members.map(({ address }) => address),
    port,
    nsd,
    name,
    dnsSd: `dns_sd:\n  names: [pushgateway.test]\n  type: A\n  port: ${port}\n` +
      `  refresh_interval: 1s\n  nameservers: ["${nsd.address}"]\n`,
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  };
}

function countLines(service: Service, words: string): number {
  return service.process.output().split(words).length - 1;
}

Deno.test("members of SRV records have the records' names and ports", async () => {
  await using first = await startPushgateway();
  await using second = await startPushgateway();
  const records = [first, second].map(({ port }) =>
    `_http._tcp.pushgateway 1 IN SRV 0 0 ${port} LOCALHOST.`
  );
  await using nsd = await startNsd({ records });
  await using service = await startService({
    config: "mode: proxy\ndns_sd: {names: [_http._tcp.pushgateway.test], " +
      `nameservers: ["${nsd.address}"]}\n`,
  });
  await service.waitForMembers([first, second].map(({ port }) => `localhost:${port}`));
  assert.equal((await service.push("/metrics/job/a", "m 1\n")).status, 200);
});

Deno.test("while DNS fails the members stay, pushes go on, and metric, log and /-/ready say so", async () => {
  await using fleet = await startNamed(2);
  const { addresses, nsd, name, members, dnsSd } = fleet;
  await using service = await startService({ config: `mode: proxy\n${dnsSd}` });
  await service.waitForMembers(addresses);
  await service.waitUntilReady();
  assert.equal(await service.metric(UP), 1);

  await nsd.loseZone();
  await service.waitForLog("look-up of members failed: the last known members stay");
  assert.match(
    service.process.output(),
    /source=pushgateway\.test err=".*pushgateway\.test: .*SERVFAIL"/,
  );
  assert.equal(await service.metric(UP), 0);
  const ready = await service.get("/-/ready");
  assert.equal(ready.status, 200);
  assert.match(ready.text, /2 members, and the last look-up of members failed/);
  assert.deepEqual(await service.members(), addresses);
  const { status } = await service.push("/metrics/job/a", "m 1\n");
  assert.equal(status, 200);

  await name(members);
  await service.waitForLog("look-up of members works again");
  assert.equal(await service.metric(UP), 1);
  assert.equal(await service.metric("dynamic_sharding_ring_builds_total"), 1);
});

Deno.test("a service that starts before its DNS refuses pushes, and is ready when DNS is", async () => {
  await using fleet = await startNamed(2);
  const { addresses, nsd, name, members, dnsSd } = fleet;
  await nsd.loseZone();
  await using service = await startService({ config: `mode: proxy\n${dnsSd}` });
  await service.waitForLog("look-up of members failed");
  const ready = await service.get("/-/ready");
  assert.equal(ready.status, 503);
  assert.match(ready.text, /no member is known, and the first look-up of members failed/);
  assert.equal((await service.get("/sd")).status, 503);
  assert.equal((await service.get("/metrics/job/a", { method: "PUT", body: "m 1\n" })).status, 503);

  await name(members);
  await service.waitForMembers(addresses);
  await service.waitUntilReady();
});

Deno.test("a name that DNS has no more takes nobody out", async () => {
  await using fleet = await startNamed(2);
  const { addresses, nsd, dnsSd } = fleet;
  await using service = await startService({ config: `mode: proxy\n${dnsSd}` });
  await service.waitForMembers(addresses);
  await service.waitForActive(2);
  await nsd.setRecords([]);
  await service.waitForLog("NXDOMAIN for pushgateway.test");
  await service.waitUntilReady();
  assert.deepEqual(await service.members(), addresses);
  assert.equal(await service.metric('dynamic_sharding_members{state="active"}'), 2);
});

Deno.test("that there are no locks without Consul is logged once, and not where handoff is off", async () => {
  await using fleet = await startNamed(2);
  const { addresses, dnsSd } = fleet;
  const servers = `pushgateway: {servers: ${JSON.stringify(addresses)}}\n`;
  await using service = await startService({ config: servers, flags: ["--web.enable-lifecycle"] });
  await service.waitForMembers(addresses);
  assert.equal(countLines(service, LOCKS), 1);
  for (const config of [dnsSd, servers, `${servers}handoff: {enabled: false}\n`]) {
    await service.configure(config);
    assert.equal((await service.get("/-/reload", { method: "POST" })).status, 200);
    assert.equal(countLines(service, LOCKS), 1);
  }
});

Deno.test("reloads from servers to DNS, to a file and back lose nothing, and empty who is left out", async () => {
  await using fleet = await startNamed(3);
  const { members, addresses, port, name, dnsSd } = fleet;
  const [first, second, third] = members;
  // The first by another name than DNS has for it.
  const servers = (hosts: readonly string[]) =>
    `mode: auto\npushgateway: {port: ${port}, servers: [${hosts}]}\n`;
  const targets = JSON.stringify([{ targets: addresses }]);
  await using service = await startService({
    config: servers(["localhost", second.hostname, third.hostname]),
    flags: ["--web.enable-lifecycle"],
    files: { "targets.json": targets },
  });
  await service.waitForActive(3);
  await using load = await pushAll([service.url]);
  assert((await third.groups()).length > 0);

  const reload = async (config: string, expected: readonly Pushgateway[]) => {
    await service.configure(config);
    const { status, text } = await service.get("/-/reload", { method: "POST" });
    assert.equal(status, 200, text);
    await service.waitForMembers(expected.map(({ address }) => address));
    await service.waitForActive(expected.length);
  };
  await name([first, second]);
  await reload(`mode: auto\n${dnsSd}`, [first, second]);
  await waitFor(async () => (await third.groups()).length === 0, { what: "it to be emptied" });
  await reload("mode: auto\nfile_sd: {files: [targets.json]}\n", members);
  await waitFor(async () => (await third.groups()).length > 0, { what: "groups to move in" });
  await reload(servers([first.hostname, third.hostname]), [first, third]);
  await waitFor(async () => (await second.groups()).length === 0, { what: "it to be emptied" });
  await assertNothingLost(load, members);
});
