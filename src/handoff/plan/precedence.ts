/**
 * Decides which ring contested groups go by, of those that could take precedence one after the other.
 *
 * A client may follow a redirect by the former ring for a moment after all instances go by another one. Until
 * then a copy on the former owner cannot be deleted, and a group that was pushed to its next owner would have
 * two copies. Whoever scrapes both would see a push on one of them before the other, and then the former
 * value. So the former ring keeps precedence for as long as such redirects count, and groups change their
 * owner afterwards, with one push each.
 *
 * Instances find out at slightly different times that this is over. The first one goes on to push such groups
 * under their locks until the others have found out too.
 *
 * Pure state. The clock is a parameter.
 *
 * @module
 */

import type { HashRing } from "../../ring/hash_ring.ts";

/** The ring that takes precedence. */
export interface Precedence {
  /** The ring that contested groups go by. */
  readonly ring: HashRing;
  /** This ring, and the one before while other instances may still go by it. */
  readonly rings: readonly HashRing[];
  /**
   * Called when another ring may take precedence.
   *
   * @param next.ring the ring that takes precedence by what is announced now
   * @param next.isAgreed whether all instances have heard of it, and of this one
   * @param next.isAlone whether there are no other instances
   * @param next.stands whether all other instances still count the ring that takes precedence now as one in use
   */
  follow(next: {
    readonly ring: HashRing;
    readonly isAgreed: boolean;
    readonly isAlone: boolean;
    readonly stands: boolean;
  }): void;
  /** When time alone changes what is said here, in ms by the clock. */
  readonly endsMs: readonly number[];
}

/** How much later than the first one another instance may find out that another ring takes precedence. */
export const HANDOVER_MS = 1_000;
/** How often a ring waits at most, if each time another one is announced before it takes over. */
const WAITS_MAX = 4;

/**
 * Creates the state.
 *
 * @param initial the ring that takes precedence at first. Another one takes over from it at once
 * @param deps.clock in milliseconds
 * @param deps.waitMs how long an agreed ring keeps precedence after another one is announced in its place
 */
export function createPrecedence(
  initial: HashRing,
  { clock, waitMs }: { readonly clock: () => number; readonly waitMs: number },
): Precedence {
  let leader = initial;
  /** Whether all instances had heard of the leader. If not, there is nothing to wait for. */
  let wasAgreed = false;
  /** The ring that is about to take over, when it does so, and when it does so at the latest. */
  let next: { readonly hash: number; readonly atMs: number; readonly lastMs: number } | undefined;
  let former: { readonly ring: HashRing; readonly untilMs: number } | undefined;

  /** Whether another ring takes over now. */
  function isDue({ hash }: HashRing): boolean {
    const nowMs = clock();
    if (next?.hash !== hash) {
      const lastMs = next?.lastMs ?? nowMs + WAITS_MAX * waitMs;
      next = { hash, atMs: Math.min(nowMs + waitMs, lastMs), lastMs };
    }
    return nowMs >= next.atMs;
  }

  return {
    get ring() {
      return leader;
    },
    get rings() {
      return former && clock() < former.untilMs ? [leader, former.ring] : [leader];
    },
    follow({ ring, isAgreed, isAlone, stands }) {
      const isSame = ring.hash === leader.hash;
      const waits = !isSame && wasAgreed && stands && ring.members.length > 0;
      if (waits && !isDue(ring)) return;
      if (!isSame) {
        former = wasAgreed && !isAlone
          ? { ring: leader, untilMs: clock() + HANDOVER_MS }
          : undefined;
      }
      leader = ring;
      next = undefined;
      wasAgreed = isAgreed && ring.members.length > 0;
    },
    get endsMs() {
      return [next?.atMs ?? Infinity, former?.untilMs ?? Infinity];
    },
  };
}
