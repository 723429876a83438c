/**
 * Moves groups to their owners that have just been pushed where they lay: soon after, and many together,
 * because a Pushgateway can only be read as a whole. No push waits for the move.
 *
 * @module
 */

import { sleep } from "../../concurrency/backoff.ts";
import { createWake } from "../../concurrency/wake.ts";
import { LockFailure } from "../../consul/locks/locks.ts";
import type { Member } from "../../member.ts";
import { MemberFailure } from "../gateways.ts";
import { createMoves, type Moves } from "./many/move_all.ts";
import type { MoveManyDeps } from "./many/pass.ts";

/** Groups that are to be moved. */
export interface FollowUp {
  /** Adds a group that lies on a member that does not own it, and that was pushed just now. */
  add(id: string, from: Member): void;
  /**
   * Adds a group that was pushed just now, and that gets another owner when former rings are out of use for all
   * instances. Until then another instance may push to its former owner.
   */
  addLater(id: string, from: Member): void;
  /**
   * Called when other rings are in use: groups that other instances pushed to may be moved now.
   *
   * @param areOut whether all former rings are out of use
   */
  wake(areOut: boolean): void;
  /**
   * Moves the added groups until the signal aborts. Groups that are left then are moved for up to 5 s more,
   * because a move that is cut off leaves two copies. A group that cannot be moved waits for its next push.
   */
  run(signal: AbortSignal): Promise<void>;
}

/** How long groups that are left at the end are moved. */
const FINISH_MS_MAX = 5_000;
/** Groups that are pushed within this time are moved together. */
const GATHER_MS = 50;

/** Creates the follow-up, with nothing to do. */
export function createFollowUp(deps: MoveManyDeps): FollowUp {
  /** Groups to be moved, by the member that holds them. Several members may hold a group. */
  let due = new Map<Member, Set<string>>();
  /** Groups that other instances still push to these members by their rings. */
  const early = new Map<Member, Set<string>>();
  /** Groups that are to be moved when no former ring is in use. */
  const later = new Map<Member, Set<string>>();
  /** How often other rings have come into use. */
  let wakes = 0;
  const moves = new Map<Member, Moves>();
  const wake = createWake();

  function movesOff(from: Member): Moves {
    const known = moves.get(from) ?? createMoves({ from, by: "push", onMoved() {} }, deps);
    moves.set(from, known);
    return known;
  }

  async function move(from: Member, ids: ReadonlySet<string>, signal: AbortSignal): Promise<void> {
    try {
      const wakesBefore = wakes;
      const outcome = await movesOff(from).run(ids, signal);
      // Early groups may not be early any more, if other rings have come into use during the move.
      note(wakes === wakesBefore ? early : due, from, outcome.early);
      note(due, from, outcome.left());
    } catch (error) {
      if (signal.aborted) return;
      const isExpected = error instanceof MemberFailure || error instanceof LockFailure;
      if (!isExpected) throw error;
      deps.report.failed(error instanceof LockFailure ? "lock" : "copy", error);
    }
  }

  return {
    add(id, from) {
      note(due, from, [id]);
      wake.raise();
    },
    addLater: (id, from) => note(later, from, [id]),
    wake(areOut) {
      wakes++;
      for (const waiting of areOut ? [early, later] : [early]) {
        for (const [from, ids] of waiting) note(due, from, ids);
        waiting.clear();
      }
      wake.raise();
    },
    async run(signal) {
      const [late, over] = [new AbortController(), new AbortController()];
      const finishing = () =>
        void sleep(FINISH_MS_MAX, over.signal).then(() => late.abort(signal.reason));
      signal.addEventListener("abort", finishing, { once: true });
      while (!late.signal.aborted && (!signal.aborted || due.size > 0)) {
        if (due.size > 0) await sleep(GATHER_MS, signal);
        const batch = due;
        due = new Map();
        await Promise.all([...batch].map(([from, ids]) => move(from, ids, late.signal)));
        if (due.size === 0) await wake.wait(signal);
      }
      over.abort();
    },
  };
}

function note(all: Map<Member, Set<string>>, from: Member, ids: Iterable<string>): void {
  const known = all.get(from) ?? new Set<string>();
  for (const id of ids) known.add(id);
  if (known.size > 0) all.set(from, known);
}
