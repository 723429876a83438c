/**
 * Consul with access control: the documented policy suffices for all, each rule that is missing is named,
 * and a token that Consul does not know is an outage that ends with another token.
 *
 * @module
 */

import assert from "node:assert/strict";
import { policyRules, type RightKind } from "../../src/consul/policy.ts";
import { type ConsulAgent, startConsul } from "../../tools/consul.ts";
import { waitFor } from "../../tools/wait.ts";
import { askToDrain, memberOf } from "../seams/members.ts";
import { documentedRules, giveToken } from "./consul_acl.ts";
import { type LoadedService, only, startLoaded } from "./consul_fault.ts";
import { consulHealth } from "./consul_health.ts";

const RULES = policyRules("pushgateway");
const LOCKS = (state: string) => `dynamic_sharding_consul_locks{state="${state}"}`;

async function keysOf(consul: ConsulAgent, folder: string): Promise<string[]> {
  const response = await consul.api(`/v1/kv/dynamic-sharding/pushgateway/${folder}/?keys`);
  const text = await response.text();
  return response.ok ? JSON.parse(text) : [];
}

async function waitForLocks({ service }: LoadedService, state: string): Promise<void> {
  await waitFor(async () => await service.metric(LOCKS(state)) === 1, {
    what: `the locks to be ${state}`,
    msMax: 60_000,
  });
}

/** Has a member drained, and waits until it is empty. */
async function drain(loaded: LoadedService): Promise<string> {
  const { service, members } = loaded;
  const [{ address }] = members.all;
  const { status, text } = await askToDrain(service, address);
  assert.equal(status, 202, text);
  await waitUntilDrained(loaded);
  return address;
}

async function waitUntilDrained({ service, members }: LoadedService): Promise<void> {
  const [{ address }, ...others] = members.all;
  await waitFor(async () => (await memberOf(service, address)).drained, {
    what: "the member to be drained",
    msMax: 60_000,
  });
  assert.deepEqual(await members.all[0].groups(), []);
  await service.waitForMembers(others.map((member) => member.address));
}

Deno.test("the policy of the docs is the one whose rules the log names", async () => {
  assert.deepEqual((await documentedRules()).sort(), Object.values(RULES).sort());
});

Deno.test("with the documented policy and no other right all works that needs Consul", async (t) => {
  await using consul = await startConsul({ acl: true });
  const token = await giveToken(consul, await documentedRules());
  await using loaded = await startLoaded({
    section: `addr: "${consul.address}", token_file: token`,
    files: { token: `${token.secret}\n` },
  });
  const { service, members } = loaded;
  const id = (address: string) => address.replace(":", "_");

  await t.step("registration, and the checks of what is registered", async () => {
    await waitFor(
      async () => Object.values(await consulHealth(consul)).join() === "passing,passing,passing",
      {
        what: "all members to pass",
      },
    );
    assert.deepEqual(
      Object.keys(await consulHealth(consul)).sort(),
      members.addresses.map(id).sort(),
    );
  });
  await t.step("locks, and announcements of the ring", async () => {
    await waitForLocks(loaded, "available");
    await waitFor(async () => (await keysOf(consul, "ring")).length === 1, { what: "a ring" });
  });
  await t.step("maintenance, which an operator begins and ends", async () => {
    const [, { address }] = members.all;
    const maintain = async (enable: boolean) => {
      const path = `/v1/agent/service/maintenance/${id(address)}?enable=${enable}`;
      const response = await consul.api(path, { method: "PUT" });
      assert.equal(response.status, 200, await response.text());
    };
    await maintain(true);
    await waitFor(async () => (await memberOf(service, address)).drained, {
      what: "the member to be empty",
      msMax: 60_000,
    });
    await maintain(false);
    await service.waitForActive(3);
  });
  await t.step("a drain with its mark and its deregistration, and the way back", async () => {
    const address = await drain(loaded);
    assert.deepEqual(await keysOf(consul, "withdrawn"), [
      `dynamic-sharding/pushgateway/withdrawn/${address}`,
    ]);
    await waitFor(async () => !(id(address) in await consulHealth(consul)), {
      what: "the member to be deregistered",
    });
    assert.equal((await askToDrain(service, address, { undo: true })).status, 202);
    await waitFor(async () => (await consulHealth(consul))[id(address)] === "passing", {
      what: "the member to be registered again",
      msMax: 30_000,
    });
    await service.waitForActive(3);
    assert.deepEqual(await keysOf(consul, "withdrawn"), []);
  });
  assert.deepEqual(loaded.lines("policy = "), [], "no right is missing");
  await loaded.assertNothingLost();
});

interface Lack {
  /** The functions that are lost, by what the log says of them. */
  readonly lost: readonly string[];
  /** Whether the members are looked up. */
  readonly listed: boolean;
  /** What becomes of the locks. */
  readonly locks: "available" | "forbidden";
}

const LACKS: Readonly<Record<RightKind, Lack>> = {
  service: {
    lost: [
      "look-up of members failed: the members of the file are used",
      "registration in Consul failed",
    ],
    listed: false,
    locks: "available",
  },
  nodes: {
    lost: [
      "look-up of members failed: the members of the file are used",
      "registration in Consul failed",
    ],
    listed: false,
    locks: "available",
  },
  sessions: { lost: ["locks in Consul are not available"], listed: true, locks: "forbidden" },
  keys: {
    lost: [
      "reading the marks of leaving members failed",
      "locks in Consul are not available",
      "Consul token has no rights to marks",
    ],
    listed: true,
    locks: "forbidden",
  },
};

for (const [kind, { lost, listed, locks }] of Object.entries(LACKS)) {
  const rule = RULES[kind as RightKind];
  Deno.test(`without the rule ${rule} the log names it once for each function that is lost`, async () => {
    await using consul = await startConsul({ acl: true });
    const token = await giveToken(consul, Object.values(RULES).filter((other) => other !== rule));
    await using loaded = await startLoaded({
      section: `addr: "${consul.address}", token: ${token.secret}`,
      listed,
    });
    const { service } = loaded;
    for (const words of lost) await loaded.waitForLine(words, rule.replaceAll('"', '\\"'));
    await waitForLocks(loaded, locks);
    assert.equal(await service.metric("dynamic_sharding_discovery_up"), listed ? 1 : 0);
    await loaded.waitForPushes(300);
    for (const words of lost) only(loaded.lines(words));
    const told = loaded.lines("policy = ").filter((line) =>
      !lost.some((words) => line.includes(words))
    );
    assert.deepEqual(told, [], "nothing else is said to be lost");
    const registered = loaded.lines("member registered in Consul");
    assert.equal(registered.length, listed ? 3 : 0, registered.join("\n"));

    // What has waited for the right goes on once it is given.
    const [{ address }] = loaded.members.all;
    if (locks === "forbidden") {
      assert.equal((await askToDrain(service, address)).status, 202);
      await loaded.waitForLine("drain in progress", address, "moved=0");
    }
    await token.give(Object.values(RULES));
    await waitForLocks(loaded, "available");
    if (locks === "forbidden") await waitUntilDrained(loaded);
    else await service.waitForMembers(loaded.members.addresses, 60_000);
    assert.equal(loaded.lines(token.secret).length, 0);
    await loaded.assertNothingLost();
  });
}

const BAD: readonly [what: string, token: string, found: RegExp][] = [
  [
    "a token that Consul does not know",
    `, token: ${crypto.randomUUID()}`,
    /found 403 \(ACL not found\); Consul does not know the token of consul_server: it has expired/,
  ],
  [
    "no token at all",
    "",
    /found 403 \(Permission denied.*\); consul_server has no token: set token_file to one with the rule/,
  ],
];
for (const [what, token, found] of BAD) {
  Deno.test(`with ${what} the file's servers serve, and the log says what to do`, async () => {
    await using consul = await startConsul({ acl: true });
    await using loaded = await startLoaded({
      section: `addr: "${consul.address}"${token}`,
      listed: false,
    });
    const { service, members } = loaded;
    for (const words of ["look-up of members failed", "registration in Consul failed", "locks"]) {
      assert.match(await loaded.waitForLine("warn", words), found);
    }
    await loaded.waitForPushes(120);
    assert.equal((await service.get("/-/ready")).status, 200);
    assert.deepEqual(await consulHealth(consul), {});
    if (token !== "") {
      // Whether others can have locks is not known: nothing is emptied, and nobody is told to leave.
      await waitForLocks(loaded, "unreachable");
      const { status, text } = await askToDrain(service, members.addresses[0]);
      assert.equal(status, 502);
      assert.match(text, /the mark could not be set: .*ACL not found/);
    }
    await loaded.assertNothingLost();
  });
}

Deno.test("a token that expires is told, loses no push, and is replaced through its file", async () => {
  await using consul = await startConsul({ acl: true });
  const rules = await documentedRules();
  const token = await giveToken(consul, rules);
  await using loaded = await startLoaded({
    section: `addr: "${consul.address}", token_file: token`,
    files: { token: token.secret },
  });
  const { service } = loaded;
  await loaded.waitForPushes(120);
  const builds = await service.metric("dynamic_sharding_ring_builds_total");
  await token.delete();
  const file = service.configFile.replace(/[^/]+$/, "token");
  const unknown = `Consul does not know the token in ${file}`;
  const told = [
    "look-up of members failed",
    "locks in Consul are not available",
    "reading the marks of leaving members failed",
  ];
  for (const words of told) await loaded.waitForLine(words, unknown);
  await waitForLocks(loaded, "unreachable");
  await loaded.waitForLine("locks in Consul are lost");
  await loaded.waitForPushes(120);
  for (const words of told) only(loaded.lines(words));

  await Deno.writeTextFile(file, "");
  await loaded.waitForLine(`token_file: expected a token, found nothing, at ${file}`);
  await Deno.writeTextFile(file, (await giveToken(consul, rules)).secret);
  const over = [
    "look-up of members works again",
    "locks in Consul are available",
    "reading the marks of leaving members works",
  ];
  for (const words of over) await loaded.waitForLine("info", words, "failures=");
  await waitForLocks(loaded, "available");
  assert.equal(await service.metric("dynamic_sharding_ring_builds_total"), builds);
  await drain(loaded);
  assert.equal(loaded.lines(token.secret).length, 0);
  await loaded.assertNothingLost();
});

for (const kind of ["service", "nodes"] as const) {
  const rule = RULES[kind];
  Deno.test(`where the rule ${rule} is taken back, no member counts as taken out`, async () => {
    await using consul = await startConsul({ acl: true });
    const token = await giveToken(consul, Object.values(RULES));
    await using loaded = await startLoaded({
      section: `addr: "${consul.address}", token: ${token.secret}`,
    });
    const { service } = loaded;
    await loaded.waitForPushes(120);
    const builds = await service.metric("dynamic_sharding_ring_builds_total");
    await token.give(Object.values(RULES).filter((other) => other !== rule));
    await loaded.waitForLine(
      "look-up of members failed: the last known members stay",
      rule.replaceAll('"', '\\"'),
    );
    await loaded.waitForPushes(120);
    assert.equal((await service.get("/-/ready")).status, 200);
    await token.give(Object.values(RULES));
    await loaded.waitForLine("look-up of members works again");
    await service.waitForActive(3);
    assert.equal(await service.metric("dynamic_sharding_ring_builds_total"), builds);
    assert.deepEqual(loaded.lines("deregistered while alive"), []);
    assert.deepEqual(loaded.lines("removed from discovery"), []);
    assert.deepEqual(await keysOf(consul, "withdrawn"), []);
    await loaded.assertNothingLost();
  });
}
