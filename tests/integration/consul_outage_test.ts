/**
 * A Consul that hangs, has no leader, is restarted, or goes back to an earlier state: pushes go on, each
 * fault is said once with what to do, and it is over by itself.
 *
 * @module
 */

import assert from "node:assert/strict";
import { type ConsulAgent, startConsul, startConsulServers } from "../../tools/consul.ts";
import { waitFor } from "../../tools/wait.ts";
import { type LoadedService, only, startLoaded } from "./consul_fault.ts";
import { copiesOf, jobsOf, pushTo } from "../seams/groups.ts";
import { consulHealth } from "./consul_health.ts";

/** What is told once when it fails, and once when it works again. */
const FUNCTIONS = [
  ["look-up of members failed", "look-up of members works again"],
  ["locks in Consul are not available", "locks in Consul are available again"],
  [
    "reading the marks of leaving members failed",
    "reading the marks of leaving members works again",
  ],
] as const;

/** Waits until every function of Consul has failed, for one of these reasons, and the state shows it. */
async function allFailed(loaded: LoadedService, url: string): Promise<void> {
  const { service } = loaded;
  for (const [fails] of FUNCTIONS) {
    const line = await loaded.waitForLine(fails);
    assert(line.startsWith("warn "), line);
    assert(line.includes(url), line);
    assert.match(line, /err=".*expected .*, found .*; /);
  }
  await waitFor(
    async () => await service.metric('dynamic_sharding_consul_locks{state="unreachable"}') === 1,
    {
      what: "the locks to be unreachable",
    },
  );
  assert.equal(await service.metric("dynamic_sharding_discovery_up"), 0);
  assert(await service.metric("dynamic_sharding_discovery_failures_total") ?? 0 > 0);
  const { status, text } = await service.get("/-/ready");
  assert.deepEqual(
    { status, text: text.trim() },
    { status: 200, text: "3 members, and the last look-up of members failed" },
  );
}

/** Waits until all of them work again, and looks at what was said of it. */
async function allWork(loaded: LoadedService): Promise<void> {
  for (const [fails, works] of FUNCTIONS) {
    const line = await loaded.waitForLine(works);
    assert.match(line, /^info .* failures=[1-9]\d* seconds=\d+$/);
    // Once for each reason: what Consul says changes while an outage begins and ends.
    const reasons = loaded.lines(fails).filter((line) => line.startsWith("warn "))
      .map((line) => line.replace(/\d+/g, "#"));
    assert.equal(new Set(reasons).size, reasons.length, reasons.join("\n"));
    assert(reasons.length <= 3, reasons.join("\n"));
  }
  const { service } = loaded;
  await waitFor(
    async () => await service.metric('dynamic_sharding_consul_locks{state="available"}') === 1,
    {
      what: "the locks to be available",
    },
  );
  assert.equal(await service.metric("dynamic_sharding_discovery_up"), 1);
  await service.waitForActive(3);
  const { text } = await service.get("/-/ready");
  assert.equal(text.trim(), "3 members");
}

interface Outage {
  readonly begin: (consul: ConsulAgent) => Promise<void> | void;
  readonly end: (consul: ConsulAgent) => Promise<void> | void;
  /** What the log says that was found, and what to do. */
  readonly found: RegExp;
}

const OUTAGES: Readonly<Record<string, Outage>> = {
  "is stopped": {
    begin: (consul) => consul.stop(),
    end: (consul) => consul.start(),
    found: /expected a Consul agent at http:\S+, found connect ECONNREFUSED .*; start the agent/,
  },
  "hangs": {
    begin: (consul) => consul.kill("SIGSTOP"),
    end: (consul) => consul.kill("SIGCONT"),
    found:
      /expected an answer of a Consul agent at http:\S+ within \d+ ms, found none; the agent or its servers hang/,
  },
};

for (const [what, { begin, end, found }] of Object.entries(OUTAGES)) {
  Deno.test(`a Consul that ${what} loses no push; each function says so once, and works again by itself`, async () => {
    await using consul = await startConsul();
    await using loaded = await startLoaded({ section: `addr: "${consul.address}"` });
    await loaded.waitForPushes(120);
    await begin(consul);
    await allFailed(loaded, consul.url);
    assert.match(loaded.lines("look-up of members failed: the last known members stay")[0], found);
    await loaded.waitForLine("locks in Consul are lost", consul.url);
    await loaded.waitForPushes(120);
    await end(consul);
    await allWork(loaded);
    await loaded.assertNothingLost();
  });
}

Deno.test("while Consul hangs groups that lie elsewhere are pushed to, nothing is deleted, and they come home afterwards", async () => {
  await using consul = await startConsul();
  await using loaded = await startLoaded({ section: `addr: "${consul.address}"` });
  const { service, members: { all: [owner, holder, other], addresses } } = loaded;
  const jobs = jobsOf(owner.address, addresses, { prefix: "elsewhere", count: 6 });
  for (const job of jobs) {
    assert.equal(await pushTo(holder, `/metrics/job/${job}`, { body: "first 1\n" }), 200);
  }
  const misplaced = () => service.metric("dynamic_sharding_handoff_misplaced_groups");
  await waitFor(async () => await misplaced() === jobs.length, {
    what: "the groups to be seen elsewhere",
    msMax: 30_000,
  });

  consul.kill("SIGSTOP");
  const startMs = performance.now();
  const push = async (job: string, body: string) => {
    const { status, text } = await service.get(`/metrics/job/${job}`, { method: "POST", body });
    assert.equal(status, 200, text);
  };
  await Promise.all(jobs.map((job) => push(job, "second 2\n")));
  console.log(
    `while Consul hangs: ${Math.round(performance.now() - startMs)} ms for the first pushes`,
  );
  await loaded.waitForLine("locks in Consul are lost");
  await Promise.all(jobs.map((job) => push(job, "third 3\n")));
  for (const job of jobs) {
    const copies = await copiesOf([owner, holder, other], job);
    const values = Object.assign({}, ...copies.map(({ values }) => values));
    assert.deepEqual(values, { first: "1", second: "2", third: "3" }, job);
  }
  assert.deepEqual(
    loaded.lines("taking a lock in Consul failed"),
    [],
    "it was told that there are none",
  );

  consul.kill("SIGCONT");
  await loaded.waitForLine("locks in Consul are available again");
  await Promise.all(jobs.map((job) => push(job, "fourth 4\n")));
  await waitFor(async () => await misplaced() === 0, { what: "all to be home", msMax: 60_000 });
  for (const job of jobs) {
    const copies = await waitFor(async () => {
      const copies = await copiesOf([owner, holder, other], job);
      return copies.length === 1 && copies;
    }, { what: "one copy", msMax: 60_000 });
    assert.equal(copies[0].address, owner.address);
    assert.deepEqual(copies[0].values, { first: "1", second: "2", third: "3", fourth: "4" });
  }
  await loaded.assertNothingLost();
});

Deno.test("servers without a leader are told as such; a server that comes back is enough", async () => {
  await using servers = await startConsulServers(3);
  const [own, ...others] = servers.all;
  await using loaded = await startLoaded({ section: `addr: "${own.address}"` });
  await loaded.waitForPushes(120);
  for (const server of others) await server.kill9();
  await allFailed(loaded, own.url);
  const majority = "a majority of Consul's servers has to run";
  await loaded.waitForLine("look-up of members failed", majority);
  await loaded.waitForLine("locks in Consul are not available", majority);
  await loaded.waitForPushes(120);
  await others[0].start();
  await allWork(loaded);
  await loaded.assertNothingLost();
});

Deno.test("a service whose agent is a client outlives a restart of the server", async () => {
  await using server = await startConsul();
  await using agent = await startConsul({ joins: server });
  await using loaded = await startLoaded({ section: `addr: "${agent.address}"` });
  await loaded.waitForPushes(120);
  await server.kill9();
  await allFailed(loaded, agent.url);
  await server.start();
  await allWork(loaded);
  await waitFor(
    async () => Object.values(await consulHealth(server)).join() === "passing,passing,passing",
    {
      what: "the members to pass",
      msMax: 60_000,
    },
  );
  assert.equal(loaded.lines("as removed").length, 0);
  assert.equal(loaded.lines("deregistered").length, 0);
  await loaded.assertNothingLost();
});

Deno.test("a Consul that is restored to an earlier state is no operator who takes members out", async () => {
  await using consul = await startConsul();
  const snapshot = await (await consul.api("/v1/snapshot")).bytes();
  await using loaded = await startLoaded({ section: `addr: "${consul.address}"` });
  await loaded.waitForPushes(120);
  const builds = await loaded.service.metric("dynamic_sharding_ring_builds_total");

  const restored = await consul.api("/v1/snapshot", { method: "PUT", body: snapshot });
  assert.equal(restored.status, 200, await restored.text());
  const line = await loaded.waitForLine("Consul has lost data");
  assert.match(line, /^warn /);
  assert(line.includes(consul.url), line);
  await waitFor(async () => Object.keys(await consulHealth(consul)).length === 3, {
    what: "the members to be registered again",
    msMax: 60_000,
  });
  await loaded.service.waitForActive(3);
  await waitFor(
    async () =>
      await loaded.service.metric('dynamic_sharding_consul_locks{state="available"}') === 1,
    { what: "the locks to be available", msMax: 30_000 },
  );
  assert.equal(loaded.lines("as removed").length, 0);
  assert.equal(loaded.lines("deregistered").length, 0);
  assert.equal(await loaded.service.metric("dynamic_sharding_ring_builds_total"), builds);
  assert.equal(only(loaded.lines("Consul has lost data")), line);
  await loaded.assertNothingLost();
});

Deno.test("members that the catalogue alone has lost, while the agent holds them, are registered again and stay", async () => {
  await using consul = await startConsul();
  await using loaded = await startLoaded({ section: `addr: "${consul.address}"` });
  await loaded.waitForPushes(120);
  const builds = await loaded.service.metric("dynamic_sharding_ring_builds_total");
  const [{ Node }] = await (await consul.api("/v1/catalog/nodes")).json();
  const ids = Object.keys(await consulHealth(consul));
  for (const ServiceID of ids.slice(1)) {
    const body = JSON.stringify({ Node, ServiceID });
    const response = await consul.api("/v1/catalog/deregister", { method: "PUT", body });
    assert.equal(response.status, 200, await response.text());
  }
  await loaded.waitForLine("Consul has lost data");
  await waitFor(async () => Object.keys(await consulHealth(consul)).length === 3, {
    what: "the members to be registered again",
    msMax: 30_000,
  });
  await loaded.service.waitForActive(3);
  assert.equal(loaded.lines("member is draining").length, 0);
  assert.equal(loaded.lines("deregistered").length, 0);
  assert.equal(await loaded.service.metric("dynamic_sharding_ring_builds_total"), builds);
  await loaded.assertNothingLost();
});
