/** Empties a member that is about to leave: each group goes to its owner on the ring. @module */

import { sleep } from "../../concurrency/backoff.ts";
import type { Member } from "../../member.ts";
import { cooperate } from "../../concurrency/cooperate.ts";
import { LargeMap } from "../../concurrency/large_map.ts";
import { createMoves } from "./many/move_all.ts";
import type { Chosen } from "./many/move_many.ts";
import type { MoveManyDeps } from "./many/pass.ts";

/** The progress of a drain. */
export interface DrainProgress {
  /** The groups that the member held when it began to leave, and those that were added since. */
  groups: number;
  /** The groups that it no longer holds. */
  moved: number;
  /** Groups that other instances may still push to the member by their rings, as of the last look. */
  early: number;
  /** Why groups stay, by their IDs. */
  readonly staying: Map<string, string>;
  /** Groups per second, lately. Absent until it is known. */
  rate?: number;
  /** Seconds until all groups are moved that can be moved. Absent while it is not known. */
  secondsLeft?: number;
  /** Whether members that take the groups check each push. Absent while it is not known. */
  targetsCheck?: boolean;
}

/** A Pushgateway deletes after it has answered: it is read again this many times, with this delay in ms. */
const [DELETED_LOOKS_MAX, DELETED_MS] = [20, 50];
/** Groups processed between two yields. */
const GROUPS_A_STEP = 1_000;
/** Delay before groups that could not be moved are tried again. */
const AGAIN_MS = 5_000;
/** The same delay, if other instances still pushed to those groups. */
const EARLY_MS = 1_000;

/**
 * Moves groups until the member holds none. Groups that cannot be moved are tried again until the drain is to
 * stop. A drain that the signal ends leaves each group on at least one member, and the next drain goes on
 * from there.
 *
 * @returns whether the member is empty; `false` if the drain was stopped
 * @param options.stop ends the drain when the sources of its copies have been deleted. Never by default
 * @throws if the member cannot be read; the signal's reason when it aborts
 */
export async function drainMember(
  member: Member,
  progress: DrainProgress,
  { deps, stop, signal }: {
    readonly deps: MoveManyDeps;
    readonly stop?: AbortSignal;
    readonly signal: AbortSignal;
  },
): Promise<boolean> {
  /** Groups that were deleted a moment ago, with their push times: the member may still show them. */
  let deleted = new LargeMap<number>();
  let times: ReadonlyMap<string, number> = new Map();
  const moves = createMoves({
    from: member,
    towards: () => deps.rings.present.members.filter((other) => other !== member),
    by: "drain",
    onMoved(id) {
      progress.moved++;
      progress.staying.delete(id);
      deleted.set(id, times.get(id) ?? NaN);
    },
  }, deps);
  async function choose(found: ReadonlyMap<string, number>): Promise<Chosen> {
    times = found;
    const ids = await cooperate(thoseLeft(), signal);
    progress.groups = Math.max(progress.groups, progress.moved + ids.size);
    progress.moved = progress.groups - ids.size;
    for (const id of progress.staying.keys()) if (!ids.has(id)) progress.staying.delete(id);
    return ids;
  }

  function* thoseLeft(): Generator<void, LargeMap<number>> {
    const ids = new LargeMap<number>();
    let steps = 0;
    for (const [id, time] of times) {
      if (deleted.get(id) !== time) ids.set(id, time);
      if (++steps % GROUPS_A_STEP === 0) yield;
    }
    return ids;
  }

  const waiting = stop ? AbortSignal.any([signal, stop]) : signal;
  for (let looks = 0;;) {
    const { moved, early, staying, chosen } = await moves.run(choose, signal, stop);
    if (times.size === 0) return true;
    if (chosen > 0) {
      looks = 0;
      for (const [id, reason] of staying) progress.staying.set(id, reason);
      progress.early = early.size;
      if (moved === 0) await sleep(early.size > 0 ? EARLY_MS : AGAIN_MS, waiting);
    } else {
      if (++looks === DELETED_LOOKS_MAX) deleted = new LargeMap();
      await sleep(DELETED_MS, waiting);
    }
    signal.throwIfAborted();
    if (stop?.aborted) return false;
  }
}
