/** Counts the pushes that each member has got. Runs for every push: it costs one look-up in a map. @module */

import type { Member } from "../../member.ts";
import type { Membership } from "../../membership/membership.ts";

/** The counts of pushes, since each member is known. */
export interface PushCounts {
  /** Counts a push that a member has answered, or that was redirected to it. */
  readonly add: (member: Member) => void;
  readonly of: (member: Member) => number;
  /** Forgets members that no longer exist. */
  membershipChanged(membership: Membership): void;
}

/** Creates counts of 0. */
export function createPushCounts(): PushCounts {
  const counts = new Map<Member, { pushes: number }>();
  return {
    add(member) {
      const count = counts.get(member);
      if (count) count.pushes++;
      else counts.set(member, { pushes: 1 });
    },
    of: (member) => counts.get(member)?.pushes ?? 0,
    membershipChanged({ records, ring }) {
      for (const member of counts.keys()) {
        if (!records.has(member) && !ring.has(member)) counts.delete(member);
      }
    },
  };
}
