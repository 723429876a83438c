/** Locks among processes, by a real Consul that works. @module */

import assert from "node:assert/strict";
import { sleep } from "../../../src/concurrency/backoff.ts";
import { waitFor } from "../../../tools/wait.ts";
import { aborted, heldKeys, openClient, PREFIX, startLocks, tell } from "../fixture.ts";
import { byOneConsul, isFailure, never, PATIENT, sessionOf, startPair } from "./holds.ts";

const test = byOneConsul("locks among processes");

test("two processes with several tasks each never hold a lock at once, and every task gets it", async (consul) => {
  await using pair = await startPair(consul);
  let holders = 0;
  let count = 0;
  const increment = async () => {
    assert.equal(++holders, 1, "somebody else holds the lock");
    const read = count;
    await sleep(Math.random() * 20);
    count = read + 1;
    holders--;
  };
  const tasks = [pair.first, pair.second].flatMap((locks) =>
    Array.from({ length: 8 }, () => locks.hold("counter", increment, PATIENT))
  );
  await Promise.all(tasks);
  assert.equal(count, 16);
  assert.deepEqual(await heldKeys(consul), new Map(), "nothing is left in the KV store");
});

test("locks of different names are held at once", async (consul) => {
  await using pair = await startPair(consul);
  const result = await pair.first.hold(
    "a",
    () =>
      pair.first.hold("b", () => pair.second.hold("c", () => Promise.resolve(7), PATIENT), PATIENT),
    PATIENT,
  );
  assert.equal(result, 7);
});

test("a hold that nobody contends for costs Consul two writes and no reads", async (consul) => {
  const calls: string[] = [];
  await using locks = await startLocks(consul, {
    wrap: (client) => ({
      ...client,
      acquireKey: (...args) => (calls.push("acquire"), client.acquireKey(...args)),
      releaseKey: (...args) => (calls.push("release"), client.releaseKey(...args)),
      keyHolder: (...args) => (calls.push("read"), client.keyHolder(...args)),
    }),
  });
  calls.length = 0;
  await locks.hold("a", () => Promise.resolve(), PATIENT);
  assert.deepEqual(calls, ["acquire", "release"]);
});

test("a lock that another holds for too long is busy, in this process and in others", async (consul) => {
  await using pair = await startPair(consul);
  const work = new AbortController();
  const holding = Promise.withResolvers<void>();
  const held = pair.first.hold("a", async () => {
    holding.resolve();
    await aborted(work.signal);
  }, PATIENT);
  await holding.promise;
  for (const waitMs of [0, 400]) {
    for (const locks of [pair.first, pair.second]) {
      const startMs = performance.now();
      const asked = locks.hold("a", () => assert.fail("it is held"), { waitMs, signal: never });
      await assert.rejects(asked, isFailure("busy"));
      assert(performance.now() - startMs < waitMs + 1_000);
    }
  }
  work.abort();
  await held;
  await pair.second.hold("a", () => Promise.resolve(), { waitMs: 0, signal: never });
});

test("a waiter learns at once that a lock is free, and an abort ends its wait with the reason", async (consul) => {
  await using pair = await startPair(consul);
  const work = new AbortController();
  const stop = new AbortController();
  const holding = Promise.withResolvers<void>();
  const held = pair.first.hold("a", async () => {
    holding.resolve();
    await aborted(work.signal);
  }, PATIENT);
  await holding.promise;
  const stopped = pair.second.hold("a", () => assert.fail("it is held"), {
    waitMs: 20_000,
    signal: stop.signal,
  });
  const reason = new Error("enough");
  setTimeout(() => stop.abort(reason), 300);
  await assert.rejects(stopped, reason);

  const waiting = pair.second.hold("a", () => Promise.resolve(performance.now()), PATIENT);
  await sleep(700);
  const freedMs = performance.now();
  work.abort();
  await held;
  const tookMs = await waiting - freedMs;
  assert(tookMs < 1_000, `it took ${tookMs} ms`);
});

test("what work returns or throws comes through, and the caller's abort reaches it", async (consul) => {
  await using locks = await startLocks(consul);
  assert.equal(await locks.hold("a", () => Promise.resolve(7), PATIENT), 7);
  const broken = new Error("broken");
  await assert.rejects(locks.hold("a", () => Promise.reject(broken), PATIENT), broken);
  const stop = new AbortController();
  const result = await locks.hold("a", async (signal) => {
    stop.abort();
    await aborted(signal);
    return "half";
  }, { waitMs: 0, signal: stop.signal });
  assert.equal(result, "half");
  assert.deepEqual(await heldKeys(consul), new Map());
});

test("a session that is destroyed by others aborts the work under it, and another gets the lock", async (consul) => {
  await using pair = await startPair(consul);
  const holding = Promise.withResolvers<void>();
  let firstWorks = false;
  const held = pair.first.hold("a", async (signal) => {
    firstWorks = true;
    holding.resolve();
    await aborted(signal);
    firstWorks = false;
  }, PATIENT);
  const lost = assert.rejects(held, isFailure("lost"));
  await holding.promise;
  const waiting = pair.second.hold("a", () => Promise.resolve(firstWorks), PATIENT);
  const startMs = performance.now();
  await tell(consul, "PUT", `/v1/session/destroy/${await sessionOf(consul, "a")}`);
  await lost;
  const noticedMs = performance.now() - startMs;
  assert(noticedMs < 1_000, `noticed after ${noticedMs} ms, beyond the lock delay`);
  assert.equal(await waiting, false, "the first one still worked");

  await waitFor(() => pair.first.state === "yes", { what: "a new session" });
  await pair.first.hold("a", () => Promise.resolve(), PATIENT);
});

test("a release never takes a lock from another holder", async (consul) => {
  using client = openClient(consul);
  const options = { name: "by hand", ttlSeconds: 10, lockDelaySeconds: 1 };
  const [mine, others] = [
    await client.createSession(options, never),
    await client.createSession(options, never),
  ];
  assert.equal(await client.acquireKey("k", { session: others }, never), true);
  assert.equal(await client.acquireKey("k", { session: mine }, never), false);
  assert.equal(await client.releaseKey("k", mine, never), false);
  assert.equal((await client.keyHolder("k", { waitSeconds: 0 }, never)).session, others);
  assert.equal(await client.releaseKey("k", others, never), true);
  assert.equal((await client.keyHolder("k", { waitSeconds: 0 }, never)).session, undefined);
  assert.equal(await client.releaseKey("k", others, never), false);
});

test("an acquire that was done but not answered is taken back, also where it is done late", async (consul) => {
  let late: Promise<boolean> | undefined;
  await using locks = await startLocks(consul, {
    wrap: (client) => ({
      ...client,
      async acquireKey(key, session, signal) {
        if (!key.endsWith("/a")) return await client.acquireKey(key, session, signal);
        late ??= sleep(1_000).then(() => client.acquireKey(key, session, never));
        throw new Error("request timed out");
      },
    }),
  });
  await assert.rejects(
    locks.hold("a", () => assert.fail("no answer"), PATIENT),
    isFailure("unavailable"),
  );
  await waitFor(() => late, { what: "the request" });
  assert.equal(await late, true);
  assert.equal((await heldKeys(consul)).size, 1);
  await waitFor(async () => (await heldKeys(consul)).size === 0, { what: "the release" });
  assert.equal(locks.state, "yes");
});

test("a lock whose key an operator deletes is lost, which its hold says at its end", async (consul) => {
  await using locks = await startLocks(consul);
  const held = locks.hold("a", () => tell(consul, "DELETE", `/v1/kv/${PREFIX}a`), PATIENT);
  await assert.rejects(held, isFailure("lost"));
});

test("hundreds of holds at once by two processes all come to pass, and nothing is left", async (consul) => {
  await using pair = await startPair(consul);
  const work = () => sleep(5);
  const options = { waitMs: 60_000, signal: never };
  const names = Array.from({ length: 300 }, (_, i) => `n${i}`);
  await Promise.all([pair.first, pair.second].flatMap((locks) => [
    ...names.map((name) => locks.hold(name, work, options)),
    ...Array.from({ length: 75 }, () => locks.hold("same", work, options)),
  ]));
  assert.deepEqual(await heldKeys(consul), new Map());
});

test("however many wait for others' locks, a lock that is free is had and given back at once", async (consul) => {
  await using pair = await startPair(consul);
  const end = new AbortController();
  const names = Array.from({ length: 150 }, (_, i) => `n${i}`);
  const holding = names.map((name) => pair.first.hold(name, () => aborted(end.signal), PATIENT));
  await waitFor(async () => (await heldKeys(consul)).size === names.length, { what: "all locks" });
  const waiting = names.map((name) => pair.second.hold(name, () => Promise.resolve(), PATIENT));
  await sleep(1_000);
  const tookMs: number[] = [];
  for (let i = 0; i < 5; i++) {
    const startMs = performance.now();
    await pair.second.hold("free", () => Promise.resolve(), PATIENT);
    tookMs.push(performance.now() - startMs);
  }
  assert(Math.max(...tookMs) < 1_000, `it took ${tookMs} ms`);
  end.abort();
  await Promise.all([...holding, ...waiting]);
  assert.deepEqual(await heldKeys(consul), new Map());
});
