/**
 * The membership state machine: who the members are, what state each is in, and which of them the
 * ring is made of. Pure: no clock, no I/O; events in, a new {@linkcode Membership} out.
 *
 * ```text
 *              listed by discovery            healthy there and answering us
 *   (unknown) ────────────────────► joining ──────────────────────────────► active
 *                                     │                                    │     ▲
 *                                     │          either opinion turns bad  ▼     │ both good
 *                                     │                                   suspect
 *                                     └───────────┬────────────────────────┘
 *                      no longer listed           ▼
 *                                              departed ──► joining, when listed again
 * ```
 *
 * @module
 */

import type { Listing, Observation } from "../discovery/discovery.ts";
import type { Member } from "../member.ts";
import type { ProbeOutcome } from "./probe.ts";

/** The states in the order in which they are reported. */
export const MEMBER_STATES = ["joining", "active", "suspect", "departed"] as const;
export type MemberState = typeof MEMBER_STATES[number];

/**
 * Why a member departed: `withdrawn` by its operator, for it was alive; `forgotten`, for Consul lost
 * all that it knew; or `lost`, because Consul reaped it while dead, or never listed it.
 */
export type Departure = "withdrawn" | "forgotten" | "lost";

/** What is known of one member. */
export interface MemberRecord {
  readonly state: MemberState;
  /** As discovery last listed it; absent once departed. */
  readonly listing?: Listing;
  /** What our own probes say. */
  readonly verdict: "unknown" | "up" | "down";
  /** Probes failed in a row. */
  readonly failures: number;
  /** Why it departed. */
  readonly departure?: Departure;
}

/** Everything known of the members at one moment. */
export interface Membership {
  readonly records: ReadonlyMap<Member, MemberRecord>;
  /** Whether discovery has ever answered. */
  readonly known: boolean;
  /** Whether its last look-up worked; `pending` before the first. */
  readonly discovery: "pending" | "up" | "failed";
  /** Our probes condemn so many members that they are not believed. */
  readonly probesDistrusted: boolean;
  /** What the ring should be made of: members and weights. */
  readonly ring: ReadonlyMap<Member, number>;
  /** What `ring` rests on: the active members (and those that are about to return); others for want of any that is active; or nothing yet. */
  readonly ringBasis: "none" | "active" | "kept";
}

/** What does not change while a membership is followed. */
export interface MembershipPolicy {
  /** Discovery judges health too, so that our probes can be wrong. */
  readonly secondOpinion: boolean;
  /** The servers of the configuration: the members for as long as discovery never answered. */
  readonly configured: readonly Member[];
}

/** Something learnt. */
export type MembershipEvent =
  | { readonly kind: "observed"; readonly observation: Observation }
  | { readonly kind: "probed"; readonly member: Member; readonly outcome: ProbeOutcome };

/** Before anything is known. */
export const UNKNOWN_MEMBERSHIP: Membership = {
  records: new Map(),
  known: false,
  discovery: "pending",
  probesDistrusted: false,
  ring: new Map(),
  ringBasis: "none",
};

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
      if (
        probed.state === "departed" && probed.verdict === "down" &&
        !isConfigured(event.member, policy)
      ) {
        records.delete(event.member); // gone for good: nobody would register it again
      } else {
        records.set(event.member, probed);
      }
      return settle({ ...membership, records }, policy);
    }
    default:
      return event satisfies never;
  }
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
    if (membership.known || membership.records.size > 0) return { ...membership, discovery };
    // Never heard of discovery: go on with what the file says, and let our probes decide.
    const listing = { healthy: true, weight: 1 };
    const records = new Map(policy.configured.map((member) => [member, joining(listing)]));
    return { ...membership, discovery, records };
  }
  const { listings } = observation;
  const records = new Map<Member, MemberRecord>();
  for (const [member, record] of membership.records) {
    if (listings.has(member)) continue;
    const departed = record.listing ? depart(record, membership, listings) : record;
    if (departed.verdict !== "down" || isConfigured(member, policy)) records.set(member, departed);
  }
  for (const [member, listing] of listings) {
    records.set(member, list(membership.records.get(member), listing));
  }
  return { ...membership, known: true, discovery: "up", records };
}

function joining(listing: Listing): MemberRecord {
  return { state: "joining", listing, verdict: "unknown", failures: 0 };
}

function list(record: MemberRecord | undefined, listing: Listing): MemberRecord {
  if (!record) return joining(listing);
  const { departure: _, ...rest } = record;
  return { ...rest, listing, state: record.state === "departed" ? "joining" : record.state };
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
  const { verdict, failures } = record;
  const alive: Departure = listings.size === 0 ? "forgotten" : "withdrawn";
  const departure = known && verdict === "up" ? alive : "lost";
  return { state: "departed", verdict, failures, departure };
}

/** Derives the states, and what the ring is made of, from listings and verdicts. */
function settle(membership: Membership, policy: MembershipPolicy): Membership {
  const healthy = [...membership.records.values()].filter(({ listing }) => listing?.healthy);
  const condemned = healthy.filter(({ verdict }) => verdict === "down").length;
  const probesDistrusted = policy.secondOpinion && membership.known &&
    condemned > healthy.length * CONDEMNED_SHARE_MAX;

  const records = new Map<Member, MemberRecord>();
  const active = new Map<Member, number>();
  const returning = new Map<Member, number>();
  for (const [member, record] of membership.records) {
    const { listing, verdict, departure } = record;
    const serves = listing?.healthy && (probesDistrusted || verdict === "up");
    const state = serves ? "active" : record.state === "active" ? "suspect" : record.state;
    records.set(member, state === record.state ? record : { ...record, state });
    if (serves) active.set(member, listing.weight);
    // It will be registered again, and need not leave the ring until then.
    const weight = membership.ring.get(member);
    const returns = departure === "forgotten" && verdict === "up" && isConfigured(member, policy);
    if (returns && weight !== undefined) returning.set(member, weight);
  }

  // A first ring of whoever answered first would be torn down by whoever answers next.
  const settled = healthy.every(({ verdict }) => verdict !== "unknown");
  const ring = planRing({ ...membership, records }, { active, returning, settled, policy });
  return { ...membership, records, probesDistrusted, ...ring };
}

function planRing(
  { ring, ringBasis, discovery, known, records }: Membership,
  { active, returning, settled, policy }: {
    active: ReadonlyMap<Member, number>;
    returning: ReadonlyMap<Member, number>;
    settled: boolean;
    policy: MembershipPolicy;
  },
): Pick<Membership, "ring" | "ringBasis"> {
  if (active.size > 0) {
    return ringBasis === "active" || settled
      ? { ring: new Map([...active, ...returning]), ringBasis: "active" }
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
      ring: alone && settled && listed.length > 0 ? new Map(listed) : ring,
      ringBasis: "kept",
    };
  }
  if (discovery === "pending" || !settled) return { ring, ringBasis };
  // None was ever active: those that discovery or the file name, for what it is worth.
  const named = listed.length > 0
    ? listed
    : policy.configured.map((member) => [member, 1] as const);
  return named.length > 0 ? { ring: new Map(named), ringBasis: "kept" } : { ring, ringBasis };
}
