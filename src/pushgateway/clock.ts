/** Computes by how much a member's clock differs from ours, from its answers. Pure. @module */

/** Lower and upper bound of how many seconds the member's clock is ahead of ours. */
export interface ClockBounds {
  readonly min: number;
  readonly max: number;
}

/**
 * Reads the bounds from the `Date` of an answer. It is truncated to whole seconds, and was written at some
 * time between the request and the first byte of the answer.
 *
 * @param times times of our clock, in Unix milliseconds
 * @returns infinite bounds without such a header
 *
 * @example
 * ```ts
 * import { clockAhead } from "./clock.ts";
 * import assert from "node:assert/strict";
 *
 * const times = { sentAt: 10_000, answeredAt: 10_200 };
 * const { min, max } = clockAhead("Thu, 01 Jan 1970 00:00:15 GMT", times);
 * assert.deepEqual([min, max], [15 - 10.2, 16 - 10]);
 * ```
 */
export function clockAhead(
  date: string | undefined,
  { sentAt, answeredAt }: { readonly sentAt: number; readonly answeredAt: number },
): ClockBounds {
  const theirs = date === undefined ? NaN : Date.parse(date) / 1_000;
  if (Number.isNaN(theirs)) return { min: -Infinity, max: Infinity };
  return { min: theirs - answeredAt / 1_000, max: theirs + 1 - sentAt / 1_000 };
}

/** Combines the bounds of two answers. If they contradict, the second counts, because a clock was set. */
export function bothBounds(first: ClockBounds, second: ClockBounds): ClockBounds {
  const min = Math.max(first.min, second.min);
  const max = Math.min(first.max, second.max);
  return min <= max ? { min, max } : second;
}
