/**
 * Moves groups from one member to their owners: many at once, or one by one if they need a closer look.
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
  /** Groups that other instances still push to the member by their rings. */
  readonly early: ReadonlySet<string>;
  /** Groups that cannot be moved now, with the reasons. */
  readonly staying: ReadonlyMap<string, string>;
  /**
   * Returns the other groups, which are to be tried again: what prevented their move may be over, or there
   * were too many.
   */
  left(): string[];
  /** How many groups were to be moved. */
  readonly chosen: number;
}

/** Moves groups off one member. */
export interface Moves {
  /**
   * Moves groups.
   *
   * @param groups the groups, or a function that chooses them
   * @param stop ends the move early, without leaving two copies of any group. Never by default
   * @throws as {@linkcode moveMany}
   */
  run(groups: Chosen | Choose, signal: AbortSignal, stop?: AbortSignal): Promise<MovedAll>;
}

/**
 * If a group could not be moved with many others this often in a row, its turn is held until it is moved,
 * because it may be pushed to all the time.
 */
const TOUCHED_MAX = 3;
/** If a group could not be moved this often in a row, it stays where it is until it is pushed again. */
const TRIES_MAX = 8;
/**
 * Groups that one run moves one by one. If another process moves many groups off the same member, or Consul
 * does not answer, these are all that it moves.
 */
const ONE_BY_ONE_MAX = 256;

/** Creates moves, which remember from one run to the next which groups are pushed to. */
export function createMoves(
  { from, towards, by, onMoved }: Omit<ManyMoves, "groups">,
  deps: MoveManyDeps,
): Moves {
  /** How often groups could not be moved, in a row. */
  let tries = new Map<string, number>();

  /**
   * Chooses groups to be moved one by one. The turn of such a group is held from its copy to its deletion, so
   * other instances need not be told of the copy. Only a few are chosen: soon many can be moved at once
   * again.
   */
  async function oneByOne(groups: Chosen | Choose, signal: AbortSignal): Promise<NotMoved> {
    const chosen = typeof groups === "function"
      ? await groups((await deps.gateways.pushTimes(from, signal)).times)
      : groups;
    const careful = new Set(Iterator.from(chosen.keys()).take(ONE_BY_ONE_MAX));
    return { early: new Set(), staying: new Map(), careful, touched: [], chosen };
  }

  return {
    async run(groups, signal, stop) {
      const gone = new Set<string>();
      const isGone = (id: string) => {
        gone.add(id);
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
      const before = tries;
      tries = new Map();
      const failed = (id: string) => {
        const count = before.get(id) ?? 0;
        tries.set(id, count < TRIES_MAX ? count + 1 : 1);
      };
      many.touched.forEach(failed);
      const touchedOften = many.touched.filter((id) => (tries.get(id) ?? 0) >= TOUCHED_MAX);
      const alone = [...many.careful, ...touchedOften.slice(0, ONE_BY_ONE_MAX)];
      const take = (id: string, outcome: BringOutcome) => {
        if (outcome.kind === "early") early.add(id);
        else if (outcome.kind === "stays") staying.set(id, outcome.reason);
        else if (outcome.kind !== "changed") isGone(id);
        else if (many.careful.has(id)) failed(id);
      };
      await inBatches(alone, { signal }, async (id) => {
        if (!stop?.aborted) take(id, await bringHome({ id, from, by }, deps, signal));
      });
      const told = [gone, early, staying];
      const isLeft = (id: string) =>
        !told.some((ids) => ids.has(id)) && (tries.get(id) ?? 0) < TRIES_MAX;
      const left = () => [...many.chosen.keys()].filter(isLeft);
      return { moved: gone.size, early, staying, left, chosen: many.chosen.size };
    },
  };
}
