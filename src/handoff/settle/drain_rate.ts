/**
 * Computes the rate of a drain from its progress, and how long the rest will take. Pure: the time is a
 * parameter.
 *
 * Progress comes in steps: batches if this instance does the work, or reads, seconds apart, if another
 * instance does. So the rate is measured from step to step. While the next step is awaited, the rate stays as
 * it is for as long as the longest wait so far.
 *
 * @module
 */

import type { DrainProgress } from "./drain.ts";

/** The state of a group in a drain. */
export type DrainState = "moved" | "left" | "early" | "staying";

/** The rate of one drain. */
export interface DrainRate {
  /** Notes how many groups had been moved by a moment, in ms. */
  note(moved: number, nowMs: number): void;
  /**
   * Returns the latest rate in groups per second. Absent until it is known from some seconds of progress, 0
   * if nothing has moved for long.
   */
  at(nowMs: number): number | undefined;
}

interface Step {
  readonly ms: number;
  readonly moved: number;
}

/** The window of the rate. It is longer if the last two steps are further apart. */
const WINDOW_MS = 20_000;
/** A shorter span tells little, because the first batches are small. */
const SPAN_MS_MIN = 4_000;
/** The rate is 0 if the next step takes longer than this time and this multiple of the longest wait. */
const LATE_TIMES = 3;
const LATE_MS_MIN = 60_000;
/** Significant digits of a rate. More would be noise. */
const DIGITS = 3;

/** Creates the rate of a drain. */
export function createDrainRate(): DrainRate {
  let steps: Step[] = [];
  return {
    note(moved, nowMs) {
      const last = steps.at(-1);
      // The rate begins again if groups have come back, as in another drain.
      if (!last || moved < last.moved) steps = [{ ms: nowMs, moved }];
      else if (nowMs <= last.ms) steps[steps.length - 1] = { ms: last.ms, moved };
      else if (moved > last.moved) steps.push({ ms: nowMs, moved });
      while (steps.length > 2 && steps[1].ms <= nowMs - WINDOW_MS) steps.shift();
    },
    at(nowMs) {
      if (steps.length < 2) return undefined;
      const [first, last] = [steps[0], steps[steps.length - 1]];
      const longestMs = Math.max(...steps.slice(1).map(({ ms }, i) => ms - steps[i].ms));
      const waitedMs = Math.max(0, nowMs - last.ms);
      if (waitedMs > Math.max(LATE_MS_MIN, LATE_TIMES * longestMs)) return 0;
      const spanMs = last.ms - first.ms;
      if (spanMs < SPAN_MS_MIN) return undefined;
      const seconds = (spanMs + Math.max(0, waitedMs - longestMs)) / 1_000;
      return Number(((last.moved - first.moved) / seconds).toPrecision(DIGITS));
    },
  };
}

/** Counts the groups of a drain in each state. The counts add up to all groups. */
export function groupsByState(
  { groups, moved, early, staying }: DrainProgress,
): Record<DrainState, number> {
  // `staying` and `early` are from the last look. Other instances may have moved some of those groups since.
  const rest = Math.max(0, groups - moved);
  const stay = Math.min(staying.size, rest);
  const soon = Math.min(early, rest - stay);
  return { moved, left: rest - stay - soon, early: soon, staying: stay };
}

/**
 * Returns the seconds until all groups are moved that can be moved.
 *
 * @returns nothing if that is not known: nothing moves, or the groups that are left cannot be moved
 */
export function secondsLeft(progress: DrainProgress, rate: number | undefined): number | undefined {
  const { left, early, staying } = groupsByState(progress);
  if (left + early > 0) return rate ? Math.ceil((left + early) / rate) : undefined;
  return staying > 0 ? undefined : 0;
}
