/** What tests of locks ask for, and how that ends. @module */

import assert from "node:assert/strict";
import { LockFailure } from "../../../src/consul/locks/locks.ts";
import type { ConsulAgent } from "../../../tools/consul.ts";
import { heldKeys, startLocks } from "../fixture.ts";

/** Nothing is ended from outside. */
export const never = new AbortController().signal;
/** Whoever holds it now will be done by then. */
export const PATIENT = { waitMs: 20_000, signal: never };

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
