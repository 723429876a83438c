/** Locks while Consul is away, hangs, or forbids them. @module */

import assert from "node:assert/strict";
import { LockFailure, type Locks } from "../../../src/consul/locks/locks.ts";
import { openLog } from "../../../src/log.ts";
import { type ConsulAgent, startConsul } from "../../../tools/consul.ts";
import { waitFor } from "../../../tools/wait.ts";
import {
  aborted,
  heldKeys,
  makeToken,
  openClient,
  PREFIX,
  sessions,
  startLocks,
} from "../fixture.ts";

const never = new AbortController().signal;
const PATIENT = { waitMs: 20_000, signal: never };
const TTL_MS = 10_000;

const lines: string[] = [];
const allLog = openLog({ level: "info", format: "logfmt", write: (line) => lines.push(line) });

/** A log of its own: there is one for the process, and some tests run side by side. */
function collectLog() {
  const run = crypto.randomUUID();
  return {
    log: allLog.with({ run }),
    count: (text: string) => lines.filter((l) => l.includes(run) && l.includes(text)).length,
  };
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

/** Holds a lock until it is lost or told to end; how it ended is "ended", or why it failed. */
async function startHolding(locks: Locks) {
  const end = new AbortController();
  const had = Promise.withResolvers<AbortSignal>();
  const outcome = locks.hold("held", async (signal) => {
    had.resolve(signal);
    await aborted(AbortSignal.any([signal, end.signal]));
    return "ended";
  }, PATIENT).catch((error: unknown) => {
    had.reject(error);
    assert(error instanceof LockFailure, String(error));
    return error.kind;
  });
  return {
    signal: await had.promise,
    end() {
      end.abort();
      return outcome;
    },
    async [Symbol.asyncDispose]() {
      end.abort();
      await outcome;
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

interface Outage {
  readonly halt: (consul: ConsulAgent) => Promise<void>;
  readonly resume: (consul: ConsulAgent) => Promise<void> | void;
  readonly firstMsMax: number;
}
const STOP: Outage = { halt: (c) => c.stop(), resume: (c) => c.start(), firstMsMax: 1_000 };
const HANG: Outage = { halt: freeze, resume: (c) => c.kill("SIGCONT"), firstMsMax: 3_000 };

async function outage({ halt, resume, firstMsMax }: Outage): Promise<void> {
  const { log, count } = collectLog();
  await using consul = await startConsul();
  await using locks = await startLocks(consul, { log });
  await using holding = await startHolding(locks);
  const haltedMs = performance.now();
  await halt(consul);
  const tookMs = await refusedMs(locks);
  assert(tookMs < firstMsMax, `the first one took ${tookMs} ms`);
  assert(await refusedMs(locks) < 1_000, "by now it is known");
  assert.equal(locks.state, "unreachable");

  await aborted(holding.signal);
  assert(performance.now() - haltedMs < TTL_MS + 500);
  assert.equal(await holding.end(), "lost");
  assert(await refusedMs(locks) < 1_000);
  assert.equal(count("locks in Consul are not available"), 1);
  await waitFor(() => count("locks in Consul are lost") === 1, { what: "the loss in the log" });

  await resume(consul);
  await untilHad(locks);
  await using again = await startHolding(locks);
  assert.equal(await again.end(), "ended");
  assert.equal(count("locks in Consul are available again"), 1);
  assert.equal(count("level=warn"), 2);
}

async function vanishing(): Promise<void> {
  await using consul = await startConsul();
  await using locks = await startLocks(consul);
  using vanished = openClient(consul);
  const startMs = performance.now();
  const options = { name: "vanishes", ttlSeconds: 10, lockDelaySeconds: 1 };
  const session = await vanished.createSession(options, never);
  assert.equal(await vanished.acquireKey(`${PREFIX}a`, { session }, never), true);
  await locks.hold("a", () => Promise.resolve(), { waitMs: 35_000, signal: never });
  const tookMs = performance.now() - startMs;
  assert(tookMs > 10_000, `it was taken from its holder after ${tookMs} ms`);
}

Deno.test("a lock ends with its TTL", async (t) => {
  // Side by side, for each waits until a TTL has passed; the sanitizers cannot tell them apart.
  const step = (name: string, fn: () => Promise<void>) =>
    t.step({ name, fn, sanitizeOps: false, sanitizeResources: false, sanitizeExit: false });
  const then = "holds fail soon, a lock is lost within the TTL, and afterwards all is well";
  await Promise.all([
    step(`while Consul is stopped ${then}`, () => outage(STOP)),
    step(`while Consul hangs ${then}`, () => outage(HANG)),
    step("a lock whose holder vanished is free, not before its TTL has passed", vanishing),
  ]);
});

Deno.test("a Consul that comes back within the TTL takes no lock away", async () => {
  await using consul = await startConsul();
  await using locks = await startLocks(consul);
  await using holding = await startHolding(locks);
  await consul.kill9();
  await refusedMs(locks);
  await consul.start();
  await untilHad(locks);
  assert.equal(holding.signal.aborted, false);
  assert.equal(await holding.end(), "ended");
});

Deno.test("a Consul that hangs fails a burst of holds together, not one after the other", async () => {
  await using consul = await startConsul();
  await using locks = await startLocks(consul);
  await freeze(consul);
  const startMs = performance.now();
  const holds = Array.from(
    { length: 300 },
    (_, i) => locks.hold(`n${i}`, () => assert.fail("no lock"), PATIENT),
  );
  const outcomes = await Promise.allSettled(holds);
  assert(outcomes.every(({ status }) => status === "rejected"));
  const tookMs = performance.now() - startMs;
  assert(tookMs < 4_000, `it took ${tookMs} ms`);
  consul.kill("SIGCONT");
  await untilHad(locks);
});

Deno.test("a Consul that is away at the start is waited for, and a hold does not wait for it", async () => {
  const { log, count } = collectLog();
  await using consul = await startConsul();
  await consul.stop();
  await using locks = await startLocks(consul, { log, ready: false });
  assert(await refusedMs(locks) < 500);
  await consul.start();
  await untilHad(locks);
  assert.equal(count("locks in Consul are not available"), 1);
});

Deno.test("a hold that is asked for before the first session is there waits for it", async () => {
  await using consul = await startConsul();
  await using locks = await startLocks(consul, { ready: false });
  assert.equal(await locks.hold("a", () => Promise.resolve(7), PATIENT), 7);
});

const SESSIONS = 'session_prefix "" { policy = "write" }';
const KEYS = 'key_prefix "dynamic-sharding/pushgateway/lock/" { policy = "write" }';

/** The rights that are there, and the beginning of the rule that the log names, as it is quoted there. */
const LACKING = {
  sessions: { rules: KEYS, rule: "the rule session_prefix" },
  keys: { rules: SESSIONS, rule: 'the rule key_prefix \\"dynamic-sharding/\\"' },
  anything: { rules: 'node "x" { policy = "read" }', rule: "the rule session_prefix" },
};

Deno.test("a token without the rights is forbidden locks, with one warning that names them", async (t) => {
  await using consul = await startConsul({ acl: true });
  for (const [missing, { rules, rule }] of Object.entries(LACKING)) {
    await t.step(`without rights to ${missing}`, async () => {
      const { log, count } = collectLog();
      const { token } = await makeToken(consul, rules);
      await using locks = await startLocks(consul, { log, token, ready: false });
      for (let i = 0; i < 3; i++) assert(await refusedMs(locks) < 500);
      assert.equal(locks.state, "forbidden");
      assert.equal(count("level=warn"), 1);
      assert.equal(count(rule), 1);
      assert.deepEqual(await sessions(consul), [], "no session is left behind");
    });
  }

  await t.step(
    "a token that Consul does not know is an outage: others may have locks",
    async () => {
      const { log, count } = collectLog();
      const token = crypto.randomUUID();
      await using locks = await startLocks(consul, { log, token, ready: false });
      for (let i = 0; i < 3; i++) assert(await refusedMs(locks) < 500);
      assert.equal(locks.state, "unreachable");
      assert.equal(count("level=warn"), 1);
      assert.equal(count("Consul does not know the token"), 1);
      assert.equal(count(token), 0);
    },
  );

  await t.step(
    "the rights that it names suffice, and their loss is an outage",
    async () => {
      const { log, count } = collectLog();
      const { id, token } = await makeToken(consul, `${SESSIONS} ${KEYS}`);
      await using locks = await startLocks(consul, { log, token });
      await using holding = await startHolding(locks);
      await locks.hold("a", () => Promise.resolve(), PATIENT);
      assert.deepEqual([...(await heldKeys(consul)).keys()], ["held"]);
      assert.equal(count("level=warn"), 0);

      const response = await consul.api(`/v1/acl/policy/${id}`, { method: "DELETE" });
      await response.body?.cancel();
      await refusedMs(locks);
      await aborted(holding.signal);
      assert.equal(await holding.end(), "lost");
      assert.equal(locks.state, "unreachable", "others may have locks still");
    },
  );
});
