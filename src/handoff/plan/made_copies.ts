/** Copies that moves have made of groups whose source is not deleted yet. Pure state. @module */

import type { Member } from "../../member.ts";

/** A whole copy that was made of a group. */
export interface MadeCopy {
  readonly from: Member;
  readonly to: Member;
  /** The start time of the process of `to`, if it is known. */
  readonly started?: string;
}

/** The copies that were made and whose source has not been deleted. */
export interface MadeCopies {
  add(id: string, copy: MadeCopy): void;
  /** Whether a whole copy of what one member holds is on another member. */
  has(id: string, copy: Pick<MadeCopy, "from" | "to">): boolean;
  /** Returns the copies of one group. */
  of(id: string): readonly MadeCopy[];
  /** Called when a group was pushed to a member: a copy that was made from there is no longer whole. */
  pushed(id: string, member: Member): void;
  /** Called when a copy was deleted, the source or the new one. */
  removed(id: string, member: Member): void;
  /** Called when a member has other data, or none. */
  forget(member: Member): void;
  /** Forgets one group. */
  forgetGroup(id: string): void;
}

/** Creates an empty record of copies. */
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
