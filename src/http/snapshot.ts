/** What a request is answered from: one immutable view, swapped as a whole. @module */

import type { Member } from "../member.ts";
import type { Membership } from "../membership/membership.ts";
import type { HashRing } from "../ring/hash_ring.ts";

/** The members and the ring at one moment. */
export interface Snapshot {
  readonly membership: Membership;
  readonly ring: HashRing;
}

/** The members that hold what users see: those of the ring, and those that are being drained. */
export function servingMembers({ ring, membership }: Snapshot): Member[] {
  const draining = [...membership.records].filter(([, { state }]) => state === "draining");
  return [...new Set([...ring.members, ...draining.map(([member]) => member)])].sort();
}

/** The weight of a member: that on the ring, else the one that discovery lists; absent where neither tells. */
export function weightOf({ ring, membership }: Snapshot, member: Member): number | undefined {
  return ring.weights.get(member) ?? membership.records.get(member)?.listing?.weight;
}

/**
 * Whether a member has been swept, as far as handoff sweeps. One that was not may show copies that are
 * older than others.
 */
export function isSwept({ membership }: Snapshot, member: Member): boolean {
  const record = membership.records.get(member);
  return record?.state !== "joining" || record.verdict !== "up";
}
