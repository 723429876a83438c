/** Locks while Consul is away, hangs, or forbids them. @module */

import assert from "node:assert/strict";
import { LockFailure, type Locks } from "../../src/consul/locks.ts";
import { openLog } from "../../src/log.ts";
import { type ConsulAgent, startConsul } from "../../tools/consul.ts";
import { waitFor } from "../../tools/wait.ts";
import { aborted, heldKeys, startLocks } from "./fixture.ts";

const never = new AbortController().signal;
const PATIENT = { waitMs: 20_000, signal: never };
const TTL_MS = 15_000;

function collectLog() {
  const lines: string[] = [];
  const log = openLog({ level: "info", format: "logfmt", write: (line) => lines.push(line) });
  return { log, count: (text: string) => lines.filter((line) => line.includes(text)).length };
}

/** Asks for a lock and tells how long it took to learn that there is none. */
async function refusedMs(locks: Locks): Promise<number> {
  const startMs = performance.now();
  await assert.rejects(locks.hold("a", () => assert.fail("no lock"), PATIENT), (error) => {
    assert(error instanceof LockFailure && error.kind === "unavailable", String(error));
    return true;
  });
  return performance.now() - startMs;
}

async function untilHad(locks: Locks): Promise<void> {
  await waitFor(() => locks.state === "yes", { what: "locks", msMax: 30_000 });
  assert.equal(await locks.hold("a", () => Promise.resolve(7), PATIENT), 7);
}

/** Leads until told to stop; the latest term, and how many there were. */
function startLeading(locks: Locks) {
  const stop = new AbortController();
  const seen: AbortSignal[] = [];
  const led = (async () => {
    for await (const term of locks.terms("leader", stop.signal)) {
      seen.push(term);
      await aborted(term);
    }
  })();
  return {
    seen,
    async [Symbol.asyncDispose]() {
      stop.abort();
      await led;
    },
  };
}

/** Stops it in its tracks, and waits until that has taken effect. */
async function freeze(consul: ConsulAgent): Promise<void> {
  consul.kill("SIGSTOP");
  await waitFor(async () => {
    try {
      await (await consul.api("/v1/status/leader", { signal: AbortSignal.timeout(200) })).text();
      return false;
    } catch {
      return true;
    }
  }, { what: "no answer" });
}

const OUTAGES: readonly {
  why: string;
  halt: (consul: ConsulAgent) => Promise<void>;
  resume: (consul: ConsulAgent) => Promise<void> | void;
  firstMsMax: number;
}[] = [
  { why: "is stopped", halt: (c) => c.stop(), resume: (c) => c.start(), firstMsMax: 500 },
  { why: "hangs", halt: freeze, resume: (c) => c.kill("SIGCONT"), firstMsMax: 2_500 },
];
for (const { why, halt, resume, firstMsMax } of OUTAGES) {
  Deno.test(`while Consul ${why} holds fail soon, a term ends within the TTL, and afterwards all is well`, async () => {
    const { log, count } = collectLog();
    await using consul = await startConsul();
    await using locks = await startLocks(consul, { log });
    await using leading = startLeading(locks);
    await waitFor(() => leading.seen.length === 1, { what: "a term" });
    const haltedMs = performance.now();
    await halt(consul);
    const tookMs = await refusedMs(locks);
    assert(tookMs < firstMsMax, `the first one took ${tookMs} ms`);
    assert(await refusedMs(locks) < 100, "by now it is known");
    assert.equal(locks.state, "unreachable");

    await aborted(leading.seen[0]);
    assert(performance.now() - haltedMs < TTL_MS + 500);
    assert(await refusedMs(locks) < 100);
    assert.equal(count("no locks can be had"), 1);
    await waitFor(() => count("locks in Consul are lost") === 1, { what: "the loss in the log" });

    await resume(consul);
    await untilHad(locks);
    await waitFor(() => leading.seen.length === 2, { what: "another term", msMax: 5_000 });
    assert.equal(count("can be had from Consul again"), 1);
    assert.equal(count("level=warn"), 2);
  });
}

Deno.test("a Consul that comes back within the TTL takes no lock away", async () => {
  await using consul = await startConsul();
  await using locks = await startLocks(consul);
  await using leading = startLeading(locks);
  await waitFor(() => leading.seen.length === 1, { what: "a term" });
  await consul.kill9();
  await refusedMs(locks);
  await consul.start();
  await untilHad(locks);
  assert.equal(leading.seen.length, 1);
  assert.equal(leading.seen[0].aborted, false);
});

Deno.test("a Consul that is away at the start is waited for, and a hold does not wait for it", async () => {
  const { log, count } = collectLog();
  await using consul = await startConsul();
  await consul.stop();
  await using locks = await startLocks(consul, { log, ready: false });
  await using leading = startLeading(locks);
  assert(await refusedMs(locks) < 500);
  await consul.start();
  await untilHad(locks);
  await waitFor(() => leading.seen.length === 1, { what: "a term" });
  assert.equal(count("no locks can be had"), 1);
});

Deno.test("a hold that is asked for before the first session is there waits for it", async () => {
  await using consul = await startConsul();
  await using locks = await startLocks(consul, { ready: false });
  assert.equal(await locks.hold("a", () => Promise.resolve(7), PATIENT), 7);
});

const SESSIONS = 'session_prefix "" { policy = "write" }';
const KEYS = 'key_prefix "dynamic-sharding/pushgateway/lock/" { policy = "write" }';

async function makeToken(
  consul: ConsulAgent,
  rules: string,
): Promise<{ id: string; token: string }> {
  const put = async (path: string, body: unknown) => {
    const response = await consul.api(path, { method: "PUT", body: JSON.stringify(body) });
    const text = await response.text();
    assert.equal(response.status, 200, text);
    return JSON.parse(text);
  };
  const policy = await put("/v1/acl/policy", { Name: crypto.randomUUID(), Rules: rules });
  const token = await put("/v1/acl/token", { Policies: [{ ID: policy.ID }] });
  return { id: policy.ID, token: token.SecretID };
}

for (
  const [missing, rules] of [["sessions", KEYS], ["keys", SESSIONS], [
    "anything",
    'node "x" { policy = "read" }',
  ]]
) {
  Deno.test(`a token without rights to ${missing} is forbidden locks, with one warning that names the rights`, async () => {
    const { log, count } = collectLog();
    await using consul = await startConsul({ acl: true });
    const { token } = await makeToken(consul, rules);
    await using locks = await startLocks(consul, { log, token, ready: false });
    await using leading = startLeading(locks);
    for (let i = 0; i < 3; i++) assert(await refusedMs(locks) < 500);
    assert.equal(locks.state, "forbidden");
    assert.equal(count("level=warn"), 1);
    assert.equal(count('session_prefix \\"\\" { policy = \\"write\\" } key_prefix'), 1);
    assert.equal(leading.seen.length, 0);
    const response = await consul.api("/v1/session/list");
    assert.deepEqual(await response.json(), [], "no session is left behind");
  });
}

Deno.test("rights to sessions and to the locks' prefix suffice, and their loss ends a lock", async () => {
  const { log, count } = collectLog();
  await using consul = await startConsul({ acl: true });
  const { id, token } = await makeToken(consul, `${SESSIONS} ${KEYS}`);
  await using locks = await startLocks(consul, { log, token });
  await using leading = startLeading(locks);
  await waitFor(() => leading.seen.length === 1, { what: "a term" });
  await locks.hold("a", () => Promise.resolve(), PATIENT);
  assert.deepEqual([...(await heldKeys(consul)).keys()], ["leader"]);
  assert.equal(count("level=warn"), 0);

  const response = await consul.api(`/v1/acl/policy/${id}`, { method: "DELETE" });
  await response.body?.cancel();
  await refusedMs(locks);
  await aborted(leading.seen[0]);
  assert.equal(locks.state, "forbidden");
});
