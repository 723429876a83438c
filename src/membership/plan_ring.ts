/** Decides which members the ring is made of. Pure. @module */

import type { Member } from "../member.ts";
import type { Membership, MembershipPolicy } from "./membership.ts";

/**
 * Plans the ring.
 *
 * @param membership what is known, with the current ring
 */
export function planRing(
  { ring, ringBasis, discovery, known, records }: Membership,
  { active, unswept, returning, judged, policy }: {
    active: ReadonlyMap<Member, number>;
    /** Members that would be active if they had been swept. */
    unswept: ReadonlyMap<Member, number>;
    returning: ReadonlyMap<Member, number>;
    /** Whether every member that discovery calls healthy has been probed. */
    judged: boolean;
    policy: MembershipPolicy;
  },
): Pick<Membership, "ring" | "ringBasis"> {
  // Pushes do not wait for sweeps: without a ring, members that were not swept make one, and stay in it.
  // If there is a ring, others join when they have been swept.
  const waiting = [...unswept].filter(([member]) => ring.size === 0 || ring.has(member));
  const serving = new Map([...active, ...waiting]);
  // A member that cannot be swept does not hold up the others: those in the ring stay in it.
  const settled = judged && (ring.size === 0 || active.size > 0);
  if (serving.size > 0) {
    return ringBasis === "active" || settled
      ? { ring: new Map([...serving, ...returning]), ringBasis: "active" }
      : { ring, ringBasis };
  }
  const listed = [...records].flatMap(([member, { listing }]) =>
    listing ? [[member, listing.weight] as const] : []
  );
  if (ring.size > 0) {
    // If only our probes decide, the last member to fail them is no more likely to come back than the
    // first one: all listed members stay. Otherwise the last ring stays.
    const alone = !policy.secondOpinion || !known;
    return {
      ring: alone && judged && listed.length > 0 ? new Map(listed) : ring,
      ringBasis: "kept",
    };
  }
  if (discovery === "pending" || !judged) return { ring, ringBasis };
  // No member was ever active: use those that discovery or the file names.
  const named = listed.length > 0
    ? listed
    : policy.configured.map((member) => [member, 1] as const);
  return named.length > 0 ? { ring: new Map(named), ringBasis: "kept" } : { ring, ringBasis };
}
