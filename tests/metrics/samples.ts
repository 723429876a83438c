/** Metrics of a service, read as Prometheus reads them. @module */

import type { Metrics } from "../../src/metrics/metrics.ts";

/** What the metrics' service was built from. */
export const BUILD = {
  version: "1.2.3",
  revision: "1a2b3c4",
  build_date: "unknown",
  deno: "2.9.6",
};

/** The samples of one metric: value by labels. */
export async function samples(metrics: Metrics, name: string): Promise<Record<string, number>> {
  const lines = (await metrics.render()).matchAll(
    new RegExp(`^dynamic_sharding_${name}(\\{.*\\})? (\\S+)$`, "gm"),
  );
  return Object.fromEntries([...lines].map(([, labels = "", value]) => [labels, Number(value)]));
}
