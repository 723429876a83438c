/**
 * Traces that this process has left itself, or has found and left there: of those it can tell whether
 * anybody else has had the lock since.
 *
 * @module
 */

import type { LockedKey } from "../client.ts";
import { TRACE_MS } from "./traces.ts";

/** What this process knows of traces. */
export interface OwnTraces {
  /**
   * Notes that this process leaves a key.
   *
   * @param heldMs a moment at which it held it still, by the clock of `performance.now()`
   */
  left(key: LockedKey, heldMs: number): void;
  /**
   * The moment since when nobody else has had a key that this process has just got.
   *
   * @returns `undefined` where it cannot be told
   */
  aloneSince(key: LockedKey): number | undefined;
}

interface Trace {
  readonly createdAt: number;
  readonly times: number;
  readonly heldMs: number;
}

/** A trace that nobody renews is deleted by then. */
const KNOWN_MS = 2 * TRACE_MS;

/** Creates a memory of no traces. */
export function createOwnTraces(): OwnTraces {
  /** The oldest first. */
  const traces = new Map<string, Trace>();
  return {
    left({ key, createdAt, times }, heldMs) {
      traces.delete(key); // to the end of the order
      traces.set(key, { createdAt, times, heldMs });
      for (const [oldest, trace] of traces) {
        if (heldMs - trace.heldMs < KNOWN_MS) break;
        traces.delete(oldest);
      }
    },
    aloneSince({ key, createdAt, times }) {
      const trace = traces.get(key);
      const isNext = trace?.createdAt === createdAt && trace.times + 1 === times;
      return isNext ? trace.heldMs : undefined;
    },
  };
}
