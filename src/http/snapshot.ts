/** The immutable view that a request is answered from. It is replaced as a whole. @module */

import type { Member } from "../member.ts";
import type { Membership } from "../membership/membership.ts";
import type { HashRing } from "../ring/hash_ring.ts";

/** The members and the ring at one moment. */
export interface Snapshot {
  readonly membership: Membership;
  readonly ring: HashRing;
}

/** Returns the members whose groups users see: those on the ring, and those that drain. */
export function servingMembers({ ring, membership }: Snapshot): Member[] {
  const draining = [...membership.records].filter(([, { state }]) => state === "draining");
  return [...new Set([...ring.members, ...draining.map(([member]) => member)])].sort();
}

/**
 * Returns the weight of a member: its weight on the ring, or else in discovery. `undefined` if neither knows
 * it.
 */
export function weightOf({ ring, membership }: Snapshot, member: Member): number | undefined {
  return ring.weights.get(member) ?? membership.records.get(member)?.listing?.weight;
}

/**
 * Whether a member has been swept, or handoff does not sweep it. A member that still has to be swept may show
 * outdated copies.
 */
export function isSwept({ membership }: Snapshot, member: Member): boolean {
  const record = membership.records.get(member);
  return record?.state !== "joining" || record.verdict !== "up";
}
