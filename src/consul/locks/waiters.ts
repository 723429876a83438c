/** Waits for keys of Consul's KV store that others hold. @module */

import { backoffMs, sleep } from "../../concurrency/backoff.ts";
import { nextIndex, QUERY_INTERVAL_MS_MIN } from "../blocking.ts";
import type { ConsulClient } from "../client.ts";

type Holder = Awaited<ReturnType<ConsulClient["keyHolder"]>>;

export interface Holders {
  /**
   * Waits until it is worth trying to acquire a key that could not be had.
   *
   * @param seen who was found to hold it, and Consul's index then
   * @throws where Consul cannot be asked, and when the signal aborts
   */
  becomesFree(key: string, seen: Holder, signal: AbortSignal): Promise<void>;
}

/** Consul goes on with a query whose asker has left, and keeps its connection; so none is long. */
const WAIT_SECONDS = 5;
/** Each blocking query takes a connection for as long as it waits, and there are not many. */
const BLOCKING_MAX = 30;
/** Between tries where there are as many already. */
const CROWDED = { firstMs: 1_000, maxMs: 1_000 };
/** Between tries while nobody holds a key, but Consul's lock delay runs. */
const DELAYED = { firstMs: 300, maxMs: 300 };

/** Creates the view of who holds which key; nothing is asked yet. */
export function createHolders(
  { consul, random }: { consul: Pick<ConsulClient, "keyHolder">; random: () => number },
): Holders {
  let blocking = 0;

  /** Waits for a change of a key that is held. */
  async function changes(key: string, index: bigint, signal: AbortSignal): Promise<void> {
    blocking++;
    try {
      const askedMs = performance.now();
      const query = { index: nextIndex(undefined, index), waitSeconds: WAIT_SECONDS };
      const { session } = await consul.keyHolder(key, query, signal);
      if (session === undefined) return;
      await sleep(Math.max(0, askedMs + QUERY_INTERVAL_MS_MIN - performance.now()), signal);
    } finally {
      blocking--;
    }
  }

  return {
    async becomesFree(key, { session, index }, signal) {
      // Free at first sight: the lock delay runs, of which Consul gives no notice.
      if (session === undefined) await sleep(backoffMs(1, DELAYED, random), signal);
      else if (blocking < BLOCKING_MAX) await changes(key, index, signal);
      else await sleep(backoffMs(1, CROWDED, random), signal);
    },
  };
}
