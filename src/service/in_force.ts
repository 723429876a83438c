/** When the members of a configuration are in force. Pure. @module */

import type { Snapshot } from "../http/snapshot.ts";
import type { Member } from "../member.ts";

/** Who comes and who goes by a reload. */
export interface MembersChange {
  readonly added: readonly Member[];
  readonly removed: readonly Member[];
}

/** Whether those who come have come in, or cannot yet, and those who go are out of the ring. */
export function areInForce(
  { membership: { records, marked }, ring }: Snapshot,
  { added, removed }: MembersChange,
): boolean {
  const isIn = (member: Member) => {
    const record = records.get(member);
    if (!record) return false;
    // What keeps it out is no matter of the reload.
    return ring.weights.has(member) || record.verdict === "down" || record.aliasOf !== undefined ||
      marked.has(member);
  };
  return added.every(isIn) && !removed.some((member) => ring.weights.has(member));
}

/** The members that discovery lists. */
export function listedMembers({ membership: { records } }: Snapshot): Member[] {
  return [...records].flatMap(([member, { listing }]) => listing ? [member] : []);
}

/** The change to what discovery lists, where nobody but discovery says who the members are. */
export function changeToListed(snapshot: Snapshot, before: readonly Member[]): MembersChange {
  const listed = new Set(listedMembers(snapshot));
  return {
    added: [...listed].filter((member) => !before.includes(member)),
    removed: snapshot.ring.members.filter((member) => !listed.has(member)),
  };
}
