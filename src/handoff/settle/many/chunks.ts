/** Runs work for many groups, a few at a time, each in its own turn. @module */

import { KEYS_AT_ONCE_MAX } from "../../../consul/client.ts";
import type { Exclusive, Watch } from "../exclusive.ts";
import type { Flow } from "./flow.ts";

/** Options for going through many groups. */
export interface ChunksOptions {
  readonly exclusive: Pick<Exclusive, "runUntouched">;
  /** A group is left out if somebody else has had its turn since this watch began. */
  readonly since: Watch;
  /** Another watch of the caller. */
  readonly beside?: Watch;
  /** The writes to the member: no more turns are held than it soon takes writes for. */
  readonly flow: Flow;
  /** As for {@linkcode Exclusive.runUntouched}. */
  readonly keepsKeys?: boolean;
  /** Called before each chunk. Returns whether to go on. */
  readonly goesOn: () => boolean;
  readonly signal: AbortSignal;
}

/** While the locks of one chunk are taken, another chunk is under way. */
const CHUNKS_AT_ONCE = 2;

/**
 * Runs work for each group when its turn is available, as `runUntouched` does.
 *
 * @returns the items that were not tried
 * @throws as `runUntouched`, when all work that has begun has ended
 */
export async function inChunks<Item extends { readonly id: string }>(
  items: readonly Item[],
  { exclusive, since, beside, keepsKeys = false, flow, goesOn, signal }: ChunksOptions,
  work: (item: Item, signal: AbortSignal) => Promise<void>,
): Promise<readonly Item[]> {
  let at = 0;
  async function next(): Promise<void> {
    while (at < items.length && goesOn()) {
      signal.throwIfAborted();
      const chunk = items.slice(at, at + Math.min(KEYS_AT_ONCE_MAX, 2 * flow.width));
      at += chunk.length;
      const byId = new Map(chunk.map((item) => [item.id, item]));
      await exclusive.runUntouched([...byId.keys()], async (id, signal) => {
        const item = byId.get(id);
        if (item) await work(item, signal);
      }, { since, ...(beside && { beside }), keepsKeys, signal });
    }
  }
  const outcomes = await Promise.allSettled(Array.from({ length: CHUNKS_AT_ONCE }, next));
  const failed = outcomes.find(({ status }) => status === "rejected");
  if (failed?.status === "rejected") throw failed.reason;
  return items.slice(at);
}
