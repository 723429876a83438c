/**
 * How fast a drain goes, by how far it has come at what moments, and how long the rest will take. Pure:
 * the clock is handed in.
 *
 * Progress comes in steps: by the batch where this instance does the work, and by the read, seconds
 * apart, where another one does. So a rate is taken from step to step; while the next one is waited for
 * it stays as it is, for as long as the longest wait so far.
 *
 * @module
 */

import type { DrainProgress } from "./drain.ts";

/** Each group of a drain is in one of these states. */
export type DrainState = "moved" | "left" | "early" | "staying";

/** Follows one drain. */
export interface DrainRate {
  /** Notes how many groups were moved by a moment, in ms. */
  note(moved: number, nowMs: number): void;
  /** Groups a second of late; absent until some seconds of progress tell, 0 once nothing has moved for long. */
  at(nowMs: number): number | undefined;
}

interface Step {
  readonly ms: number;
  readonly moved: number;
}

/** The rate is that of so long, or of the last two steps where those are further apart. */
const WINDOW_MS = 20_000;
/** Steps that lie closer tell little: the first batches are small. */
const SPAN_MS_MIN = 4_000;
/** Nothing moves any more when the next step is so many times as late as any was, and so late at least. */
const LATE_TIMES = 3;
const LATE_MS_MIN = 60_000;
/** Of a rate; more would be noise. */
const DIGITS = 3;

/** Begins to follow one. */
export function createDrainRate(): DrainRate {
  let steps: Step[] = [];
  return {
    note(moved, nowMs) {
      const last = steps.at(-1);
      // It begins again where groups have come back, as those of another drain.
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

/** How many groups of a drain are in each state; they are all of them together. */
export function groupsByState(
  { groups, moved, early, staying }: DrainProgress,
): Record<DrainState, number> {
  // What stays and what is early was found by the last look at each, which others may have outrun.
  const rest = Math.max(0, groups - moved);
  const stay = Math.min(staying.size, rest);
  const soon = Math.min(early, rest - stay);
  return { moved, left: rest - stay - soon, early: soon, staying: stay };
}

/**
 * Seconds until all is moved that can be.
 *
 * @returns nothing where that is not known: nothing moves, or what is left cannot
 */
export function secondsLeft(progress: DrainProgress, rate: number | undefined): number | undefined {
  const { left, early, staying } = groupsByState(progress);
  if (left + early > 0) return rate ? Math.ceil((left + early) / rate) : undefined;
  return staying > 0 ? undefined : 0;
}
