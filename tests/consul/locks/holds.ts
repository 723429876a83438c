/** What tests of locks ask for, and how that ends. @module */

import assert from "node:assert/strict";
import { LockFailure, type Locks } from "../../../src/consul/locks/locks.ts";
import { type ConsulAgent, startConsul } from "../../../tools/consul.ts";
import { aborted, heldKeys, startLocks } from "../fixture.ts";

/** Nothing is ended from outside. */
export const never = new AbortController().signal;
/** Whoever holds it now will be done by then. */
export const PATIENT = { waitMs: 20_000, signal: never };

/** The same, for a lock that leaves a trace. */
export const TRACED = { ...PATIENT, leavesTrace: true };

/** Tells whether a hold failed in this way. */
export function isFailure(kind: LockFailure["kind"]) {
  return (error: unknown) => {
    assert(error instanceof LockFailure, String(error));
    assert.equal(error.kind, kind, error.message);
    return true;
  };
}

/** Two processes' locks on one Consul. */
export async function startPair(consul: ConsulAgent) {
  await using stack = new AsyncDisposableStack();
  const first = stack.use(await startLocks(consul));
  const second = stack.use(await startLocks(consul));
  const resources = stack.move();
  return { first, second, [Symbol.asyncDispose]: () => resources.disposeAsync() };
}

/** The session that holds a lock. */
export const sessionOf = async (consul: ConsulAgent, name: string) =>
  (await heldKeys(consul)).get(name);

/** Which of some locks are held by holdMany, and had by nobody else since then. */
export function untouched(locks: Locks, names: readonly string[], sinceMs = performance.now()) {
  const work = (names: ReadonlySet<string>) => Promise.resolve([...names].sort());
  return locks.holdMany(names, work, { sinceMs, signal: never });
}

/** Holds many locks until disposal. */
export async function startHoldingMany(locks: Locks, names: readonly string[]) {
  const [begun, end] = [Promise.withResolvers<AbortSignal>(), new AbortController()];
  const outcome = locks.holdMany(names, async (_, signal) => {
    begun.resolve(signal);
    await aborted(AbortSignal.any([signal, end.signal]));
    return "ended";
  }, { sinceMs: performance.now(), signal: never }).catch((error: unknown) => error);
  return {
    signal: await begun.promise,
    outcome,
    async [Symbol.asyncDispose]() {
      end.abort();
      await outcome;
    },
  };
}

/** Those of some names whose keys are there. */
export async function keysOf(consul: ConsulAgent, names: readonly string[]): Promise<string[]> {
  const keys = await heldKeys(consul);
  return names.filter((name) => keys.has(name));
}

/** Work that does nothing. */
export function nothing(): Promise<void> {
  return Promise.resolve();
}

/**
 * Declares what is tested by one Consul, one after the other: each leaves it as it was, or uses names of
 * its own.
 */
export function byOneConsul(title: string) {
  const cases: { name: string; run: (consul: ConsulAgent) => Promise<void> }[] = [];
  Deno.test(title, async (t) => {
    await using consul = await startConsul();
    for (const { name, run } of cases) await t.step(name, () => run(consul));
  });
  return (name: string, run: (consul: ConsulAgent) => Promise<void>) => {
    cases.push({ name, run });
  };
}
