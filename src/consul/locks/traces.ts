/**
 * Keys that locks have left behind, so that others learn that the locks were held. Each is deleted when
 * it is not needed any more.
 *
 * A lost session deletes its keys, and with them traces of others that it had just acquired. So a process
 * that relies on traces has to wait for a while after another instance is gone.
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
  /** Deletes the traces of all instances, including dead ones, until the signal aborts. */
  run(signal: AbortSignal): Promise<void>;
}

/**
 * Creates the deletion of traces. Nothing is deleted yet.
 *
 * @param deps.prefix the prefix of the keys of locks
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
        // The session's renewals report whether Consul can be reached.
        await look(signal).catch(() => {});
      }
    },
  };
}
