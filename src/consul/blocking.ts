/**
 * Follows something in Consul by blocking queries.
 * https://developer.hashicorp.com/consul/api-docs/features/blocking
 *
 * @module
 */

import { type BackoffLimits, backoffMs, sleep } from "../concurrency/backoff.ts";
import { isForbidden } from "./failure.ts";
import type { BlockingQuery } from "./requests.ts";

/** Queries are at least this far apart, whatever Consul's index does. */
export const QUERY_INTERVAL_MS_MIN = 100;
const RETRY: BackoffLimits = { firstMs: 500, maxMs: 10_000 };
/** The wait after a missing right: an operator has to add it first. */
const FORBIDDEN_RETRY: BackoffLimits = { firstMs: 4_000, maxMs: 30_000 };

/** How long to wait after so many failures, the last one with this error. */
export function retryMs(failures: number, error: unknown, random: () => number): number {
  return backoffMs(failures, isForbidden(error) ? FORBIDDEN_RETRY : RETRY, random);
}

/** What one query brought. A failed one is no answer. */
export type QueryOutcome<Answer> =
  | {
    readonly kind: "answered";
    readonly answer: Answer;
    /** Consul counts from an earlier index than before: it has lost what was written since. */
    readonly reset: boolean;
  }
  | { readonly kind: "failed"; readonly cause: unknown };

/**
 * The index of the next blocking query: starts from the beginning when the index goes back
 * (a restored or restarted server). Never 0, because a query with 0 does not block.
 */
export function nextIndex(previous: bigint | undefined, current: bigint): bigint | undefined {
  if (previous !== undefined && current < previous) return undefined;
  return current > 0n ? current : 1n;
}

/**
 * Asks again and again, each time when Consul has news or the wait is over. After a failure it waits,
 * longer each time, and starts from the beginning. Ends when the signal aborts, without an error.
 *
 * @param ask sends one query
 * @param options.waitSeconds how long one query waits for news; also how soon a silently dead
 *   connection is noticed
 */
export async function* followQuery<Answer extends { readonly index: bigint }>(
  ask: (query: BlockingQuery, signal: AbortSignal) => Promise<Answer>,
  { waitSeconds, random }: { readonly waitSeconds: number; readonly random: () => number },
  signal: AbortSignal,
): AsyncGenerator<QueryOutcome<Answer>, void> {
  let index: bigint | undefined;
  /** Also of before a failure. */
  let last = 0n;
  let failures = 0;
  while (!signal.aborted) {
    const earliestNext = sleep(QUERY_INTERVAL_MS_MIN, signal);
    const askedMs = performance.now();
    try {
      const answer = await ask({ ...(index !== undefined && { index }), waitSeconds }, signal);
      if (signal.aborted) return;
      const reset = answer.index < last;
      // While it is restored, Consul answers every blocking query at once from what it had. A further one
      // would wait for an index past that, and not show what is missing until then.
      const isCutShort = index === answer.index && performance.now() - askedMs < waitSeconds * 1000;
      index = isCutShort ? undefined : nextIndex(index, answer.index);
      last = answer.index;
      failures = 0;
      yield { kind: "answered", answer, reset };
      if (isCutShort) continue;
    } catch (cause) {
      if (signal.aborted) return;
      index = undefined;
      failures++;
      yield { kind: "failed", cause };
      await sleep(retryMs(failures, cause, random), signal);
    }
    await earliestNext;
  }
}
