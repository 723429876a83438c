/** Reads the members one after the other, as often as they answer: what no scrape each second would see. @module */

import type { Pushgateway } from "../../tools/pushgateway.ts";
import type { Series } from "../../tools/prometheus.ts";
import { request } from "../../tools/server.ts";
import { COUNTER } from "./groups.ts";

/** A watch that goes on. Disposal ends it. */
export interface CloseWatch extends AsyncDisposable {
  /** How many pages were read. */
  readonly reads: number;
  /** The values of the counter in each group, in the order in which they were read. */
  history(): Series[];
}

const SAMPLE = new RegExp(`^${COUNTER}\\{instance="([^"]+)",job="e2e"\\} (\\S+)$`, "gm");

/** Starts to read these members in turn. A read begins when the one before it has ended. */
export function watchClosely(members: readonly Pushgateway[]): CloseWatch {
  const stop = new AbortController();
  const samples = new Map<string, { unixMs: number; value: number }[]>();
  let reads = 0;

  async function watch(): Promise<void> {
    for (let i = 0; !stop.signal.aborted; i++) {
      const { text } = await request(`${members[i % members.length].url}/metrics`);
      const unixMs = Date.now();
      reads++;
      for (const [, instance, value] of text.matchAll(SAMPLE)) {
        const known = samples.get(instance) ?? [];
        samples.set(instance, known);
        known.push({ unixMs, value: Number(value) });
      }
    }
  }

  const done = watch();
  done.catch(() => {}); // it is thrown by the disposal
  return {
    get reads() {
      return reads;
    },
    history: () => [...samples].map(([instance, samples]) => ({ metric: { instance }, samples })),
    async [Symbol.asyncDispose]() {
      stop.abort();
      await done;
    },
  };
}
