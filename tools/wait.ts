/** Waiting for a state of the outside world: short polls up to a deadline, never a fixed sleep. @module */

import { sleep } from "../src/concurrency/backoff.ts";

/** How long and how often to look. */
export interface WaitOptions {
  /** Names the awaited state in the error, as in `"a leader of the Consul agent"`. */
  readonly what: string;
  readonly msMax?: number;
  readonly everyMs?: number;
  /** Ends the wait early; its reason is thrown. */
  readonly signal?: AbortSignal;
}

const WAIT_MS_MAX = 20_000;
const EVERY_MS = 25;

/**
 * Calls `check` until it returns something truthy, and returns that. A check that throws is not
 * there yet; its last error becomes the cause. The check gets a signal that ends with the wait.
 *
 * @throws {Error} naming what was awaited and how long; the signal's reason when that aborts
 *
 * @example
 * ```ts
 * import { waitFor } from "./wait.ts";
 * import assert from "node:assert/strict";
 *
 * let looks = 0;
 * assert.equal(await waitFor(() => ++looks > 2 && looks, { what: "the third look", everyMs: 1 }), 3);
 * ```
 */
export async function waitFor<T>(
  check: (signal: AbortSignal) => T | Promise<T>,
  options: WaitOptions,
): Promise<Exclude<T, false | null | undefined | 0 | "">> {
  const { what, msMax = WAIT_MS_MAX, everyMs = EVERY_MS } = options;
  const deadline = new AbortController();
  const timer = setTimeout(() => deadline.abort(), msMax);
  const signal = options.signal
    ? AbortSignal.any([options.signal, deadline.signal])
    : deadline.signal;
  // Ends the wait also where a check takes no notice of its signal.
  const aborted = new Promise<undefined>((resolve) => {
    signal.addEventListener("abort", () => resolve(undefined), { once: true });
  });
  let cause: unknown;
  try {
    while (!signal.aborted) {
      try {
        const found = await Promise.race([check(signal), aborted]);
        if (found) return found as Exclude<T, false | null | undefined | 0 | "">;
        cause = undefined;
      } catch (error) {
        if (!signal.aborted) cause = error;
      }
      await sleep(everyMs, signal);
    }
  } finally {
    clearTimeout(timer);
  }
  options.signal?.throwIfAborted();
  throw new Error(`waited ${msMax} ms in vain for ${what}`, { cause });
}
