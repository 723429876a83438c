/** Does something for many groups, a few at a time, each under its own turn. @module */

import { KEYS_AT_ONCE_MAX } from "../../../consul/client.ts";
import type { Exclusive, Watch } from "../exclusive.ts";
import type { Flow } from "./flow.ts";

/** How many groups are gone through. */
export interface ChunksOptions {
  readonly exclusive: Pick<Exclusive, "runUntouched">;
  /** Groups of which somebody else has had a turn since are left out. */
  readonly since: Watch;
  /** Another watch of the one that asks. */
  readonly beside?: Watch;
  /** To the member that is written to: no more turns are held than it soon takes writes for. */
  readonly flow: Flow;
  /** As for {@linkcode Exclusive.runUntouched}. */
  readonly keepsKeys?: boolean;
  /** Asked before each few. */
  readonly goesOn: () => boolean;
  readonly signal: AbortSignal;
}

/** While the locks of one chunk are asked for, another one is under way. */
const CHUNKS_AT_ONCE = 2;

/**
 * Runs work for each group as its turn can be had, as `runUntouched` does.
 *
 * @returns those that it has not come to
 * @throws as `runUntouched`, once all work that has begun has ended
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
