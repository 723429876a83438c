/** The names below a prefix of Consul's KV store, followed by blocking queries. @module */

import { backoffMs, sleep } from "../concurrency/backoff.ts";
import { nextIndex, QUERY_INTERVAL_MS_MIN } from "./blocking.ts";
import { type ConsulClient, isStatus } from "./client.ts";

/** What a look at the prefix showed. A failed look is not an empty set. */
export type MarksObservation =
  | {
    readonly kind: "marks";
    readonly names: ReadonlySet<string>;
    /** Consul counts from an earlier index than before: it has lost what was written since. */
    readonly reset: boolean;
  }
  | { readonly kind: "failed"; readonly cause: unknown };

/** How long one blocking query waits for news; also how soon a silently dead connection is noticed. */
const WAIT_SECONDS = 20;
const RETRY = { firstMs: 500, maxMs: 10_000 };
const FORBIDDEN_RETRY = { firstMs: 60_000, maxMs: 60_000 };

/**
 * Follows the names of the keys below a prefix, without the prefix. Yields the first set, each one
 * that differs from the last, and each failure to ask; after a failure the first set again. Ends
 * when the signal aborts, without an error.
 */
export async function* watchMarks(
  consul: Pick<ConsulClient, "watchKeys">,
  prefix: string,
  { random }: { readonly random: () => number },
  signal: AbortSignal,
): AsyncGenerator<MarksObservation, void> {
  let index: bigint | undefined;
  let known: ReadonlySet<string> | undefined;
  /** Also of before a failure. */
  let last = 0n;
  let failures = 0;
  while (!signal.aborted) {
    const askedMs = performance.now();
    try {
      const query = { ...(index !== undefined && { index }), waitSeconds: WAIT_SECONDS };
      const answer = await consul.watchKeys(prefix, query, signal);
      index = nextIndex(index, answer.index);
      const reset = answer.index < last;
      last = answer.index;
      failures = 0;
      const names = namesOf(answer.keys, prefix);
      if (reset || known === undefined || known.symmetricDifference(names).size > 0) {
        known = names;
        yield { kind: "marks", names, reset };
      }
    } catch (cause) {
      if (signal.aborted) return;
      index = undefined;
      known = undefined;
      failures++;
      yield { kind: "failed", cause };
      const limits = isStatus(cause, 403) ? FORBIDDEN_RETRY : RETRY;
      await sleep(backoffMs(failures, limits, random), signal);
      continue;
    }
    // An empty prefix is answered whenever a key beside it is written, as locks are.
    await sleep(Math.max(0, askedMs + QUERY_INTERVAL_MS_MIN - performance.now()), signal);
  }
}

/** The keys' names; a folder made in Consul's UI is the prefix itself, and no name. */
function namesOf(keys: readonly string[], prefix: string): ReadonlySet<string> {
  return new Set(keys.map((key) => key.slice(prefix.length)).filter((name) => name !== ""));
}
