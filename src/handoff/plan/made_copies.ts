/** Copies of groups that were made by moves, while what they were made of is there still. Pure state. @module */

import type { Member } from "../../member.ts";

/** A copy of a group that was made, whole. */
export interface MadeCopy {
  readonly from: Member;
  readonly to: Member;
  /** When the process of `to` had started, where that is known. */
  readonly started?: string;
}

/** Copies that were made. */
export interface MadeCopies {
  add(id: string, copy: MadeCopy): void;
  /** Whether a whole copy of what one member holds is on another one. */
  has(id: string, copy: Pick<MadeCopy, "from" | "to">): boolean;
  /** Those of one group. */
  of(id: string): readonly MadeCopy[];
  /** A member was pushed to: what was made of its copy does not hold all any more. */
  pushed(id: string, member: Member): void;
  /** A copy was deleted, be it the former or the latter one. */
  removed(id: string, member: Member): void;
  /** A member has other data now, or none. */
  forget(member: Member): void;
  /** Nothing can be said any more of one group. */
  forgetGroup(id: string): void;
}

/** Creates the record of no copies. */
export function createMadeCopies(): MadeCopies {
  const bySource = new Map<Member, Map<string, MadeCopy>>();

  function pushed(id: string, member: Member): void {
    bySource.get(member)?.delete(id);
  }

  return {
    add(id, copy) {
      const made = bySource.get(copy.from) ?? new Map<string, MadeCopy>();
      bySource.set(copy.from, made.set(id, copy));
    },
    has: (id, { from, to }) => bySource.get(from)?.get(id)?.to === to,
    of: (id) => [...bySource.values()].flatMap((made) => made.get(id) ?? []),
    pushed,
    removed(id, member) {
      pushed(id, member);
      for (const made of bySource.values()) if (made.get(id)?.to === member) made.delete(id);
    },
    forget(member) {
      bySource.delete(member);
      for (const made of bySource.values()) {
        for (const [id, { to }] of made) if (to === member) made.delete(id);
      }
    },
    forgetGroup(id) {
      for (const made of bySource.values()) made.delete(id);
    },
  };
}
