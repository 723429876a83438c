/** Which members the ring should be made of, by what is known of them. Pure. @module */

import type { Member } from "../member.ts";
import type { Membership, MembershipPolicy } from "./membership.ts";

/**
 * Plans the ring.
 *
 * @param membership what is known; its ring is the present one
 */
export function planRing(
  { ring, ringBasis, discovery, known, records }: Membership,
  { active, unswept, returning, judged, policy }: {
    active: ReadonlyMap<Member, number>;
    /** Those that would be active, had they been swept. */
    unswept: ReadonlyMap<Member, number>;
    returning: ReadonlyMap<Member, number>;
    /** Every member that discovery calls healthy has been probed. */
    judged: boolean;
    policy: MembershipPolicy;
  },
): Pick<Membership, "ring" | "ringBasis"> {
  // Pushes do not wait for sweeps: without any ring the unswept members make one. Those stay in it;
  // where there is a ring, others come in once they are swept.
  const waiting = [...unswept].filter(([member]) => ring.size === 0 || ring.has(member));
  const serving = new Map([...active, ...waiting]);
  // Nobody waits for one that cannot be swept: those that are in the ring stay in it.
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
    // Where our probes are the only opinion, the last to fail them is no likelier to come back than
    // the first: all that are listed stay. Otherwise the last ring does.
    const alone = !policy.secondOpinion || !known;
    return {
      ring: alone && judged && listed.length > 0 ? new Map(listed) : ring,
      ringBasis: "kept",
    };
  }
  if (discovery === "pending" || !judged) return { ring, ringBasis };
  // None was ever active: those that discovery or the file name, for what it is worth.
  const named = listed.length > 0
    ? listed
    : policy.configured.map((member) => [member, 1] as const);
  return named.length > 0 ? { ring: new Map(named), ringBasis: "kept" } : { ring, ringBasis };
}
