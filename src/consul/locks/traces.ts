/**
 * Keys that locks have left behind, so that others learn that somebody has had them: each is deleted
 * when it has been of use.
 *
 * A session that is lost takes its keys with it, and with them traces that it had just come upon. So
 * whoever goes by traces has to do nothing for a while after another instance is gone.
 *
 * @module
 */

import { sleep } from "../../concurrency/backoff.ts";
import type { ConsulClient, FreeKey } from "../client.ts";
import { TRACE_MS } from "../trace_times.ts";

/** Between two looks. */
const LOOK_MS = 30_000;

/** Deletes traces. */
export interface Traces {
  /** Deletes those of all instances, of dead ones too, until the signal aborts. */
  run(signal: AbortSignal): Promise<void>;
}

/**
 * Creates what deletes traces.
 *
 * @param deps.prefix what the locks' keys begin with
 */
export function createTraces(
  { consul, prefix }: {
    readonly consul: Pick<ConsulClient, "freeKeys" | "deleteUnchanged">;
    readonly prefix: string;
  },
): Traces {
  /** What was found, and when first. */
  let found = new Map<string, FreeKey & { readonly sinceMs: number }>();

  async function look(signal: AbortSignal): Promise<void> {
    const nowMs = performance.now();
    const free = await consul.freeKeys(prefix, signal);
    const before = found;
    found = new Map(free.map((one) => {
      const known = before.get(one.key);
      const isSame = known?.changedAt === one.changedAt;
      return [one.key, { ...one, sinceMs: isSame ? known.sinceMs : nowMs }];
    }));
    const old = [...found.values()].filter(({ sinceMs }) => nowMs - sinceMs >= TRACE_MS);
    await consul.deleteUnchanged(old, signal);
  }

  return {
    async run(signal) {
      while (!signal.aborted) {
        await sleep(LOOK_MS, signal);
        // Whether Consul can be reached, the session's renewals say.
        await look(signal).catch(() => {});
      }
    },
  };
}
