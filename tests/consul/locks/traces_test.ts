/** The traces of those who have had a lock, by a real Consul that works. @module */

import assert from "node:assert/strict";
import { openClient, PREFIX, startLocks } from "../fixture.ts";
import {
  byOneConsul,
  keysOf,
  never,
  nothing,
  sessionOf,
  startPair,
  TRACED,
  untouched,
} from "./holds.ts";

const test = byOneConsul("traces of locks");

test("a lock that another process has had is left out, and one that it has held with many is not", async (consul) => {
  await using pair = await startPair(consul);
  await pair.first.hold("traced", nothing, TRACED);
  assert.deepEqual(await untouched(pair.first, ["many"]), ["many"]);
  assert.deepEqual(await untouched(pair.second, ["traced", "many"]), ["many"]);
  assert.deepEqual(await keysOf(consul, ["traced", "many"]), ["traced"]);
});

test("a trace stays for others when somebody comes upon it", async (consul) => {
  await using pair = await startPair(consul);
  await using third = await startLocks(consul);
  const sinceMs = performance.now();
  await pair.first.hold("stays", nothing, TRACED);
  for (const locks of [pair.second, third, pair.second]) {
    assert.deepEqual(await untouched(locks, ["stays"], sinceMs), []);
  }
  assert.equal(await sessionOf(consul, "stays"), undefined);
  assert.deepEqual(await keysOf(consul, ["stays"]), ["stays"]);
});

test("whoever has come upon a trace can tell whether anybody else has had the lock since", async (consul) => {
  await using pair = await startPair(consul);
  await pair.first.hold("since", nothing, TRACED);
  assert.deepEqual(await untouched(pair.second, ["since"]), []);
  assert.deepEqual(await untouched(pair.second, ["since"]), ["since"]);
  await pair.first.hold("since", nothing, TRACED);
  assert.deepEqual(await untouched(pair.second, ["since"]), []);
});

test("a trace that a process has left itself is none to it, unless it asks about the time before", async (consul) => {
  await using pair = await startPair(consul);
  const beforeMs = performance.now();
  await pair.first.hold("own", nothing, TRACED);
  assert.deepEqual(await untouched(pair.first, ["own"], beforeMs), []);
  assert.deepEqual(await untouched(pair.first, ["own"]), ["own"]);
  await pair.second.hold("own", nothing, TRACED);
  assert.deepEqual(await untouched(pair.first, ["own"]), []);
});

test("traces that were found are deleted, but not those that somebody has had since", async (consul) => {
  await using locks = await startLocks(consul);
  const names = ["found-a", "found-b", "found-c"];
  for (const name of names) await locks.hold(name, nothing, TRACED);
  using client = openClient(consul);
  const found = await client.freeKeys(`${PREFIX}found-`, never);
  assert.equal(found.length, 3);
  await locks.hold("found-b", async () => {
    await locks.hold("found-c", nothing, TRACED);
    await client.deleteUnchanged(found, never);
    assert.deepEqual(await keysOf(consul, names), ["found-b", "found-c"]);
    assert.notEqual(await sessionOf(consul, "found-b"), undefined, "it is held");
  }, TRACED);
});

test("keys that are let go of together are told as they are left, and only those", async (consul) => {
  using client = openClient(consul);
  const options = { name: "by hand", ttlSeconds: 10, lockDelaySeconds: 1 };
  const session = await client.createSession(options, never);
  const names = ["left-a", "left-b", "left-c"];
  const keys = await client.acquireKeys(names.map((name) => `${PREFIX}${name}`), session, never);
  assert.deepEqual(keys.map(({ times }) => times), [1, 1, 1]);
  for (const stays of [[0, 2], [1]]) {
    const releases = keys.map((key, i) => ({ ...key, stays: stays.includes(i) }));
    const { held, left } = await client.releaseKeys(releases, session, never);
    assert.equal(held, stays.length === 2, "the second time nothing is held");
    assert.deepEqual(left.map(({ key }) => key), held ? [keys[0].key, keys[2].key] : []);
  }
  assert.deepEqual(await keysOf(consul, names), ["left-a", "left-c"]);
  await client.destroySession(session, never);
});
