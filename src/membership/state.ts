/**
 * The membership state machine: who the members are, what state each is in, and which of them the
 * ring is made of. Pure: no clock, no I/O; events in, a new {@linkcode Membership} out.
 *
 * ```text
 *              listed by discovery            healthy there, answering us, and swept
 *   (unknown) ────────────────────► joining ──────────────────────────────► active
 *                                     │ ▲                                  │   │
 *                                     │ └── both good ── suspect ◄─────────┘   │
 *                                     │                     │  either turns bad│
 *                                     ├─────────────────────┘                  │
 *                                     │                                        │
 *                  no longer listed,  ▼   taken out while alive                ▼
 *                                 departed ◄───────── empty ─────────────── draining
 * ```
 *
 * Without handoff nobody sweeps: then a member is active as soon as both opinions are good, and one
 * that is taken out departs at once.
 *
 * @module
 */

import type { Listing, Observation } from "../discovery/discovery.ts";
import type { Member } from "../member.ts";
import {
  type Departure,
  type MemberRecord,
  type Membership,
  type MembershipEvent,
  type MembershipPolicy,
  type MemberState,
  UNKNOWN_MEMBERSHIP,
} from "./membership.ts";
import { planRing } from "./plan_ring.ts";
import type { ProbeOutcome } from "./probe.ts";

/** What stays when the members are learnt from another discovery: the ring, until that one has told its own. */
export function withoutSource({ ring }: Membership): Membership {
  return { ...UNKNOWN_MEMBERSHIP, ring, ringBasis: ring.size > 0 ? "kept" : "none" };
}

/** One lost packet is no death; a refused connection is. */
const FAILURES_TO_CONDEMN = 2;
/** Probes that condemn more than this share of the healthy members are not believed (Envoy's panic threshold). */
const CONDEMNED_SHARE_MAX = 0.5;

/** The membership after an event; the very same one where a probe says nothing new. */
export function nextMembership(
  membership: Membership,
  event: MembershipEvent,
  policy: MembershipPolicy,
): Membership {
  switch (event.kind) {
    case "observed":
      return settle(observe(membership, event.observation, policy), policy);
    case "probed": {
      const record = membership.records.get(event.member);
      if (!record) return membership;
      const probed = judge(record, event.outcome);
      if (probed === record) return membership;
      const records = new Map(membership.records);
      if (isGone(event.member, probed, { membership, policy })) records.delete(event.member);
      else records.set(event.member, probed);
      return settle({ ...membership, records }, policy);
    }
    case "marked":
      return settle(mark(membership, event.members), policy);
    case "admitted":
      return amend(membership, event.member, { policy, admitted: true });
    case "drained":
      return amend(membership, event.member, { policy, drained: event.empty });
    default:
      return event satisfies never;
  }
}

/** Nobody would register it again or wait for it: it need not be remembered. */
function isGone(
  member: Member,
  { listing, verdict }: MemberRecord,
  { membership, policy }: { membership: Membership; policy: MembershipPolicy },
): boolean {
  return !listing && verdict === "down" && !isConfigured(member, policy) &&
    !membership.marked.has(member);
}

/** What a sweep says of a member that still answers. */
function amend(
  membership: Membership,
  member: Member,
  { policy, ...found }: { policy: MembershipPolicy; admitted?: boolean; drained?: boolean },
): Membership {
  const record = membership.records.get(member);
  if (record?.verdict !== "up") return membership;
  const records = new Map(membership.records).set(member, { ...record, ...found });
  return settle({ ...membership, records }, policy);
}

/** A marked member that nobody lists may still hold groups: another instance may have begun to drain it. */
function mark(membership: Membership, marked: ReadonlySet<Member>): Membership {
  const records = new Map(membership.records);
  for (const member of marked) {
    if (!records.has(member)) {
      records.set(member, {
        state: "departed",
        verdict: "unknown",
        failures: 0,
        departure: "withdrawn",
      });
    }
  }
  return { ...membership, records, marked };
}

function isConfigured(member: Member, policy: MembershipPolicy): boolean {
  return policy.configured.includes(member);
}

function judge(record: MemberRecord, outcome: ProbeOutcome): MemberRecord {
  if (outcome === "ok") {
    if (record.verdict === "up" && record.failures === 0) return record;
    return { ...record, verdict: "up", failures: 0 };
  }
  const failures = Math.min(record.failures + 1, FAILURES_TO_CONDEMN);
  const down = outcome === "refused" || failures >= FAILURES_TO_CONDEMN;
  const verdict = down ? "down" : record.verdict;
  if (verdict === record.verdict && failures === record.failures) return record;
  return { ...record, verdict, failures };
}

function observe(
  membership: Membership,
  observation: Observation,
  policy: MembershipPolicy,
): Membership {
  if (observation.kind === "failed") {
    const discovery = "failed";
    const listed = [...membership.records.values()].some(({ listing }) => listing);
    if (membership.known || listed) return { ...membership, discovery };
    // Never heard of discovery: go on with what the file says, and let our probes decide.
    const listing = { healthy: true, weight: 1 };
    const records = new Map(membership.records);
    for (const member of policy.configured) {
      records.set(member, list(membership.records.get(member), listing));
    }
    return { ...membership, discovery, records };
  }
  const { listings } = observation;
  const records = new Map<Member, MemberRecord>();
  for (const [member, record] of membership.records) {
    if (listings.has(member)) continue;
    const departed = record.listing ? depart(record, membership, listings) : record;
    if (!isGone(member, departed, { membership, policy })) records.set(member, departed);
  }
  for (const [member, listing] of listings) {
    records.set(member, list(membership.records.get(member), listing));
  }
  return { ...membership, known: true, discovery: "up", records };
}

function list(record: MemberRecord | undefined, listing: Listing): MemberRecord {
  if (!record) return { state: "joining", listing, verdict: "unknown", failures: 0 };
  const { departure: _, ...rest } = record;
  return { ...rest, listing };
}

/**
 * A member that left while alive was taken out by its operator. Not so where discovery itself never
 * listed it, or where nothing at all is left: then Consul has lost its data.
 */
function depart(
  record: MemberRecord,
  { known }: Membership,
  listings: ReadonlyMap<Member, Listing>,
): MemberRecord {
  const { listing: _, ...rest } = record;
  const alive: Departure = listings.size === 0 ? "forgotten" : "withdrawn";
  return { ...rest, departure: known && record.verdict === "up" ? alive : "lost" };
}

/** Its operator wants it out. */
function isLeaving(member: Member, record: MemberRecord, marked: ReadonlySet<Member>): boolean {
  return marked.has(member) || record.departure === "withdrawn" ||
    record.listing?.maintenance === true;
}

function stateOf(
  { state, listing, verdict, drained }: MemberRecord,
  { leaving, usable, admitted, handoff }: {
    leaving: boolean;
    usable: boolean;
    admitted: boolean;
    handoff: boolean;
  },
): MemberState {
  if (leaving) return handoff && verdict === "up" && !drained ? "draining" : "departed";
  if (!listing) return "departed";
  if (usable) return admitted ? "active" : "joining";
  if (state === "active") return "suspect";
  return state === "suspect" ? "suspect" : "joining";
}

/** What was found by sweeps holds until the member leaves the ring, or stops to answer. */
function withState(record: MemberRecord, state: MemberState): MemberRecord {
  const { admitted, drained, ...rest } = record;
  // Forgotten by Consul alone, it need not have left the ring.
  const inRing = state === "active" || state === "joining" || record.departure === "forgotten";
  const keepsAdmitted = admitted && inRing && record.verdict !== "down";
  const keepsDrained = drained && state === "departed" && record.verdict !== "down";
  if (
    state === record.state && admitted === (keepsAdmitted || undefined) &&
    drained === (keepsDrained || undefined)
  ) return record;
  return {
    ...rest,
    state,
    ...(keepsAdmitted && { admitted }),
    ...(keepsDrained && { drained }),
  };
}

/** Derives the states, and what the ring is made of, from listings and verdicts. */
function settle(membership: Membership, policy: MembershipPolicy): Membership {
  const healthy = [...membership.records.values()].filter(({ listing }) => listing?.healthy);
  const condemned = healthy.filter(({ verdict }) => verdict === "down").length;
  const probesDistrusted = policy.secondOpinion && membership.known &&
    condemned > healthy.length * CONDEMNED_SHARE_MAX;

  const records = new Map<Member, MemberRecord>();
  const active = new Map<Member, number>();
  const unswept = new Map<Member, number>();
  const returning = new Map<Member, number>();
  for (const [member, record] of membership.records) {
    const { listing, verdict, departure } = record;
    const leaving = isLeaving(member, record, membership.marked);
    const usable = !leaving && listing?.healthy === true &&
      (probesDistrusted || verdict === "up");
    // Nobody can sweep a member that does not answer us.
    const admitted = !policy.handoff || record.admitted === true || verdict !== "up";
    const { handoff } = policy;
    const settled = withState(record, stateOf(record, { leaving, usable, admitted, handoff }));
    records.set(member, settled);
    if (settled.state === "active") active.set(member, listing?.weight ?? 1);
    else if (usable) unswept.set(member, listing.weight);
    // It will be registered again, and need not leave the ring until then.
    const weight = membership.ring.get(member);
    const returns = !leaving && departure === "forgotten" && verdict === "up" &&
      isConfigured(member, policy);
    if (returns && weight !== undefined) returning.set(member, weight);
  }

  // A first ring of whoever answered first would be torn down by whoever answers next.
  const judged = healthy.every(({ verdict }) => verdict !== "unknown");
  const ring = planRing({ ...membership, records }, { active, unswept, returning, judged, policy });
  return { ...membership, records, probesDistrusted, ...ring };
}
