/** Empties a member that is about to leave: each group goes to its owner on the ring. @module */

import { sleep } from "../../concurrency/backoff.ts";
import type { Member } from "../../member.ts";
import { inBatches } from "../../concurrency/batches.ts";
import { bringHome, type BringHomeDeps } from "./bring_home.ts";

/** How far a drain has come. */
export interface DrainProgress {
  /** Groups it held when it began to leave, and what came since. */
  groups: number;
  /** Groups it holds no more. */
  moved: number;
  /** Groups that other instances may still push to the member by their rings, as it was last found. */
  early: number;
  /** Why groups stay, by their IDs. */
  readonly staying: Map<string, string>;
  /** Groups a second of late; absent until it is known. */
  rate?: number;
  /** Seconds until all is moved that can be; absent while that is not known. */
  secondsLeft?: number;
  /** Whether members that take the groups check each push; absent while that is not known. */
  targetsCheck?: boolean;
}

/** Groups that could not be moved are tried again so long after. */
const AGAIN_MS = 5_000;
/** The same where others pushed to them still. */
const EARLY_MS = 1_000;

/**
 * Moves groups until the member holds none, or only such as cannot be moved, which are tried again
 * until the signal aborts. A drain that ends early leaves each group on at least one member, and the
 * next one goes on from there.
 *
 * @throws where the member cannot be read; the signal's reason when it aborts
 */
export async function drainMember(
  member: Member,
  progress: DrainProgress,
  { deps, signal }: { deps: BringHomeDeps; signal: AbortSignal },
): Promise<void> {
  for (;;) {
    const { times } = await deps.gateways.pushTimes(member, signal);
    progress.groups = Math.max(progress.groups, progress.moved + times.size);
    progress.moved = progress.groups - times.size;
    for (const id of progress.staying.keys()) if (!times.has(id)) progress.staying.delete(id);
    if (times.size === 0) return;
    let [moved, early] = [0, 0];
    await inBatches(times.keys(), { signal }, async (id) => {
      const outcome = await bringHome({ id, from: member, by: "drain" }, deps, signal);
      if (outcome.kind === "stays") {
        progress.staying.set(id, outcome.reason);
      } else if (outcome.kind === "early") {
        early++;
      } else if (outcome.kind !== "changed") {
        moved++;
        progress.moved++;
        progress.staying.delete(id);
      }
    });
    progress.early = early;
    if (moved === 0) await sleep(early > 0 ? EARLY_MS : AGAIN_MS, signal);
    signal.throwIfAborted();
  }
}
