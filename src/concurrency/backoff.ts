/** Delays before the next try, and a sleep that a signal ends. @module */

/** Bounds of a growing delay. */
export interface BackoffLimits {
  readonly firstMs: number;
  readonly maxMs: number;
}

/**
 * Returns the delay before the next try, in ms. It doubles with each failure, and is drawn between half and
 * all of that, so that many instances which lost the same Consul do not return to it in step.
 *
 * @param failures how many tries have failed in a row, from 1
 * @param random draws from 0 to 1
 *
 * @example
 * ```ts
 * import { backoffMs } from "./backoff.ts";
 * import assert from "node:assert/strict";
 *
 * const limits = { firstMs: 100, maxMs: 1_000 };
 * assert.equal(backoffMs(1, limits, () => 1), 100);
 * assert.equal(backoffMs(3, limits, () => 0), 200);
 * assert.equal(backoffMs(99, limits, () => 1), 1_000);
 * ```
 */
export function backoffMs(failures: number, limits: BackoffLimits, random: () => number): number {
  const full = Math.min(limits.maxMs, limits.firstMs * 2 ** Math.min(failures - 1, 30));
  return full / 2 + (full / 2) * random();
}

/**
 * Waits for at least this time by the clock of `performance.now()`. Deno's timers leave out a fraction of a
 * millisecond, so code that compares clocks afterwards would run too early. Returns early, without an error,
 * when the signal aborts.
 */
export function sleep(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted) return resolve();
    const endMs = performance.now() + ms;
    const done = () => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", done);
      resolve();
    };
    const wake = () => {
      const leftMs = endMs - performance.now();
      if (leftMs > 0) timer = setTimeout(wake, leftMs);
      else done();
    };
    let timer = setTimeout(wake, ms);
    signal?.addEventListener("abort", done, { once: true });
  });
}

/**
 * Waits for a promise, for this time at most.
 *
 * @returns whether it was fulfilled within that time
 * @throws what the promise throws
 */
export async function within(ms: number, promise: Promise<unknown>): Promise<boolean> {
  const over = new AbortController();
  try {
    return await Promise.race([
      promise.then(() => true),
      sleep(ms, over.signal).then(() => false),
    ]);
  } finally {
    over.abort();
  }
}
