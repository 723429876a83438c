/** Tells an operator of groups that expose one series: each two of them once. @module */

import type { Logger } from "../log.ts";
import type { SharedSeries } from "../pushgateway/shared_series.ts";

/** Called with them. */
export type TellSharedSeries = (found: SharedSeries) => void;

/** Pairs of groups that are remembered. */
const PAIRS_MAX = 10_000;

/**
 * Creates what tells of them, by a log line and a metric.
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

/** The same in words. */
export function showSharedSeries({ series, groups: [one, other] }: SharedSeries): string {
  return `the series ${series} is exposed by two groups, ${one} and ${other}`;
}
