/** When names are looked up, and which members their records name. @module */

import assert from "node:assert/strict";
import { dnsDiscovery, memberOf, nextLookUpMs } from "../../src/discovery/dns.ts";
import type { Answer, DnsRecord } from "../../src/discovery/dns/message.ts";
import { startNsd } from "../../tools/nsd.ts";
import { createClockwork } from "../model/clockwork.ts";
import { follow } from "./following.ts";
import { lookUp } from "../../src/discovery/dns/look_up.ts";
import { resolverConfig } from "../../src/discovery/dns/resolv_conf.ts";

const permissions = "none";

const MEMBERS: readonly [record: DnsRecord, member: string][] = [
  [{ type: "A", address: "10.0.0.1" }, "10.0.0.1:9091"],
  [{ type: "AAAA", address: "2001:db8::1" }, "[2001:db8::1]:9091"],
  [{ type: "SRV", target: "pg-0.test", port: 9191 }, "pg-0.test:9191"],
  [{ type: "SRV", target: "PG-0.Test.", port: 9191 }, "pg-0.test:9191"],
];
for (const [record, member] of MEMBERS) {
  Deno.test(`${JSON.stringify(record)} names ${member}`, { permissions }, () => {
    assert.equal(memberOf(record, { port: 9091 }), member);
  });
}

for (
  const record of [
    { type: "SRV", target: ".", port: 9091 },
    { type: "SRV", target: "pg-0.test", port: 0 },
    { type: "SRV", target: "a b.test", port: 9091 },
  ] as const
) {
  Deno.test(`${JSON.stringify(record)} names no member`, { permissions }, () => {
    assert.throws(() => memberOf(record, {}), TypeError);
  });
}

for (
  const [ttlMs, refreshMs, waitMs, why] of [
    [5_000, 30_000, 5_000, "records are kept no longer than they may be"],
    [300_000, 30_000, 30_000, "nor than the operator wants"],
    [0, 30_000, 1_000, "nobody asks all the time"],
    [30_000, 1_000, 1_000, "not even where the operator wants it often"],
  ] as const
) {
  Deno.test(`a TTL of ${ttlMs} ms and a refresh of ${refreshMs} ms make ${waitMs} ms: ${why}`, {
    permissions,
  }, () => assert.equal(nextLookUpMs(ttlMs, refreshMs), waitMs));
}

/** Follows names in virtual time, with answers of our own. */
async function inVirtualTime(
  answers: Readonly<Record<string, () => { address: string; ttlSeconds: number } | Error>>,
  use: (story: {
    /** When each name was looked up, in seconds. */
    readonly looks: Readonly<Record<string, readonly number[]>>;
    readonly told: readonly string[];
    readonly pass: (seconds: number) => Promise<void>;
  }) => Promise<void>,
): Promise<void> {
  await using clock = createClockwork();
  const looks: Record<string, number[]> = {};
  const names = Object.keys(answers);
  await using following = follow(dnsDiscovery({
    config: { names, type: "A", port: 9091, refreshMs: 30_000 },
    lookUp(name): Promise<Answer> {
      (looks[name] ??= []).push(Math.round(clock.nowMs / 1_000));
      const answer = answers[name]();
      if (answer instanceof Error) return Promise.reject(answer);
      const { address, ttlSeconds } = answer;
      return Promise.resolve({ code: "NOERROR", records: [{ type: "A", address }], ttlSeconds });
    },
    random: () => 1,
    onRecords: (name, wrong) => assert.equal(wrong, undefined, name),
  }));
  await use({ looks, told: following.told, pass: (seconds) => clock.pass(seconds * 1_000) });
}

Deno.test("each name is looked up when its own records may be kept no longer", async () => {
  await inVirtualTime({
    often: () => ({ address: "10.0.0.1", ttlSeconds: 10 }),
    seldom: () => ({ address: "10.0.0.2", ttlSeconds: 3_600 }),
  }, async ({ looks, told, pass }) => {
    await pass(65);
    assert.deepEqual(looks, { often: [0, 10, 20, 30, 40, 50, 60], seldom: [0, 30, 60] });
    assert.deepEqual(told, ["10.0.0.1:9091 10.0.0.2:9091"]);
  });
});

Deno.test("a name that fails is tried again ever less often, and the others go on as ever", async () => {
  let [fails, changed] = [false, false];
  await inVirtualTime({
    failing: () => fails ? new Error("SERVFAIL") : { address: "10.0.0.1", ttlSeconds: 60 },
    other: () => ({ address: changed ? "10.0.0.3" : "10.0.0.2", ttlSeconds: 60 }),
  }, async ({ looks, told, pass }) => {
    await pass(15);
    [fails, changed] = [true, true];
    await pass(120);
    assert.deepEqual(looks, {
      failing: [0, 30, 31, 33, 37, 45, 61, 91, 121],
      other: [0, 30, 60, 90, 120],
    });
    fails = false;
    await pass(30);
    assert.deepEqual(told.filter((text, i) => text !== told[i - 1]), [
      "10.0.0.1:9091 10.0.0.2:9091",
      "10.0.0.1:9091 10.0.0.3:9091",
      "failed: SERVFAIL",
      "10.0.0.1:9091 10.0.0.3:9091",
    ]);
  });
});

Deno.test("records that name no members are told of, and the rest count", async () => {
  const records = [
    "_http._tcp.pg 0 IN SRV 0 0 9091 pg-0.test.",
    "_http._tcp.pg 0 IN SRV 0 0 0 pg-1.test.",
    "_http._tcp.bad 0 IN SRV 0 0 9091 .",
  ];
  await using nsd = await startNsd({ records });
  const bad: string[] = [];
  const names = ["_http._tcp.pg.test", "_http._tcp.bad.test"];
  const start = (names: string[]) =>
    follow(dnsDiscovery({
      config: { names, type: "SRV", refreshMs: 1_000 },
      lookUp: (name, signal) => lookUp({ name, type: "SRV" }, resolverConfig([nsd]), signal),
      random: Math.random,
      onRecords: (name, wrong) => bad.push(`${name}: ${wrong}`),
    }));
  {
    await using following = start(names.slice(0, 1));
    await following.tells(["pg-0.test:9091"]);
    assert.deepEqual(bad, [
      '_http._tcp.pg.test: expected a port from 1 to 65535, found "pg-1.test:0"',
    ]);
  }
  await using following = start(names);
  await following.fails(
    /^failed: look-up of SRV _http\._tcp\.bad\.test: expected members, found none$/,
  );
});
