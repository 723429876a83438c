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
  /** The others that are to be tried again: something was in the way that may be over, or there were too many. */
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

/**
 * One that could not be moved with many others so often in a row has its turn held until it is moved: it may be
 * pushed to all the time.
 */
const TOUCHED_MAX = 3;
/** One that could not be moved so often in a row is left where it is, until it is pushed once more. */
const TRIES_MAX = 8;
/** Of one run. While another process moves many off the same member, or Consul does not answer, all it moves. */
const ONE_BY_ONE_MAX = 256;

/** Creates moves; which groups are pushed to is remembered from one run to the next. */
export function createMoves(
  { from, towards, by, onMoved }: Omit<ManyMoves, "groups">,
  deps: MoveManyDeps,
): Moves {
  /** How often groups could not be moved, in a row. */
  let tries = new Map<string, number>();

  /**
   * Each group has its turn held from its copy to its deletion: others need not be told of the copy. A few
   * only: soon many can be moved at once again.
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
