/** Follows the names below a prefix of Consul's KV store by blocking queries. @module */

import { followQuery } from "./blocking.ts";
import type { BlockingQuery, ConsulClient } from "./client.ts";

/** What a look at the prefix showed. A failed look is not an empty set. */
export type MarksObservation =
  | {
    readonly kind: "marks";
    readonly names: ReadonlySet<string>;
    /** Consul counts from an earlier index than before: it has lost what was written since. */
    readonly reset: boolean;
  }
  | { readonly kind: "failed"; readonly cause: unknown };

const WAIT_SECONDS = 20;

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
  let known: ReadonlySet<string> | undefined;
  const ask = (query: BlockingQuery, signal: AbortSignal) =>
    consul.watchKeys(prefix, query, signal);
  for await (const look of followQuery(ask, { waitSeconds: WAIT_SECONDS, random }, signal)) {
    if (look.kind === "failed") {
      known = undefined;
      yield look;
      continue;
    }
    const { answer, reset } = look;
    const names = namesOf(answer.keys, prefix);
    // A query for an empty prefix returns whenever a key beside it is written, as for locks.
    if (!reset && known?.symmetricDifference(names).size === 0) continue;
    known = names;
    yield { kind: "marks", names, reset };
  }
}

/** The names of the keys. A folder that was created in Consul's UI is the prefix itself, and no name. */
function namesOf(keys: readonly string[], prefix: string): ReadonlySet<string> {
  return new Set(keys.map((key) => key.slice(prefix.length)).filter((name) => name !== ""));
}
