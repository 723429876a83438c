/**
 * Brings groups from one member to their owners: many at once, and those one by one that need a closer
 * look.
 *
 * @module
 */

import { inBatches } from "../../../concurrency/batches.ts";
import { bringHome, type BringOutcome } from "../bring_home.ts";
import { type Choose, type Chosen, type ManyMoves, moveMany, type NotMoved } from "./move_many.ts";
import type { MoveManyDeps } from "./pass.ts";

/** What became of groups. */
export interface MovedAll {
  readonly moved: number;
  /** Others still push them to the member by their rings. */
  readonly early: ReadonlySet<string>;
  /** They cannot be moved now; with the reason. */
  readonly staying: ReadonlyMap<string, string>;
  /** Those that are to be tried again: they were pushed to meanwhile, or there were too many. */
  left(): string[];
  /** How many were to be moved. */
  readonly chosen: number;
}

/** Groups that are being moved off one member. */
export interface Moves {
  /**
   * Moves groups.
   *
   * @param groups which, or what says so
   * @param stop ends it early, without leaving two copies of any; never by default
   * @throws as {@linkcode moveMany}
   */
  run(groups: Chosen | Choose, signal: AbortSignal, stop?: AbortSignal): Promise<MovedAll>;
}

/** One that is pushed to so often while it is about to be moved has its turn held until it is. */
const TOUCHED_MAX = 3;
/** A follow-up tries so often again what was not moved for no reason that is known. */
const RETRIES_MAX = 3;
/** While another process moves many off the same member, or Consul does not answer. */
const ONE_BY_ONE_MAX = 256;

/** Creates moves; which groups are pushed to is remembered from one run to the next. */
export function createMoves(
  { from, towards, by, onMoved }: Omit<ManyMoves, "groups">,
  deps: MoveManyDeps,
): Moves {
  let touches = new Map<string, number>();
  const retries = new Map<string, number>();

  /**
   * Each group has its turn held from its copy to its deletion: others need not be told of the copy. A few
   * only: soon many can be moved at once again.
   */
  async function oneByOne(groups: Chosen | Choose, signal: AbortSignal): Promise<NotMoved> {
    const chosen = typeof groups === "function"
      ? await groups((await deps.gateways.pushTimes(from, signal)).times)
      : groups;
    const careful = new Set(Iterator.from(chosen.keys()).take(ONE_BY_ONE_MAX));
    const isCutShort = careful.size < chosen.size;
    return { early: new Set(), staying: new Map(), careful, touched: [], chosen, isCutShort };
  }

  /** Of some nothing is known but that they were not moved: their owner could not be read, or took nothing. */
  function isRetried(id: string): boolean {
    const count = (retries.get(id) ?? 0) + 1;
    if (count > RETRIES_MAX) retries.delete(id);
    else retries.set(id, count);
    return count <= RETRIES_MAX;
  }

  return {
    async run(groups, signal, stop) {
      const gone = new Set<string>();
      const isGone = (id: string) => {
        gone.add(id);
        touches.delete(id);
        retries.delete(id);
        onMoved(id);
      };
      const asked = {
        groups,
        from,
        ...(towards && { towards }),
        by,
        ...(stop && { stop }),
        onMoved: isGone,
      };
      const move = (signal: AbortSignal) => moveMany(asked, deps, signal);
      const many = await deps.exclusive.whileMoving(from, move, signal) ??
        await oneByOne(groups, signal);
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
      const ofThose = [...alone].filter((id) => !gone.has(id));
      await inBatches(ofThose, { signal }, async (id) => {
        if (!stop?.aborted) take(id, await bringHome({ id, from, by }, deps, signal));
      });
      // Where nothing was moved, and nobody was in the way, another try would find the same.
      const again = gone.size > 0 || many.isCutShort ? many.chosen.keys() : many.touched;
      const isLeft = (id: string) => !gone.has(id) && !early.has(id) && !staying.has(id);
      const left = () => {
        const known = new Set(again);
        return [...many.chosen.keys()].filter((id) =>
          isLeft(id) && (known.has(id) || isRetried(id))
        );
      };
      return { moved: gone.size, early, staying, left, chosen: many.chosen.size };
    },
  };
}
