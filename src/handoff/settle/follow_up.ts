/**
 * Brings groups home that have just been pushed where they lay: soon after, and many together, for a
 * Pushgateway can only be read whole. Nobody waits for it, so a push does not take as long as a move.
 *
 * @module
 */

import type { Member } from "../../member.ts";
import { createWake } from "../../concurrency/wake.ts";
import { inBatches } from "../../concurrency/batches.ts";
import { bringHome, type BringHomeDeps } from "./bring_home.ts";

/** Groups that are to be moved. */
export interface FollowUp {
  /** A group was pushed to a member that does not own it. */
  add(id: string, from: Member): void;
  /** Moves what was added, until the signal aborts. One that cannot be moved waits for its next push. */
  run(signal: AbortSignal): Promise<void>;
}

/** Makes one that has nothing to do. */
export function createFollowUp(deps: BringHomeDeps): FollowUp {
  let due = new Map<string, Member>();
  const wake = createWake();
  return {
    add(id, from) {
      due.set(id, from);
      wake.raise();
    },
    async run(signal) {
      while (!signal.aborted) {
        const batch = due;
        due = new Map();
        try {
          await inBatches(batch, { signal }, async ([id, from]) => {
            await bringHome({ id, from, by: "push" }, deps, signal);
          });
        } catch (error) {
          if (!signal.aborted) throw error;
        }
        await wake.wait(signal);
      }
    },
  };
}
