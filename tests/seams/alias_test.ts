/**
 * One Pushgateway under two names is one: it is said, one of the names is used, and nothing is deleted
 * from one name because the other one has it as well.
 *
 * @module
 */

import assert from "node:assert/strict";
import { run } from "../../tools/command.ts";
import { startConsul } from "../../tools/consul.ts";
import { waitFor } from "../../tools/wait.ts";
import { type Service, serviceCommand, startService } from "../integration/service.ts";
import { theOnlyCopy } from "./families.ts";
import { copiesOf, jobsOf } from "./groups.ts";
import { askToDrain, configOf, memberOf, startMembers, waitForAll } from "./members.ts";
import { registerWith } from "./registrations.ts";

/** The name in the file, beside the address in Consul; and another Pushgateway. */
async function startFleet() {
  await using stack = new AsyncDisposableStack();
  const consul = stack.use(await startConsul());
  const members = stack.use(await startMembers(2));
  const [one, other] = members.all;
  const name = `localhost:${one.port}`;
  await registerWith(consul, "by-hand", { address: one.address, interval: "1s" });
  const service = stack.use(
    await startService({
      config: configOf([name, other.address], { consul }),
      flags: ["--web.enable-admin-api"],
    }),
  );
  await service.waitUntilReady();
  const names = [one.address, name, other.address];
  for (const member of names) {
    const isInRing = async () => (await service.members()).includes(member);
    const isAlias = async () => (await memberOf(service, member)).state === "alias";
    await waitFor(async () => await isInRing() || await isAlias(), {
      what: `${member} to be in the ring, or to be found another one's name`,
    });
  }
  const jobs = jobsOf(name, names, { prefix: "job", count: 6 });
  const opened = stack.move();
  return {
    pushgateways: members.all,
    service,
    names,
    other,
    jobs: [...jobs, ...jobsOf(one.address, names, { prefix: "job", count: 6 })],
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  };
}

type Fleet = Awaited<ReturnType<typeof startFleet>>;

async function put(service: Service, jobs: readonly string[], value: number): Promise<void> {
  for (const job of jobs) {
    const body = `m ${value}\n`;
    const pushed = await service.get(`/metrics/job/${job}`, { method: "PUT", body });
    assert.equal(pushed.status, 200, pushed.text);
  }
}

/** Every group is there; for a moment after a change of the ring two members may hold it alike. */
async function assertHeld(
  { pushgateways, jobs }: Pick<Fleet, "pushgateways" | "jobs">,
  value: number,
): Promise<void> {
  const copies = await Promise.all(jobs.map((job) => copiesOf(pushgateways, job)));
  const found = copies.map((copies) => new Set(copies.map(({ values }) => values.m)));
  assert.deepEqual(found, jobs.map(() => new Set([String(value)])));
}

/** Has every member read. */
async function sweep(service: Service, { address }: { readonly address: string }): Promise<void> {
  const { status, text } = await service.get(`/api/v1/plan?remove=${address}`);
  assert.equal(status, 200, text);
}

Deno.test("no PUT of a group is destroyed whose Pushgateway has two names, and the operator is told", async () => {
  await using fleet = await startFleet();
  const { service, pushgateways, jobs, names: [used, name], other } = fleet;
  for (let value = 1; value <= 3; value++) {
    await put(service, jobs, value);
    await assertHeld(fleet, value);
    await sweep(service, other);
    await assertHeld(fleet, value);
  }
  await service.waitForLog("member is another name of a member");
  assert.equal(
    await service.metric(`dynamic_sharding_member_alias{member="${name}",same_as="${used}"}`),
    1,
  );
  await waitFor(
    async () => await service.metric("dynamic_sharding_handoff_duplicates") === 0,
    { what: "no copy to be counted twice", msMax: 70_000 },
  );
  for (const job of jobs) assert.deepEqual(await theOnlyCopy(pushgateways, job), { m: "3" });
});

Deno.test("a drain of one name of a Pushgateway deletes nothing", async () => {
  await using fleet = await startFleet();
  const { service, pushgateways, jobs, names: [used, name] } = fleet;
  await put(service, jobs, 1);
  const isLost = async () =>
    (await Promise.all(pushgateways.map(({ groups }) => groups()))).flat().length < jobs.length;
  const statuses: number[] = [];
  for (const member of [name, used]) {
    const { status } = await askToDrain(service, member);
    statuses.push(status);
    const hasLeft = async () => (await memberOf(service, member)).state === "departed";
    await waitFor(async () => status !== 202 || await hasLeft() || await isLost(), {
      what: `${member} to have left`,
    });
    await assertHeld(fleet, 1);
  }
  assert.deepEqual(statuses, [409, 202], "the name that is not used cannot be drained");
  await put(service, jobs, 2);
  await assertHeld(fleet, 2);
});

Deno.test("a reload that gives a Pushgateway another name loses nothing", async () => {
  await using members = await startMembers(2);
  const { all: pushgateways, addresses: [before, other] } = members;
  const after = `localhost:${pushgateways[0].port}`;
  await using service = await startService({
    config: configOf([before, other]),
    flags: ["--web.enable-lifecycle"],
  });
  await waitForAll(service, [before, other]);
  const jobs = Array.from({ length: 60 }, (_, i) => `job${i}`);
  await put(service, jobs, 1);

  await service.configure(configOf([after, other]));
  assert.equal((await service.get("/-/reload", { method: "POST" })).status, 200);
  await waitForAll(service, [after, other]);
  await waitFor(async () => {
    const state = await memberOf(service, before).then(({ state }) => state, () => "unknown");
    return state === "departed" || state === "unknown";
  }, { what: "the former name to have left" });
  await sweep(service, pushgateways[1]);
  await assertHeld({ pushgateways, jobs }, 1);
});

Deno.test("check-config finds two names of one address", async () => {
  const file = await Deno.makeTempFile({ suffix: ".yml" });
  await Deno.writeTextFile(file, configOf(["127.0.0.1:9091", "localhost:9091"]));
  const { command, args } = serviceCommand();
  const { code, stderr } = await run(command, [...args, "check-config", file]);
  await Deno.remove(file);
  assert.equal(code, 1);
  assert.match(stderr, /expected each server once, found localhost:9091, which is 127.0.0.1:9091/);
});
