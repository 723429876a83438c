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
 * A member that is the same process as another one is an `alias`, and in no ring, for as long as both
 * answer for it.
 *
 * Without handoff nobody sweeps: then a member is active as soon as both opinions are good, and one
 * that is taken out departs at once.
 *
 * @module
 */

import { type Listing, NAMED, type Observation } from "../discovery/discovery.ts";
import type { Member } from "../member.ts";
import {
  type MemberRecord,
  type Membership,
  type MembershipEvent,
  type MembershipPolicy,
  type MemberState,
  UNKNOWN_MEMBERSHIP,
} from "./membership.ts";
import { planRing } from "./plan_ring.ts";
import type { ProbeResult } from "./probe.ts";

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
      const probed = judge(record, event);
      if (probed === record) return membership;
      const records = new Map(membership.records);
      const kept = remembered(event.member, probed, { membership, policy });
      if (kept) records.set(event.member, kept);
      else records.delete(event.member);
      // Whoever was the same process has restarted with it, which its next probe tells.
      if (record.started !== undefined && probed.started !== record.started) {
        for (const [member, other] of records) {
          if (other.started === record.started) records.set(member, hasRestarted(other));
        }
      }
      return settle({ ...membership, records }, policy);
    }
    case "marked":
      return settle(mark(membership, event.members), policy);
    case "reaffirmed": {
      const records = new Map(membership.records);
      for (const member of event.members) {
        const record = records.get(member);
        if (!record?.contested) continue;
        const { contested: _, ...rest } = record;
        records.set(member, rest);
      }
      return settle({ ...membership, records }, policy);
    }
    case "given up": {
      const isLeft = ([member, record]: [Member, MemberRecord]) =>
        !event.members.has(member) || !isAway(member, record, { membership, policy });
      return settle(
        { ...membership, records: new Map([...membership.records].filter(isLeft)) },
        policy,
      );
    }
    case "admitted":
      return amend(membership, event.member, { policy, admitted: true });
    case "drained":
      return amend(membership, event.member, { policy, drained: event.empty });
    default:
      return event satisfies never;
  }
}

/** What to judge a member by. */
interface Judged {
  readonly membership: Membership;
  readonly policy: MembershipPolicy;
}

/** It is dead, and nobody lists it, would register it again, or waits until it has left. */
export function isAway(
  member: Member,
  { listing, verdict }: MemberRecord,
  { membership, policy }: Judged,
): boolean {
  return !listing && verdict === "down" && !isConfigured(member, policy) &&
    !membership.marked.has(member);
}

/**
 * What is remembered of a member; nothing where it need not be. One that may come back with what it held
 * is remembered: until then nobody can know whether a group that is pushed has an older copy there.
 */
function remembered(
  member: Member,
  record: MemberRecord,
  judged: Judged,
): MemberRecord | undefined {
  if (!isAway(member, record, judged)) return record;
  if (!judged.policy.listsRunning) return undefined;
  return record.departure === "forgotten" ? { ...record, departure: "ended" } : record;
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
    const record = records.get(member);
    if (record) records.set(member, { ...record, told: true });
    else {
      records.set(member, {
        state: "departed",
        verdict: "unknown",
        failures: 0,
        departure: "released",
        told: true,
      });
    }
  }
  return { ...membership, records, marked };
}

function isConfigured(member: Member, policy: MembershipPolicy): boolean {
  return policy.configured.includes(member);
}

/** Its process has been seen to restart, by another name. */
function hasRestarted(record: MemberRecord): MemberRecord {
  const { started, version: _, admitted: _admitted, drained: _drained, ...rest } = record;
  return { ...rest, ...(started !== undefined && { ended: started }) };
}

function judge(
  record: MemberRecord,
  { outcome, started, version }: ProbeResult,
): MemberRecord {
  const named = version === undefined ? {} : { version };
  if (outcome === "ok" && started !== undefined && record.ended !== undefined) {
    const { ended, ...rest } = record;
    // The probe may have been answered before.
    if (started === ended) return { ...rest, verdict: "up", failures: 0 };
    return judge(rest, { outcome, started, ...named });
  }
  if (outcome === "ok") {
    const known = started === undefined || started === record.started;
    if (known && record.verdict === "up" && record.failures === 0) return record;
    const { version: _, admitted: _admitted, drained: _drained, ...rest } = record;
    // What is known of a process, or was found in it by a sweep, holds for that one.
    const restarted = !known && record.started !== undefined;
    return {
      ...(restarted ? rest : record),
      verdict: "up",
      failures: 0,
      ...(started !== undefined && { started, ...named }),
    };
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
    const records = new Map(membership.records);
    for (const member of policy.configured) {
      records.set(member, list(membership.records.get(member), NAMED));
    }
    return { ...membership, discovery, records };
  }
  const { listings } = observation;
  const records = new Map<Member, MemberRecord>();
  for (const [member, record] of membership.records) {
    if (listings.has(member)) continue;
    const departed = record.listing
      ? depart(member, record, { membership, observation, policy })
      : record;
    const kept = remembered(member, departed, { membership, policy });
    if (kept) records.set(member, kept);
  }
  for (const [member, listing] of listings) {
    records.set(member, list(membership.records.get(member), listing));
  }
  return { ...membership, known: true, discovery: "up", records };
}

function list(record: MemberRecord | undefined, listing: Listing): MemberRecord {
  if (!record) return { state: "joining", listing, verdict: "unknown", failures: 0 };
  const { departure, contested, ...rest } = record;
  // An agent that restarts calls all of its members critical until it has checked them.
  const isNews = contested || record.listing?.healthy || departure === "forgotten";
  const disputed = !listing.healthy && record.verdict === "up" && isNews;
  return { ...rest, listing, ...(disputed && { contested: true }) };
}

/** Why discovery lists a member no more. */
function depart(
  member: Member,
  record: MemberRecord,
  { membership: { known }, observation: { listings, nodes }, policy }: Judged & {
    readonly observation: Observation & { kind: "members" };
  },
): MemberRecord {
  const { listing, contested: _, ...rest } = record;
  if (!known || record.verdict !== "up") {
    const isExpected = isConfigured(member, policy);
    return { ...rest, departure: policy.listsRunning && !isExpected ? "ended" : "lost" };
  }
  if (record.told) return { ...rest, departure: "released" };
  // Without nodes only an answer with nobody in it tells that discovery has lost its data.
  const nodeIsThere = nodes && listing?.nodes
    ? listing.nodes.some((node) => nodes.has(node))
    : listings.size > 0;
  return { ...rest, departure: nodeIsThere ? "withdrawn" : "forgotten" };
}

/** Its operator wants it out. */
function isLeaving(member: Member, record: MemberRecord, marked: ReadonlySet<Member>): boolean {
  return marked.has(member) || record.departure === "withdrawn" ||
    record.listing?.maintenance === true;
}

function stateOf(
  { state, listing, verdict, drained, aliasOf }: MemberRecord,
  { leaving, usable, admitted, handoff }: {
    leaving: boolean;
    usable: boolean;
    admitted: boolean;
    handoff: boolean;
  },
): MemberState {
  if (aliasOf) return leaving || !listing ? "departed" : "alias";
  if (leaving) return handoff && verdict === "up" && !drained ? "draining" : "departed";
  if (!listing) return "departed";
  if (usable) return admitted ? "active" : "joining";
  if (state === "active") return "suspect";
  return state === "suspect" ? "suspect" : "joining";
}

/** What was found by sweeps holds until the member leaves the ring, or stops to answer. */
function withState(record: MemberRecord, state: MemberState, marked: boolean): MemberRecord {
  const { admitted, drained, told, contested, ...rest } = record;
  // Forgotten by Consul alone, it need not have left the ring.
  const inRing = state === "active" || state === "joining" || record.departure === "forgotten";
  const keepsAdmitted = admitted && inRing && record.verdict !== "down";
  const keepsDrained = drained && state === "departed" && record.verdict !== "down";
  const keepsTold = told && (marked || state !== "active");
  const keepsContested = contested && record.verdict !== "down";
  if (
    state === record.state && admitted === (keepsAdmitted || undefined) &&
    drained === (keepsDrained || undefined) && told === (keepsTold || undefined) &&
    contested === (keepsContested || undefined)
  ) return record;
  return {
    ...rest,
    state,
    ...(keepsAdmitted && { admitted }),
    ...(keepsDrained && { drained }),
    ...(keepsTold && { told }),
    ...(keepsContested && { contested }),
  };
}

/** By which name each process is used that several members are: that of the first of them, of those that are wanted. */
function aliasesOf(
  { records, marked }: Membership,
): ReadonlyMap<Member, Member> {
  const processes = new Map<string, Member[]>();
  for (const [member, { started, verdict }] of records) {
    if (started === undefined || verdict !== "up") continue;
    processes.set(started, [...processes.get(started) ?? [], member]);
  }
  const aliases = new Map<Member, Member>();
  for (const names of processes.values()) {
    if (names.length === 1) continue;
    const isWanted = (name: Member) => {
      const record = records.get(name);
      return record?.listing !== undefined && !isLeaving(name, record, marked);
    };
    const wanted = names.filter(isWanted);
    const [used] = (wanted.length > 0 ? wanted : names).toSorted();
    for (const name of names) if (name !== used) aliases.set(name, used);
  }
  return aliases;
}

function withAlias(record: MemberRecord, aliasOf: Member | undefined): MemberRecord {
  if (record.aliasOf === aliasOf) return record;
  const { aliasOf: _, ...rest } = record;
  return aliasOf ? { ...rest, aliasOf } : rest;
}

/** Derives the states, and what the ring is made of, from listings and verdicts. */
function settle(membership: Membership, policy: MembershipPolicy): Membership {
  // Discovery's bad word is contested for as long as a member does not refuse our probe as well.
  const isHealthy = ({ listing, contested, verdict }: MemberRecord) =>
    listing?.healthy || (contested === true && verdict !== "down");
  const healthy = [...membership.records.values()].filter(isHealthy);
  const condemned = healthy.filter(({ verdict }) => verdict === "down").length;
  const probesDistrusted = policy.secondOpinion && membership.known &&
    condemned > healthy.length * CONDEMNED_SHARE_MAX;
  const aliases = aliasesOf(membership);

  const records = new Map<Member, MemberRecord>();
  const active = new Map<Member, number>();
  const unswept = new Map<Member, number>();
  const returning = new Map<Member, number>();
  for (const [member, known] of membership.records) {
    const record = withAlias(known, aliases.get(member));
    const { listing, verdict, departure, aliasOf } = record;
    const marked = membership.marked.has(member);
    const leaving = isLeaving(member, record, membership.marked);
    const usable = !leaving && !aliasOf && listing !== undefined && isHealthy(record) &&
      (probesDistrusted || verdict === "up");
    // Nobody can sweep a member that does not answer us.
    const admitted = !policy.handoff || record.admitted === true || verdict !== "up";
    const { handoff } = policy;
    const state = stateOf(record, { leaving, usable, admitted, handoff });
    const settled = withState(record, state, marked);
    records.set(member, settled);
    if (settled.state === "active") active.set(member, listing?.weight ?? 1);
    else if (usable) unswept.set(member, listing.weight);
    // It will be registered again, or its agent returns; it need not leave the ring until then.
    const weight = membership.ring.get(member);
    const returns = !leaving && !aliasOf && departure === "forgotten" && verdict === "up";
    if (returns && weight !== undefined) returning.set(member, weight);
  }

  // A first ring of whoever answered first would be torn down by whoever answers next.
  const judged = healthy.every(({ verdict }) => verdict !== "unknown");
  const ring = planRing({ ...membership, records }, { active, unswept, returning, judged, policy });
  return { ...membership, records, probesDistrusted, ...ring };
}
