/**
 * Traces that this process has left itself, or has found and left. For these it knows whether anybody
 * else has held the lock since.
 *
 * @module
 */

import type { LockedKey } from "../client.ts";
import { TRACE_MS } from "../trace_times.ts";

/** What this process knows of traces. */
export interface OwnTraces {
  /**
   * Notes that this process leaves a key.
   *
   * @param left.aloneMs since when nobody else has had it, by the clock of `performance.now()`
   * @param left.isOnlyOurs whether it is there for a note, or for a later turn of this process, and is no
   *   trace for others
   */
  left(
    key: LockedKey,
    left: { readonly aloneMs: number; readonly isOnlyOurs?: boolean },
  ): void;
  /**
   * The moment since when nobody else has had a key that this process has just got.
   *
   * @returns `undefined` where it cannot be told
   */
  aloneSince(key: LockedKey): number | undefined;
  /** Whether a key that this process has just got is no trace for others. */
  isOnlyOurs(key: LockedKey): boolean;
}

interface Trace {
  readonly createdAt: number;
  readonly times: number;
  readonly aloneMs: number;
  readonly isOnlyOurs: boolean;
  readonly leftMs: number;
}

/** A trace that nobody renews is deleted by then. */
const KNOWN_MS = 2 * TRACE_MS;

/** Creates an empty memory of traces. */
export function createOwnTraces(): OwnTraces {
  /** The oldest first. */
  const traces = new Map<string, Trace>();

  /** The trace that a key was, where nobody else has had it since it was left. */
  function known({ key, createdAt, times }: LockedKey): Trace | undefined {
    const trace = traces.get(key);
    const isNext = trace?.createdAt === createdAt && trace.times + 1 === times;
    return isNext ? trace : undefined;
  }

  return {
    left({ key, createdAt, times }, { aloneMs, isOnlyOurs = false }) {
      const leftMs = performance.now();
      traces.delete(key); // to the end of the order
      traces.set(key, { createdAt, times, aloneMs, isOnlyOurs, leftMs });
      for (const [oldest, trace] of traces) {
        if (leftMs - trace.leftMs < KNOWN_MS) break;
        traces.delete(oldest);
      }
    },
    aloneSince: (key) => known(key)?.aloneMs,
    isOnlyOurs: (key) => known(key)?.isOnlyOurs ?? false,
  };
}
