/** What a sawtooth is: a sample that is less than one before it, of a value that only grows. Pure. @module */

import type { Series } from "../../tools/prometheus.ts";

/** A sample that went back. */
export interface Tooth {
  readonly series: string;
  readonly unixMs: number;
  /** The greatest value stored before. */
  readonly from: number;
  readonly to: number;
}

/** The samples that are less than the greatest one before them in their series. */
export function findTeeth(history: readonly Series[]): Tooth[] {
  const teeth: Tooth[] = [];
  for (const { metric, samples } of history) {
    let from = -Infinity;
    for (const { unixMs, value } of samples) {
      if (value < from) teeth.push({ series: metric.instance, unixMs, from, to: value });
      from = Math.max(from, value);
    }
  }
  return teeth;
}
