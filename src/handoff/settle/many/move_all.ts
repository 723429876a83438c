/**
 * Brings groups from one member to their owners: many at once, and those one by one that need a closer
 * look.
 *
 * @module
 */

import { inBatches } from "../../../concurrency/batches.ts";
import { bringHome, type BringOutcome } from "../bring_home.ts";
import { type ManyMoves, moveMany, type MoveManyDeps } from "./move_many.ts";

/** What became of groups. */
export interface MovedAll {
  readonly moved: number;
  /** Others still push them to the member by their rings. */
  readonly early: ReadonlySet<string>;
  /** They cannot be moved now; with the reason. */
  readonly staying: ReadonlyMap<string, string>;
  /** To be tried again: they were pushed to meanwhile, or there were too many. */
  readonly left: ReadonlySet<string>;
}

/** Groups that are being moved off one member. */
export interface Moves {
  /**
   * Moves groups that the member held a moment ago.
   *
   * @throws as {@linkcode moveMany}
   */
  run(ids: ReadonlySet<string>, signal: AbortSignal): Promise<MovedAll>;
}

/** One that is pushed to so often while it is about to be moved has its turn held until it is. */
const TOUCHED_MAX = 3;

/** Creates moves; which groups are pushed to is remembered from one run to the next. */
export function createMoves(
  { from, by, onMoved }: Omit<ManyMoves, "ids">,
  deps: MoveManyDeps,
): Moves {
  let touches = new Map<string, number>();
  return {
    async run(ids, signal) {
      let moved = 0;
      const left = new Set(ids);
      const isGone = (id: string) => {
        moved++;
        left.delete(id);
        touches.delete(id);
        onMoved(id);
      };
      const many = await moveMany({ ids, from, by, onMoved: isGone }, deps, signal);
      const early = new Set(many.early);
      const staying = new Map(many.staying);
      const alone = new Set(many.careful);
      touches = new Map(many.touched.map((id) => [id, (touches.get(id) ?? 0) + 1]));
      for (const [id, times] of touches) if (times >= TOUCHED_MAX) alone.add(id);
      const take = (id: string, outcome: BringOutcome) => {
        if (outcome.kind === "early") early.add(id);
        else if (outcome.kind === "stays") staying.set(id, outcome.reason);
        else if (outcome.kind !== "changed") isGone(id);
      };
      const ofThose = [...alone].filter((id) => left.has(id));
      await inBatches(ofThose, { signal }, async (id) => {
        take(id, await bringHome({ id, from, by }, deps, signal));
      });
      for (const id of [...early, ...staying.keys()]) left.delete(id);
      // Where nothing was moved, and nobody was in the way, another try would find the same.
      const again = moved > 0 ? left : new Set(many.touched.filter((id) => left.has(id)));
      return { moved, early, staying, left: again };
    },
  };
}
