/** Many measurements of one thing, told in three numbers. @module */

/** The middle and the ends. */
export interface Spread {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

/**
 * Sums up measurements; of an even number of them the median is the mean of the two in the middle.
 *
 * @throws {RangeError} where there are none
 *
 * @example
 * ```ts
 * import { spread } from "./spread.ts";
 * import assert from "node:assert/strict";
 *
 * assert.deepEqual(spread([9, 1, 2, 4]), { median: 3, min: 1, max: 9 });
 * ```
 */
export function spread(values: readonly number[]): Spread {
  if (values.length === 0) throw new RangeError("expected at least one measurement, found none");
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length / 2;
  const median = (sorted[Math.ceil(middle) - 1] + sorted[Math.floor(middle)]) / 2;
  return { median, min: sorted[0], max: sorted[sorted.length - 1] };
}

/**
 * The smallest measurement that so large a part of all is not above.
 *
 * @throws {RangeError} where there are none
 *
 * @example
 * ```ts
 * import { quantile } from "./spread.ts";
 * import assert from "node:assert/strict";
 *
 * assert.equal(quantile([9, 1, 2, 4], 0.5), 2);
 * assert.equal(quantile([9, 1, 2, 4], 0.99), 9);
 * ```
 */
export function quantile(values: readonly number[], part: number): number {
  if (values.length === 0) throw new RangeError("expected at least one measurement, found none");
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(sorted.length * part) - 1)];
}
