/** Decides whether the service is ready for pushes, and if not, why. @module */

import type { Snapshot } from "../snapshot.ts";

/**
 * Ready if there is a ring of active members. A ring that is kept because no member is active still answers
 * pushes, but the instance is not ready.
 */
export function readiness({ membership, ring }: Snapshot): { ready: boolean; reason: string } {
  const { ringBasis, discovery, known, records } = membership;
  const look = known ? "last look-up" : "first look-up";
  const lookup = discovery === "failed" ? `, and the ${look} of members failed` : "";
  if (ring.members.length === 0) {
    return discovery === "pending"
      ? { ready: false, reason: "waiting for the first look-up of members" }
      : { ready: false, reason: `no member is known${lookup}` };
  }
  if (ringBasis !== "active") {
    const listed = [...records.values()].filter(({ listing }) => listing).length;
    const found = listed === 0
      ? "discovery lists no member"
      : `none of ${listed} listed members is active`;
    return { ready: false, reason: `${found}; the last ring is kept${lookup}` };
  }
  const { length } = ring.members;
  return { ready: true, reason: `${length} ${length === 1 ? "member" : "members"}${lookup}` };
}
