/** Whoever is asked tells how fast a drain goes, and whether those that take the groups check pushes. @module */

import assert from "node:assert/strict";
import { run } from "../../tools/command.ts";
import { startConsul } from "../../tools/consul.ts";
import { inPool } from "../../tools/pool.ts";
import { type PushgatewayOptions, startPushgateway } from "../../tools/pushgateway.ts";
import { waitFor } from "../../tools/wait.ts";
import { type Service, serviceCommand, startService } from "../integration/service.ts";
import { startRelay } from "../blackbox/relay.ts";
import { pushTo } from "./groups.ts";
import { askToDrain, configOf, type MemberJson, memberOf, waitForAll } from "./members.ts";

/** So many, and so long for each, that they are moved in some rounds of ten seconds, however fast the machine is. */
const [GROUPS, PUSH_MS] = [600, 100];
const UNCHECKED: PushgatewayOptions = { flags: ["--push.disable-consistency-check"] };
/** A Pushgateway deletes after it has answered, so that some may be counted twice. */
const SPARE = 0;
const STATES = ["moved", "left", "early", "staying"];
const DRAIN_MS_MAX = 120_000;

async function drainBy({ url }: Service, member: string) {
  const { command, args } = serviceCommand();
  return await run(command, [...args, "drain", "--url", url, member], { msMax: DRAIN_MS_MAX });
}

/** The groups of a drain by state, of one scrape; none that is not shown. */
async function drainGroups(service: Service, member: string): Promise<Record<string, number>> {
  const { text } = await service.get("/metrics");
  const line = /^dynamic_sharding_handoff_drain_groups\{member="(.*)",state="(.*)"\} (\d+)$/gm;
  const found = [...text.matchAll(line)].filter(([, of]) => of === member);
  return Object.fromEntries(found.map(([, , state, groups]) => [state, Number(groups)]));
}

/** What a drain of a member was found to be, while it went on. */
async function figuresOf(service: Service, member: string): Promise<MemberJson["drain"]> {
  return await waitFor(async () => {
    const { state, drain } = await memberOf(service, member);
    assert.equal(state, "draining");
    return drain?.rate && drain.seconds_left && drain.targets_check !== undefined && drain;
  }, { what: "its rate, the time left, and whether others check", msMax: DRAIN_MS_MAX });
}

Deno.test("two instances tell how fast a drain goes, and that others check pushes, whichever of them does it", async () => {
  await using consul = await startConsul();
  await using first = await startPushgateway(UNCHECKED);
  await using second = await startPushgateway();
  await using third = await startPushgateway();
  await using relays = new AsyncDisposableStack();
  const slow = [second, third].map(({ port }) => {
    const to = { hostname: "127.0.0.1", port };
    return relays.use(startRelay({ to, pushesTakeMs: PUSH_MS }));
  });
  const addresses = [first, ...slow].map(({ address }) => address);
  const options = { config: configOf(addresses, { consul }), flags: ["--web.enable-admin-api"] };
  await using one = await startService(options);
  await using other = await startService(options);
  const both = [one, other];
  for (const service of both) await waitForAll(service, addresses);
  const jobs = Array.from({ length: GROUPS }, (_, i) => `/metrics/job/job${i}`);
  await inPool(jobs, { size: 16, signal: new AbortController().signal }, async (path) => {
    assert.equal(await pushTo(first, path, { body: "m 1\n" }), 202);
  });

  const draining = both.map((service) => drainBy(service, first.address));
  for (const service of both) {
    await waitFor(async () => (await memberOf(service, first.address)).state === "draining", {
      what: "it to be drained",
    });
  }
  await Promise.all(both.map(async (service) => {
    const drain = await figuresOf(service, first.address);
    assert.equal(drain?.targets_check, true);
    assertAll(drain.groups);
    const states = await drainGroups(service, first.address);
    assert.deepEqual(Object.keys(states).sort(), STATES.toSorted());
    assertAll(Object.values(states).reduce((sum, groups) => sum + groups));
    assert(states.moved > 0, JSON.stringify(states));
  }));
  for (const { code, stdout, stderr } of await Promise.all(draining)) {
    assert.equal(code, 0, stderr);
    assertAll(Number(/is empty, (\d+) groups were moved/.exec(stdout)?.[1]));
    assert.match(stderr, /\d+ of \d+ groups moved, [\d.]+ a second, .* left\n/);
    assert.equal(stderr.match(/--push\.disable-consistency-check/g)?.length, 1, "it is said once");
    assert.doesNotMatch(stderr, /\r/);
  }
  const log = one.process.output() + other.process.output();
  assert.match(log, /drain in progress.* rate=\S+ seconds_left=\S+ targets_check=true/);

  for (const service of both) {
    const { moved, ...rest } = await drainGroups(service, first.address);
    assertAll(moved);
    assert.deepEqual(rest, { left: 0, early: 0, staying: 0 });
    await waitFor(async () => {
      const { drain } = await memberOf(service, first.address);
      return drain?.rate === undefined && drain?.seconds_left === undefined;
    }, { what: "no rate to be told of what is over" });
  }
  await askToDrain(one, first.address, { undo: true });
  for (const service of both) {
    await service.waitForMembers(addresses);
    await waitFor(async () => Object.keys(await drainGroups(service, first.address)).length === 0, {
      what: "the drain's series to be gone",
    });
  }
});

function assertAll(groups: number): void {
  assert(groups >= GROUPS && groups <= GROUPS + SPARE, `${GROUPS} groups, counted ${groups}`);
}

Deno.test("of a drain into Pushgateways that check no push it is told that they do not", async () => {
  await using first = await startPushgateway();
  await using second = await startPushgateway(UNCHECKED);
  const addresses = [first, second].map(({ address }) => address);
  await using service = await startService({
    config: configOf(addresses),
    flags: ["--web.enable-admin-api"],
  });
  await waitForAll(service, addresses);
  assert.equal(await pushTo(first, "/metrics/job/a", { body: "m 1\n" }), 200);
  const { code, stderr } = await drainBy(service, first.address);
  assert.equal(code, 0, stderr);
  assert.doesNotMatch(stderr, /consistency-check/);
  assert.equal((await memberOf(service, first.address)).drain?.targets_check, false);
});
