/** How fast something grows, from readings that scatter. @module */

/** A reading. */
export interface Point {
  readonly x: number;
  readonly y: number;
}

/**
 * The slope of the line that lies closest to the points (least squares).
 *
 * @throws {RangeError} where there are not two points with a different `x`
 *
 * @example
 * ```ts
 * import { slope } from "./slope.ts";
 * import assert from "node:assert/strict";
 *
 * assert.equal(slope([{ x: 0, y: 1 }, { x: 1, y: 3 }, { x: 2, y: 5 }]), 2);
 * assert.throws(() => slope([{ x: 1, y: 1 }]), RangeError);
 * ```
 */
export function slope(points: readonly Point[]): number {
  const mean = (pick: (point: Point) => number) =>
    points.reduce((sum, point) => sum + pick(point), 0) / points.length;
  const x = mean((point) => point.x);
  const y = mean((point) => point.y);
  const variance = mean((point) => (point.x - x) ** 2);
  if (!(variance > 0)) throw new RangeError("expected at least two different places, found fewer");
  return mean((point) => (point.x - x) * (point.y - y)) / variance;
}
