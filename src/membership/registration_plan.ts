/** Decides which configured members to register in Consul, by what membership knows. @module */

import type { RegistrationPlan } from "../consul/registration.ts";
import type { Member } from "../member.ts";
import type { Membership } from "./membership.ts";

/**
 * Sorts the configured members that discovery does not list. Returns `undefined` until discovery has
 * answered. A member that Consul reaped while it was dead counts as missing when it answers our probe
 * again, and not before.
 */
export function planRegistration(
  membership: Membership,
  configured: readonly Member[],
): RegistrationPlan | undefined {
  if (!membership.known) return undefined;
  const missing: Member[] = [];
  const withdrawn: Member[] = [];
  for (const member of configured) {
    const record = membership.records.get(member);
    if (record?.listing) continue;
    if (record?.departure === "withdrawn") withdrawn.push(member);
    else if (membership.marked.has(member)) continue;
    else if (!record || record.verdict === "up") missing.push(member);
  }
  const leaving: Member[] = [];
  const listed = new Set<Member>();
  for (const [member, { listing, state, verdict }] of membership.records) {
    if (!listing) continue;
    listed.add(member);
    const done = state === "departed" && verdict !== "unknown";
    if (done && membership.marked.has(member)) leaving.push(member);
  }
  return { missing, withdrawn, leaving, marked: membership.marked, listed };
}
