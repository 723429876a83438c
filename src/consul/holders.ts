/** Who holds a key of Consul's KV store, followed by blocking queries. @module */

import { backoffMs, sleep } from "../backoff.ts";
import { nextIndex, QUERY_INTERVAL_MS_MIN } from "./blocking.ts";
import type { ConsulClient } from "./client.ts";
import type { Session } from "./session.ts";

type Holders = Pick<ConsulClient, "keyHolder">;

/** Consul goes on with a query whose asker has left, so none is long. */
const WAIT_SECONDS = 10;
/** Between tries while nobody holds a key, but Consul's lock delay runs. */
const POLL = { firstMs: 300, maxMs: 300 };
const RETRY = { firstMs: 500, maxMs: 2_000 };

/**
 * Waits until it is worth trying to acquire a key that could not be had; returns early, without an
 * error, when the signal aborts.
 *
 * @throws where Consul cannot be asked
 */
export async function becomesFree(
  key: string,
  { consul, random }: { consul: Holders; random: () => number },
  signal: AbortSignal,
): Promise<void> {
  let looks = 0;
  try {
    for await (const holder of followHolders(consul, key, signal)) {
      looks++;
      if (holder === undefined) break;
    }
  } catch (error) {
    if (signal.aborted) return;
    throw error;
  }
  // Free at first sight: the lock delay runs, of which Consul gives no notice.
  if (looks === 1) await sleep(backoffMs(1, POLL, random), signal);
}

/** Returns when a session does not hold a key any more, or the signal aborts. */
export async function isTakenAway(
  { key, session }: { key: string; session: Session },
  { consul, random }: { consul: Holders; random: () => number },
  signal: AbortSignal,
): Promise<void> {
  for (let failures = 0; !signal.aborted;) {
    try {
      for await (const holder of followHolders(consul, key, signal)) {
        if (holder !== session.id) return;
        failures = 0;
      }
    } catch {
      failures++; // whether Consul can be reached, the session's renewals say
      await sleep(backoffMs(failures, RETRY, random), signal);
    }
  }
}

/** Yields the session that holds a key, now and after each change; ends when the signal aborts. */
async function* followHolders(
  consul: Holders,
  key: string,
  signal: AbortSignal,
): AsyncGenerator<string | undefined, void> {
  let index: bigint | undefined;
  while (!signal.aborted) {
    const earliestNext = sleep(QUERY_INTERVAL_MS_MIN, signal);
    const query = { ...(index !== undefined && { index }), waitSeconds: WAIT_SECONDS };
    const answer = await consul.keyHolder(key, query, signal);
    yield answer.session;
    index = nextIndex(index, answer.index);
    await earliestNext;
  }
}
