/** Many locks at once, by a real Consul that works. @module */

import assert from "node:assert/strict";
import { sleep } from "../../../src/concurrency/backoff.ts";
import { KEYS_AT_ONCE_MAX } from "../../../src/consul/client.ts";
import type { Locks } from "../../../src/consul/locks/locks.ts";
import { aborted, heldKeys, startLocks } from "../fixture.ts";
import {
  byOneConsul,
  isFailure,
  keysOf,
  never,
  PATIENT,
  startHoldingMany,
  startPair,
  untouched,
} from "./holds.ts";

const test = byOneConsul("many locks at once");

test("those that are free are held, and those that another process holds are left out", async (consul) => {
  await using pair = await startPair(consul);
  const names = ["out-a", "out-b", "out-c"];
  await using _held = await startHoldingMany(pair.first, ["out-b"]);
  assert.deepEqual(await untouched(pair.second, names), ["out-a", "out-c"]);
  await pair.first.hold("out-c", async () => {
    assert.deepEqual(await untouched(pair.second, names), ["out-a"]);
  }, PATIENT);
});

test("those that a task of the same process holds are left out, without a wait", async (consul) => {
  await using locks = await startLocks(consul);
  await locks.hold("task-a", async () => {
    assert.deepEqual(await untouched(locks, ["task-a", "task-b"]), ["task-b"]);
  }, PATIENT);
  await using _held = await startHoldingMany(locks, ["task-a"]);
  assert.deepEqual(await untouched(locks, ["task-a"]), []);
});

test("what is held keeps others from it", async (consul) => {
  await using pair = await startPair(consul);
  await using _held = await startHoldingMany(pair.first, ["kept"]);
  for (const locks of [pair.first, pair.second]) {
    const asked = locks.hold("kept", () => assert.fail("it is held"), { ...PATIENT, waitMs: 200 });
    await assert.rejects(asked, isFailure("busy"));
  }
});

test("two processes that hold one and many at once never hold the same at once, and nothing is left but traces", async (consul) => {
  await using pair = await startPair(consul);
  const names = Array.from({ length: 6 }, (_, i) => `both-${i}`);
  const holders = new Map<string, number>();
  let had = 0;
  const occupy = async (name: string) => {
    assert.equal(holders.get(name) ?? 0, 0, "somebody else holds it");
    holders.set(name, 1);
    had++;
    await sleep(Math.random() * 5);
    holders.set(name, 0);
  };
  const end = performance.now() + 3_000;
  const goesOn = () => performance.now() < end;
  const many = async (locks: Locks) => {
    while (goesOn()) {
      const sinceMs = performance.now();
      await locks.holdMany(names, async (names) => {
        await Promise.all([...names].map(occupy));
      }, { sinceMs, signal: never });
      await sleep(Math.random() * 20);
    }
  };
  const single = async (locks: Locks, name: string, leavesTrace: boolean) => {
    while (goesOn()) {
      await locks.hold(name, () => occupy(name), { ...PATIENT, leavesTrace });
      await sleep(Math.random() * 50);
    }
  };
  await Promise.all([pair.first, pair.second].flatMap((locks) => [
    many(locks),
    ...names.slice(0, 3).map((name) => single(locks, name, true)),
    single(locks, names[3], false),
  ]));
  assert(had > 50, `they were had ${had} times`);
  const left = await heldKeys(consul);
  for (const name of names) assert.equal(left.get(name), undefined, "nobody holds it");
  assert.deepEqual(await keysOf(consul, names.slice(4)), []);
});

test("many locks cost Consul two writes and no reads", async (consul) => {
  const calls: string[] = [];
  const counted = <Args extends unknown[], T>(name: string, send: (...args: Args) => T) =>
  (
    ...args: Args
  ) => (calls.push(name), send(...args));
  await using locks = await startLocks(consul, {
    wrap: (client) => ({
      ...client,
      acquireKey: counted("acquire one", client.acquireKey),
      acquireKeys: counted("acquire", client.acquireKeys),
      releaseKey: counted("release one", client.releaseKey),
      releaseKeys: counted("release", client.releaseKeys),
      leaveKey: counted("leave", client.leaveKey),
      keyHolder: counted("read", client.keyHolder),
    }),
  });
  calls.length = 0;
  const names = Array.from({ length: KEYS_AT_ONCE_MAX }, (_, i) => `cost-${i}`);
  assert.deepEqual(await untouched(locks, names), names.toSorted());
  assert.deepEqual(calls, ["acquire", "release"]);
  assert.deepEqual(await keysOf(consul, names), []);
});

test("what work with many returns or throws comes through, and the caller's abort reaches it", async (consul) => {
  await using locks = await startLocks(consul);
  const names = ["through-a", "through-b"];
  const options = { sinceMs: performance.now(), signal: never };
  assert.equal(await locks.holdMany(names, () => Promise.resolve(7), options), 7);
  const broken = new Error("broken");
  await assert.rejects(locks.holdMany(names, () => Promise.reject(broken), options), broken);
  const stop = new AbortController();
  const result = await locks.holdMany(names, async (_, signal) => {
    stop.abort();
    await aborted(signal);
    return "half";
  }, { ...options, signal: stop.signal });
  assert.equal(result, "half");
  await assert.rejects(
    locks.holdMany(names, () => assert.fail("it was aborted"), { ...options, signal: stop.signal }),
    stop.signal.reason,
  );
  assert.deepEqual(await keysOf(consul, names), []);
  assert.deepEqual(await untouched(locks, names), names);
});
