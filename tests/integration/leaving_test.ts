/** Members that leave are emptied first, however they were told to. @module */

import assert from "node:assert/strict";
import { sleep } from "../../src/concurrency/backoff.ts";
import { outputOf } from "../../tools/command.ts";
import { type ConsulAgent, startConsul } from "../../tools/consul.ts";
import { type Pushgateway, startPushgateway } from "../../tools/pushgateway.ts";
import { waitFor } from "../../tools/wait.ts";
import { consulHealth, deregister } from "./consul_health.ts";
import { type Service, serviceCommand, startService } from "./service.ts";

const paths = Array.from({ length: 30 }, (_, i) => `/metrics/job/job${i}`);

interface Fleet extends AsyncDisposable {
  readonly members: readonly Pushgateway[];
  readonly addresses: readonly string[];
}

async function startFleet(size = 3): Promise<Fleet> {
  await using stack = new AsyncDisposableStack();
  const members: Pushgateway[] = [];
  for (let i = 0; i < size; i++) members.push(stack.use(await startPushgateway()));
  const opened = stack.move();
  return {
    members,
    addresses: members.map(({ address }) => address),
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  };
}

function configOf({ addresses }: Fleet, consul?: ConsulAgent): string {
  return `mode: proxy\npushgateway: {servers: ${JSON.stringify(addresses)}}\n` +
    (consul ? `consul_server: {addr: "${consul.address}", check_interval: 1s}\n` : "");
}

async function pushOnce(service: Service): Promise<void> {
  for (const path of paths) {
    const { status, text } = await service.get(path, { method: "PUT", body: "once 1\n" });
    assert.equal(status, 200, text);
  }
}

async function jobs(members: readonly Pushgateway[]): Promise<string[]> {
  const held = await Promise.all(members.map((member) => member.groups()));
  return held.flat().map(({ job }) => job).sort();
}

/** Each instance looks every ten seconds whether a mark was deleted to put its member back. */
const MARKS_CHECKED_MS = 11_000;
const ALL_JOBS = paths.map((path) => path.slice("/metrics/job/".length)).sort();

async function assertDrained(member: Pushgateway, { members }: Fleet): Promise<void> {
  await waitFor(async () => (await member.groups()).length === 0, { what: "it to be empty" });
  const others = members.filter((other) => other !== member);
  assert.deepEqual(await jobs(others), ALL_JOBS, "every group lies on another member, once");
}

async function run(service: Service, ...args: string[]): Promise<string> {
  const { command, args: first } = serviceCommand();
  return await outputOf(command, [...first, ...args, "--url", service.url]);
}

Deno.test("dynamic-sharding plan says what drain then does, and --undo takes it back", async () => {
  await using fleet = await startFleet();
  await using service = await startService({
    config: configOf(fleet),
    flags: ["--web.enable-admin-api"],
  });
  await service.waitForMembers(fleet.addresses);
  await pushOnce(service);
  const [, second] = fleet.members;
  const held = (await second.groups()).length;
  assert(held > 0);

  const plan = await run(service, "plan", "--remove", second.address);
  assert.match(plan, new RegExp(`^${held} of 30 groups would move`));
  assert.equal((await second.groups()).length, held, "nothing was changed");

  const summary = await run(service, "drain", second.address);
  assert.match(summary, new RegExp(`^${second.address} is empty, ${held} groups were moved`));
  await assertDrained(second, fleet);
  const { data } = JSON.parse((await service.get("/api/v1/members")).text);
  const view = data.find(({ member }: { member: string }) => member === second.address);
  assert.deepEqual([view.state, view.in_ring, view.groups], ["departed", false, 0]);

  await run(service, "drain", "--undo", second.address);
  await service.waitForMembers(fleet.addresses);

  // It dies, and nothing is said of the drain before.
  await second.kill9();
  await service.waitForMembers(fleet.addresses.filter((address) => address !== second.address));
  const drain = `/api/v1/members/${second.address}/drain`;
  assert.equal((await service.get(drain, { method: "PUT" })).status, 202);
  const members = JSON.parse((await service.get("/api/v1/members")).text).data;
  const dead = members.find(({ member }: { member: string }) => member === second.address);
  assert.deepEqual([dead.state, dead.drain], ["departed", undefined]);
});

Deno.test("a drain needs the admin API, a member, and another one to go to", async () => {
  await using fleet = await startFleet(1);
  const [{ address }] = fleet.members;
  const target = `/api/v1/members/${address}/drain`;
  {
    await using service = await startService({ config: configOf(fleet) });
    assert.equal((await service.get(target, { method: "PUT" })).status, 403);
  }
  await using service = await startService({
    config: configOf(fleet),
    flags: ["--web.enable-admin-api"],
  });
  await service.waitForMembers(fleet.addresses);
  assert.equal((await service.get(target, { method: "PUT" })).status, 409);
  const unknown = "/api/v1/members/127.0.0.1:1/drain";
  assert.equal((await service.get(unknown, { method: "PUT" })).status, 404);
  assert.equal((await service.get("/api/v1/members/x/drain", { method: "PUT" })).status, 400);
});

Deno.test("a member that is deregistered from Consul by hand is emptied and stays out", async () => {
  await using consul = await startConsul();
  await using fleet = await startFleet();
  await using service = await startService({ config: configOf(fleet, consul) });
  await service.waitForMembers(fleet.addresses);
  // The ring is made of the file's servers at first: what Consul has never listed cannot leave it.
  await service.waitForActive(fleet.members.length);
  await pushOnce(service);
  const [first, ...others] = fleet.members;
  await deregister(consul, first.address.replace(":", "_"));
  await assertDrained(first, fleet);
  await service.waitForMembers(others.map(({ address }) => address));
  await service.waitForLog("it is empty and may be stopped");
});

Deno.test("a member that was drained stays out when Consul has lost all of its data", async () => {
  await using consul = await startConsul();
  await using fleet = await startFleet();
  const options = { config: configOf(fleet, consul), flags: ["--web.enable-admin-api"] };
  await using one = await startService(options);
  await using other = await startService(options);
  for (const { waitForMembers } of [one, other]) await waitForMembers(fleet.addresses);
  const [first, ...rest] = fleet.members;
  const others = rest.map(({ address }) => address);
  await run(one, "drain", first.address);
  for (const { waitForMembers } of [one, other]) await waitForMembers(others);

  await consul.kill9();
  for (const { waitForLog } of [one, other]) await waitForLog("look-up of members failed");
  await consul.start();
  await waitFor(async () => Object.keys(await consulHealth(consul)).length === 2, {
    what: "Consul to know the others again",
    msMax: 40_000,
  });
  const key = `/v1/kv/dynamic-sharding/pushgateway/withdrawn/${first.address}`;
  await waitFor(async () => {
    const answer = await fetch(`${consul.url}${key}`);
    await answer.body?.cancel();
    return answer.ok;
  }, { what: "its mark" });
  await sleep(MARKS_CHECKED_MS);
  for (const service of [one, other]) assert.deepEqual(await service.members(), [...others].sort());
  assert(!(`${first.address.replace(":", "_")}` in await consulHealth(consul)));
});

Deno.test("a member in Consul's maintenance mode is emptied, and is back when that ends", async () => {
  await using consul = await startConsul();
  await using fleet = await startFleet();
  await using service = await startService({ config: configOf(fleet, consul) });
  await service.waitForMembers(fleet.addresses);
  await service.waitForActive(fleet.members.length);
  await pushOnce(service);
  const [first, ...others] = fleet.members;
  const maintenance = async (enable: boolean) => {
    const id = first.address.replace(":", "_");
    const path = `/v1/agent/service/maintenance/${id}?enable=${enable}`;
    const response = await consul.api(path, { method: "PUT" });
    await response.body?.cancel();
    assert(response.ok);
  };
  await maintenance(true);
  await assertDrained(first, fleet);
  await service.waitForMembers(others.map(({ address }) => address));
  await maintenance(false);
  await service.waitForMembers(fleet.addresses);
});

Deno.test("of two instances one is told to drain a member, both take it out, and Consul forgets it", async () => {
  await using consul = await startConsul();
  await using fleet = await startFleet();
  await using one = await startService({
    config: configOf(fleet, consul),
    flags: ["--web.enable-admin-api"],
  });
  await using two = await startService({ config: configOf(fleet, consul) });
  const services = [one, two];
  for (const service of services) await service.waitForMembers(fleet.addresses);
  await pushOnce(two);
  const [first, ...others] = fleet.members;
  await run(one, "drain", first.address);
  await assertDrained(first, fleet);
  for (const service of services) {
    await service.waitForMembers(others.map(({ address }) => address));
  }
  const id = first.address.replace(":", "_");
  await waitFor(async () => !(id in await consulHealth(consul)), { what: "it to be deregistered" });
  // Its mark keeps it out, of an instance that starts anew too.
  await using three = await startService({ config: configOf(fleet, consul) });
  await three.waitForMembers(others.map(({ address }) => address));
  assert(!(id in await consulHealth(consul)));

  await run(one, "drain", "--undo", first.address);
  for (const service of services) await service.waitForMembers(fleet.addresses);
});

Deno.test("a member that does not answer is not said to be empty, and is emptied when it is back", async () => {
  await using fleet = await startFleet();
  await using service = await startService({
    config: configOf(fleet),
    flags: ["--web.enable-admin-api"],
  });
  await service.waitForMembers(fleet.addresses);
  const [first, ...others] = fleet.members;
  await first.kill9();
  await service.waitForMembers(others.map(({ address }) => address));
  await assert.rejects(run(service, "drain", first.address), /start it again to empty it/);
  await first.start();
  await service.waitForLog("it is empty and may be stopped");
  await run(service, "drain", "--undo", first.address);
  await service.waitForMembers(fleet.addresses);
  await assert.rejects(run(service, "drain", "--undo", first.address), /is not being drained/);
});
