/**
 * Time and order in a test: a scheduler picks which of the things under way happens next, and a
 * counter is the clock. Timers fire when nothing else is left to happen.
 *
 * @module
 */

import type fc from "fast-check";
import { setImmediate } from "node:timers";
import { abandonable } from "../../../src/concurrency/abort.ts";

/** Makes things happen one by one. */
export interface Clockwork extends Disposable {
  /** Unix time in ms. */
  now(): number;
  /** How many things have happened. */
  readonly step: number;
  /**
   * Waits until it is this one's turn to happen.
   *
   * @throws the signal's reason when it aborts before
   */
  turn(label: string, signal?: AbortSignal): Promise<void>;
  /** Lets time pass. */
  pass(ms: number): void;
  /** Lets everything happen, and at most so many timers fire. */
  run(options: {
    readonly timersMax: number;
    /** Called after each thing. */
    readonly inBetween?: () => void;
  }): Promise<void>;
}

/** Each thing that happens takes a moment, so that no two pushes have one time. */
const STEP_MS = 3;
/** A model that never comes to rest is a bug of its own. */
const STEPS_MAX = 20_000;

/** Who picks what happens next: a scheduler of fast-check, or {@linkcode inOrder}. */
export type Order = Pick<fc.Scheduler, "schedule" | "count" | "waitNext">;

/** Everything happens in the order in which it was begun. */
export function inOrder(): Order {
  const turns: (() => void)[] = [];
  return {
    async schedule(task) {
      await new Promise<void>((resolve) => turns.push(resolve));
      return await task;
    },
    count: () => turns.length,
    waitNext() {
      turns.shift()?.();
      return Promise.resolve();
    },
  };
}

/** Takes over the timers of this process until disposal. */
export function createClockwork(scheduler: Order): Clockwork {
  const real = { setTimeout: globalThis.setTimeout, clearTimeout: globalThis.clearTimeout };
  const timers = new Map<number, { readonly at: number; readonly fire: () => void }>();
  let [nowMs, step, lastTimer] = [1_750_000_000_000, 0, 0];

  const fake = {
    setTimeout(fire: () => void, ms = 0): number {
      timers.set(++lastTimer, { at: nowMs + ms, fire });
      return lastTimer;
    },
    clearTimeout(id: number): void {
      timers.delete(id);
    },
  };
  Object.assign(globalThis, fake);

  /** Lets all that waits for nothing go on as far as it can. */
  const settle = () => new Promise<void>((resolve) => setImmediate(resolve));

  function fireNext(): boolean {
    const [first] = [...timers].sort(([, a], [, b]) => a.at - b.at);
    if (!first) return false;
    const [id, { at, fire }] = first;
    timers.delete(id);
    nowMs = Math.max(nowMs, at);
    fire();
    return true;
  }

  /** Lets one thing happen; says whether there was any. */
  async function next(): Promise<boolean> {
    await settle();
    if (scheduler.count() === 0) return false;
    if (++step > STEPS_MAX) throw new Error(`not at rest after ${STEPS_MAX} steps`);
    nowMs += STEP_MS;
    await scheduler.waitNext(1);
    await settle();
    return true;
  }

  return {
    now: () => nowMs,
    get step() {
      return step;
    },
    turn(label, signal) {
      const turn = scheduler.schedule(Promise.resolve(), label);
      return signal ? abandonable(turn, signal) : turn;
    },
    pass(ms) {
      nowMs += ms;
    },
    async run({ timersMax, inBetween }) {
      for (let fired = 0;; fired++) {
        while (await next()) inBetween?.();
        if (fired === timersMax || !fireNext()) return;
      }
    },
    [Symbol.dispose]() {
      Object.assign(globalThis, real);
    },
  };
}
