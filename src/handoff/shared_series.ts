/** Tells the operator of groups that expose the same series: each pair of groups once. @module */

import type { Logger } from "../log.ts";
import type { SharedSeries } from "../pushgateway/shared_series.ts";

/** Called with two groups that expose the same series. */
export type TellSharedSeries = (found: SharedSeries) => void;

/** How many pairs of groups are remembered. */
const PAIRS_MAX = 10_000;

/**
 * Creates the function that reports pairs, by a log line and a metric.
 *
 * @param deps.count counts a pair that was not known yet
 */
export function createTellSharedSeries(
  { log, count }: { readonly log: Logger; readonly count: () => void },
): TellSharedSeries {
  const told = new Set<string>();
  return ({ series, groups: [one, other] }) => {
    const pair = [one, other].sort().join(" ");
    if (told.has(pair)) return;
    if (told.size >= PAIRS_MAX) told.clear();
    told.add(pair);
    count();
    log.warn("two groups expose one series", { series, group: one, other_group: other });
  };
}

/** Describes two groups that expose the same series. */
export function showSharedSeries({ series, groups: [one, other] }: SharedSeries): string {
  return `the series ${series} is exposed by two groups, ${one} and ${other}`;
}
