/**
 * Virtual time: timers of this process fire in their order, and as soon as all else has come to rest.
 * Minutes pass in milliseconds, and the same each time.
 *
 * @module
 */

import { setImmediate } from "node:timers";

/**
 * Virtual time. Disposal gives the real one back, once a moment has passed in which what still waits,
 * as what this process shares does, comes to rest: it would wait for ever.
 */
export interface Clockwork extends AsyncDisposable {
  /** Milliseconds since the beginning. */
  readonly nowMs: number;
  /** Lets time pass. */
  pass(ms: number): Promise<void>;
  /**
   * Lets time pass until something is so.
   *
   * @throws where it is not within that time
   */
  passUntil(
    isSo: () => boolean,
    options: { readonly what: string; readonly msMax: number },
  ): Promise<void>;
}

interface Timer {
  readonly atMs: number;
  readonly fire: () => void;
}

/** When it all begins: 15 June 2025. */
const BEGINNING_UNIX_MS = 1_750_000_000_000;
/** Longer than any pause that the service makes in its work. */
const REST_MS = 1_000;
/** What never comes to rest is a fault of its own. */
const TIMERS_AT_ONCE_MAX = 100_000;

/** Takes over the timers and clocks of this process until disposal. */
export function createClockwork(): Clockwork {
  const real = {
    setTimeout: globalThis.setTimeout,
    clearTimeout: globalThis.clearTimeout,
    dateNow: Date.now,
    performanceNow: performance.now,
  };
  const timers = new Map<number, Timer>();
  let [nowMs, last] = [0, 0];

  Object.assign(globalThis, {
    setTimeout(fire: () => void, ms = 0): number {
      timers.set(++last, { atMs: nowMs + Math.max(1, ms), fire });
      return last;
    },
    clearTimeout: (id: number) => void timers.delete(id),
  });
  Object.assign(Date, { now: () => BEGINNING_UNIX_MS + Math.floor(nowMs) });
  Object.assign(performance, { now: () => nowMs });

  /** Lets all that waits for no timer go on as far as it can. */
  const rest = () => new Promise<void>((resolve) => setImmediate(resolve));

  function takeNext(untilMs: number): Timer | undefined {
    let next: number | undefined;
    let first: Timer | undefined;
    for (const [id, timer] of timers) {
      if (timer.atMs <= untilMs && (!first || timer.atMs < first.atMs)) [next, first] = [id, timer];
    }
    if (next !== undefined) timers.delete(next);
    return first;
  }

  async function run(untilMs: number, isSo: () => boolean): Promise<boolean> {
    let atOnce = 0;
    await rest();
    while (!isSo()) {
      const timer = takeNext(untilMs);
      if (!timer) {
        nowMs = untilMs;
        return false;
      }
      atOnce = timer.atMs > nowMs ? 0 : atOnce + 1;
      if (atOnce > TIMERS_AT_ONCE_MAX) throw new Error(`timers without an end at ${nowMs} ms`);
      nowMs = Math.max(nowMs, timer.atMs);
      timer.fire();
      await rest();
    }
    return true;
  }

  return {
    get nowMs() {
      return nowMs;
    },
    async pass(ms) {
      await run(nowMs + ms, () => false);
    },
    async passUntil(isSo, { what, msMax }) {
      if (!await run(nowMs + msMax, isSo)) {
        throw new Error(`waited ${msMax} ms of virtual time for ${what}`);
      }
    },
    async [Symbol.asyncDispose]() {
      await run(nowMs + REST_MS, () => false);
      Object.assign(globalThis, {
        setTimeout: real.setTimeout,
        clearTimeout: real.clearTimeout,
      });
      Object.assign(Date, { now: real.dateNow });
      Object.assign(performance, { now: real.performanceNow });
    },
  };
}
