/** When the members of a configuration are in force. Pure. @module */

import type { Snapshot } from "../http/snapshot.ts";
import type { Member } from "../member.ts";

/**
 * Whether those that a reload has put into the file have come in, or cannot yet, and those that it has
 * taken out are out of the ring.
 */
export function areInForce(
  { membership: { records, marked }, ring }: Snapshot,
  { added, removed }: { readonly added: readonly Member[]; readonly removed: readonly Member[] },
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
