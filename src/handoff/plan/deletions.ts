/**
 * Groups that were deleted while a member that may hold a copy did not answer. When that member is read
 * again, its copy would be the only one, and would look like a live one. Pure state.
 *
 * @module
 */

import type { Member } from "../../member.ts";
import type { PushTimes } from "../../pushgateway/push_times.ts";
import { pushedAt } from "./inventory.ts";

/** Deletions that some member has not heard of. */
export interface Deletions {
  /** When each group was deleted, in Unix seconds of our clock, by its ID. */
  readonly pending: ReadonlyMap<string, number>;
  /** Called when a group was deleted at this time (Unix seconds), but not on these members. */
  note(id: string, at: number, unheard: Iterable<Member>): void;
  /**
   * Called when a member was read.
   *
   * @param beganAt when that began, Unix seconds of our clock
   */
  read(member: Member, what: Pick<PushTimes, "times" | "clockAhead">, beganAt: number): void;
  /** Called when a member is gone for good. */
  forget(member: Member): void;
}

/** The oldest are forgotten beyond this number: a script deletes a thousand, a mistake ten thousand. */
const PENDING_MAX = 10_000;

/** Creates the memory, with no deletions. */
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
      settle(id); // moves it to the end of the order
      pending.set(id, at);
      unheard.set(id, new Set(members));
      const [oldest] = pending.keys();
      if (pending.size > PENDING_MAX) settle(oldest);
    },
    read(member, what, beganAt) {
      for (const [id, at] of pending) {
        if (at >= beganAt) continue;
        const pushed = pushedAt(id, what);
        // A copy that is still there is deleted first, and looked for again.
        if (!pushed || pushed.max >= at) heard(id, member);
      }
    },
    forget(member) {
      for (const id of [...unheard.keys()]) heard(id, member);
    },
  };
}
