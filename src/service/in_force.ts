/** Tells when the members of a configuration are in force. Pure. @module */

import type { Snapshot } from "../http/snapshot.ts";
import type { Member } from "../member.ts";

/** The members that a reload adds and removes. */
export interface MembersChange {
  readonly added: readonly Member[];
  readonly removed: readonly Member[];
}

/** Whether the added members are in the ring, or cannot be yet, and the removed ones are out of it. */
export function areInForce(
  { membership: { records, marked }, ring }: Snapshot,
  { added, removed }: MembersChange,
): boolean {
  const isIn = (member: Member) => {
    const record = records.get(member);
    if (!record) return false;
    // What keeps it out has nothing to do with the reload.
    return ring.weights.has(member) || record.verdict === "down" || record.aliasOf !== undefined ||
      marked.has(member);
  };
  return added.every(isIn) && !removed.some((member) => ring.weights.has(member));
}

/** Returns the members that discovery lists. */
export function listedMembers({ membership: { records } }: Snapshot): Member[] {
  return [...records].flatMap(([member, { listing }]) => listing ? [member] : []);
}

/** Returns the change to what discovery lists, if discovery alone decides who the members are. */
export function changeToListed(snapshot: Snapshot, before: readonly Member[]): MembersChange {
  const listed = new Set(listedMembers(snapshot));
  return {
    added: [...listed].filter((member) => !before.includes(member)),
    removed: snapshot.ring.members.filter((member) => !listed.has(member)),
  };
}
