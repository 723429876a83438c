/** The immutable view that a request is answered from. It is replaced as a whole. @module */

import type { Member } from "../member.ts";
import type { Membership } from "../membership/membership.ts";
import { HashRing } from "../ring/hash_ring.ts";

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

/** The rings that {@linkcode joiningRing} has built. */
const JOINING = new WeakMap<Snapshot, HashRing>();
/** A ring of so many members is built within a few milliseconds. */
const JOINING_MAX = 10;

/**
 * Returns a ring of the active members that are not on the ring yet, or of ten of them. They join it when it is
 * published next, because changes are gathered for a moment.
 */
export function joiningRing(snapshot: Snapshot): HashRing {
  const built = JOINING.get(snapshot);
  if (built) return built;
  const { ring, membership } = snapshot;
  const joining = membership.ring.entries().filter(([member]) => {
    const record = membership.records.get(member);
    return !ring.weights.has(member) && record?.state === "active" && record.verdict === "up";
  }).take(JOINING_MAX);
  const made = HashRing.of(new Map(joining));
  JOINING.set(snapshot, made);
  return made;
}
