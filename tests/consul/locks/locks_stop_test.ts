/** What becomes of locks when they stop, as they do when a service ends or speaks to another Consul. @module */

import assert from "node:assert/strict";
import { sleep } from "../../../src/concurrency/backoff.ts";
import { startConsul } from "../../../tools/consul.ts";
import { aborted, sessions, startLocks } from "../fixture.ts";
import { isFailure, PATIENT, sessionOf, startPair } from "./holds.ts";

Deno.test("when locks stop, work under them is let finish, and nobody begins anew", async () => {
  await using consul = await startConsul();
  await using locks = await startLocks(consul);
  const [holding, work] = [Promise.withResolvers<void>(), Promise.withResolvers<number>()];
  const held = locks.hold("a", async (signal) => {
    holding.resolve();
    const result = await work.promise;
    assert.equal(signal.aborted, false, "it may rely on its lock");
    return result;
  }, PATIENT);
  await holding.promise;
  const stopped = locks.stop();
  await assert.rejects(
    locks.hold("b", () => assert.fail("nobody may begin"), PATIENT),
    isFailure("unavailable"),
  );
  assert.notEqual(await sessionOf(consul, "a"), undefined);
  work.resolve(7);
  assert.equal(await held, 7);
  await stopped;
  assert.deepEqual(await sessions(consul), []);
});

Deno.test("when locks stop, work under them that does not finish is told to, and others get them then", async () => {
  await using consul = await startConsul();
  await using pair = await startPair(consul);
  const holding = Promise.withResolvers<void>();
  let firstWorks = false;
  const held = pair.first.hold("a", async (signal) => {
    firstWorks = true;
    holding.resolve();
    await aborted(signal);
    await sleep(300);
    firstWorks = false;
  }, PATIENT);
  const lost = assert.rejects(held, isFailure("lost"));
  await holding.promise;
  const waiting = pair.second.hold("a", () => Promise.resolve(firstWorks), PATIENT);
  await pair.first.stop();
  await lost;
  assert.equal(await waiting, false, "the first one still worked");
  assert.equal((await sessions(consul)).length, 1);
});
