/**
 * What was deleted while a member that may hold it did not hear of it: when that one is read again, its
 * copy would be the only one, and so a live one. Pure state.
 *
 * @module
 */

import type { Member } from "../../member.ts";
import type { PushTimes } from "../../pushgateway/push_times.ts";
import { pushedAt } from "./inventory.ts";

/** Deletions that some member has not heard of. */
export interface Deletions {
  /** Unix seconds of our clock, by group ID. */
  readonly pending: ReadonlyMap<string, number>;
  /** A group was deleted at this time (Unix seconds), but on these members. */
  note(id: string, at: number, unheard: Iterable<Member>): void;
  /**
   * A member was read.
   *
   * @param beganAt when that began, Unix seconds of our clock
   */
  read(member: Member, what: Pick<PushTimes, "times" | "clockAhead">, beganAt: number): void;
  /** A member is gone for good. */
  forget(member: Member): void;
}

/** The oldest are given up: a thousand are deleted by a script, ten thousand by a mistake. */
const PENDING_MAX = 10_000;

/** Creates the memory of no deletion. */
export function createDeletions(): Deletions {
  const pending = new Map<string, number>();
  const unheard = new Map<string, Set<Member>>();

  function heard(id: string, member: Member): void {
    const members = unheard.get(id);
    members?.delete(member);
    if (members?.size === 0) settle(id);
  }

  function settle(id: string): void {
    pending.delete(id);
    unheard.delete(id);
  }

  return {
    pending,
    note(id, at, members) {
      settle(id); // to the end of the order
      pending.set(id, at);
      unheard.set(id, new Set(members));
      const [oldest] = pending.keys();
      if (pending.size > PENDING_MAX) settle(oldest);
    },
    read(member, what, beganAt) {
      for (const [id, at] of pending) {
        if (at >= beganAt) continue;
        const pushed = pushedAt(id, what);
        // One that is there still is deleted first, and looked for again.
        if (!pushed || pushed.max >= at) heard(id, member);
      }
    },
    forget(member) {
      for (const id of [...unheard.keys()]) heard(id, member);
    },
  };
}
