/** Waits for keys of Consul's KV store that others hold. @module */

import { backoffMs, sleep } from "../../concurrency/backoff.ts";
import { nextIndex, QUERY_INTERVAL_MS_MIN } from "../blocking.ts";
import type { ConsulClient } from "../client.ts";

type Holder = Awaited<ReturnType<ConsulClient["keyHolder"]>>;

export interface Holders {
  /**
   * Waits until it is worth trying again to acquire a key.
   *
   * @param seen the session that held it, and Consul's index then
   * @throws if Consul cannot be asked, and when the signal aborts
   */
  becomesFree(key: string, seen: Holder, signal: AbortSignal): Promise<void>;
}

/** Consul continues a query, and keeps its connection, when its client has left. So no query is long. */
const WAIT_SECONDS = 5;
/** Each blocking query takes a connection while it waits, and connections are few. */
const BLOCKING_MAX = 30;
/** Between tries where there are as many already. */
const CROWDED = { firstMs: 1_000, maxMs: 1_000 };
/** Between tries while nobody holds a key, but Consul's lock delay runs. */
const DELAYED = { firstMs: 300, maxMs: 300 };

/** Creates the view of which session holds which key. Nothing is sent yet. */
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
