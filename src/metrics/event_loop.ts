/** Measures how late the event loop is: while it runs one thing, everything else waits. @module */

import { Histogram, type Registry } from "prom-client";
import { sleep } from "../concurrency/backoff.ts";

/** Time between two measurements. */
const LOOK_MS = 500;
/** Seconds. */
const BUCKETS = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5];

/** Measures how late the event loop is, until the signal aborts. */
export type FollowEventLoop = (signal: AbortSignal) => Promise<void>;

/** Creates the metric. */
export function createEventLoopLag(name: string, registers: Registry[]): FollowEventLoop {
  const lag = new Histogram({
    name,
    help: "How late timers of the event loop fire, in seconds. Measured twice a second.",
    buckets: BUCKETS,
    registers,
  });
  return async (signal) => {
    while (!signal.aborted) {
      const dueMs = performance.now() + LOOK_MS;
      await sleep(LOOK_MS, signal);
      if (!signal.aborted) lag.observe(Math.max(0, performance.now() - dueMs) / 1_000);
    }
  };
}
