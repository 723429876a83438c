/** Locks that fail in one way. @module */

import { LockFailure, type LockFailureKind, type Locks } from "../../../src/consul/locks/locks.ts";

/** How long after Consul went out of reach its former holders of locks may still delete. */
export const STOPPING_MS = 3_000;

/**
 * Locks that are had, or not, or lost after the work.
 *
 * @param since when their state began, by the clock of `performance.now()`
 */
export function locksThat(
  fail?: LockFailureKind,
  { state = fail === "unavailable" ? "unreachable" : "yes", since = -STOPPING_MS }: {
    state?: Locks["state"];
    since?: number;
  } = {},
): Locks {
  return {
    sessions: {
      current: () => undefined,
      watch: () => ({ [Symbol.dispose]() {} }),
      tried: AbortSignal.abort(),
      since,
    },
    async hold(name, work, { signal }) {
      if (fail === "lost") {
        await work(signal);
        throw new LockFailure("lost", name);
      }
      if (fail) throw new LockFailure(fail, name);
      return await work(signal);
    },
    async holdMany(names, work, { signal }) {
      if (fail === "lost") {
        await work(new Set(names), signal);
        throw new LockFailure("lost", names[0]);
      }
      if (fail === "busy") return await work(new Set(), signal);
      if (fail) throw new LockFailure(fail, names[0]);
      return await work(new Set(names), signal);
    },
    run: () => Promise.resolve(),
    state,
  };
}
