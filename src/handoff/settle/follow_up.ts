/**
 * Brings groups home that have just been pushed where they lay: soon after, and many together, for a
 * Pushgateway can only be read whole. Nobody waits for it, so a push does not take as long as a move.
 *
 * @module
 */

import { inBatches } from "../../concurrency/batches.ts";
import { sleep } from "../../concurrency/backoff.ts";
import { createWake } from "../../concurrency/wake.ts";
import type { Member } from "../../member.ts";
import { bringHome, type BringHomeDeps } from "./bring_home.ts";

/** Groups that are to be moved. */
export interface FollowUp {
  /** A group lies on a member that does not own it, and was pushed just now. */
  add(id: string, from: Member): void;
  /** Other rings are in use: what others pushed to may be moved now. */
  wake(): void;
  /**
   * Moves what was added, until the signal aborts; what is left then is moved for some seconds more, for
   * a move that is cut off leaves two copies. One that cannot be moved waits for its next push.
   */
  run(signal: AbortSignal): Promise<void>;
}

/** What is left at the end is moved for so long. */
const FINISH_MS_MAX = 5_000;

/** Creates the follow-up, with nothing to do. */
export function createFollowUp(deps: BringHomeDeps): FollowUp {
  /** Several members may hold a group. */
  let due = new Map<string, { readonly id: string; readonly from: Member }>();
  /** Others still push to these by their rings. */
  const early = new Map<string, { readonly id: string; readonly from: Member }>();
  const wake = createWake();
  return {
    add(id, from) {
      due.set(`${from} ${id}`, { id, from });
      wake.raise();
    },
    wake() {
      for (const [name, one] of early) due.set(name, one);
      early.clear();
      wake.raise();
    },
    async run(signal) {
      const [late, over] = [new AbortController(), new AbortController()];
      const finishing = () =>
        void sleep(FINISH_MS_MAX, over.signal).then(() => late.abort(signal.reason));
      signal.addEventListener("abort", finishing, { once: true });
      while (!late.signal.aborted && (!signal.aborted || due.size > 0)) {
        const batch = due.values();
        due = new Map();
        try {
          await inBatches(batch, { signal: late.signal }, async ({ id, from }) => {
            const { kind } = await bringHome({ id, from, by: "push" }, deps, late.signal);
            if (kind === "early") early.set(`${from} ${id}`, { id, from });
          });
        } catch (error) {
          if (!late.signal.aborted) throw error;
        }
        if (due.size === 0) await wake.wait(signal);
      }
      over.abort();
    },
  };
}
