/** Tells the operator what changed among the members, one log line for each thing. @module */

import type { Observation } from "../discovery/discovery.ts";
import { errorText, type Logger, type Trouble } from "../log.ts";
import type { Member } from "../member.ts";
import { faultOf, missingPackings } from "../pushgateway/versions.ts";
import type { HashRing } from "../ring/hash_ring.ts";
import type { MemberRecord, Membership, MembershipEvent } from "./membership.ts";

/** What telling takes. */
export interface Narrator {
  readonly log: Logger;
  /** Where the members are looked up. */
  readonly source: string;
  /** Of look-ups. */
  readonly lookUps: Trouble;
  /** Why the last probe of a member failed, where one did. */
  readonly probeFailure: (member: Member) => string | undefined;
  /** What a member held when it was last read, where it was. */
  readonly groupsOf: (member: Member) => number | undefined;
}

/** Why a member is known no more, where that is not that it answers no more. */
const GONE: Partial<Record<MembershipEvent["kind"], string>> = {
  observed: "no longer listed",
  "given up": "away for too long",
};

/** Logs how a membership differs from the one before; says nothing where an event changed no state. */
export function narrateMembership(
  next: Membership,
  { previous, event }: { readonly previous: Membership; readonly event: MembershipEvent },
  narrator: Narrator,
): void {
  const { log, probeFailure, groupsOf } = narrator;
  if (event.kind === "observed") narrateLookUp(event.observation, { next, previous }, narrator);
  for (const member of new Set([...previous.records.keys(), ...next.records.keys()])) {
    const record = next.records.get(member);
    const before = previous.records.get(member);
    if (record?.state !== before?.state) {
      const down = () => probeFailure(member) ?? "does not answer our probe";
      const unmoved = before?.verdict === "down"
        ? "; it does not answer, so what it holds was not moved"
        : "";
      const gone = `${GONE[event.kind] ?? "answers no more"}${unmoved}`;
      const marked = next.marked.has(member);
      const restarted = before?.started !== undefined && record?.started !== before.started;
      const why = record ? reason(record, { down, marked, restarted }) : gone;
      // Out of reach until it returns, but for those that are pushed again, to others.
      const groups = (record ?? before)?.verdict === "down" ? groupsOf(member) : undefined;
      const fields = {
        member,
        from: before?.state ?? "unknown",
        to: record?.state ?? "unknown",
        why,
        ...(groups !== undefined && { groups }),
      };
      if (record?.state === "alias") {
        const what = "two members are one Pushgateway under two names: only one of them is used; " +
          "take the other one out of the file, or out of discovery";
        log.error(what, { member, used: record.aliasOf });
      } else if (record?.state === "suspect") log.warn("member changed", fields);
      else log.info("member changed", fields);
    } else if (record?.contested && !before?.contested) {
      const what = "discovery calls a member unhealthy that answers our probe; it is waited for";
      log.warn(what, { member });
    } else if (record?.state === "joining" && record.verdict !== before?.verdict) {
      // It is not active, and was not: without this line nobody would know why.
      const why = probeFailure(member) ?? "does not answer our probe";
      if (record.verdict === "down") log.warn("member cannot join", { member, why });
    }
    const version = record?.version;
    if (version === undefined || version === before?.version) continue;
    const fault = faultOf(version);
    if (fault) log.warn("member runs a faulty Pushgateway", { member, version, why: fault });
  }
  const unpacked = unpackedHere(next);
  if (unpacked !== "" && unpacked !== unpackedHere(previous)) {
    const what = "some members cannot unpack compressed pushes, so they are unpacked here";
    log.info(what, { encodings: unpacked });
  }
  if (next.probesDistrusted && !previous.probesDistrusted) {
    log.warn(
      "probes condemn more than half of the members that discovery calls healthy, " +
        "so discovery alone decides; this host's own network is the likelier fault",
    );
  } else if (previous.probesDistrusted && !next.probesDistrusted) {
    log.info("probes are believed again");
  }
  if (next.ringBasis === previous.ringBasis) return;
  if (next.ringBasis === "kept") {
    const members = next.ring.size;
    const who = previous.ring.size > 0
      ? "the last known ones stay"
      : "those that are listed stand in";
    log.warn(`no member is active: ${who}`, { members });
  } else if (previous.ringBasis === "kept") {
    log.info("members are active again", { members: next.ring.size });
  }
}

/** What some member cannot unpack, of those that have told their version: `gzip,snappy`. */
function unpackedHere({ records }: Membership): string {
  const versions = new Set([...records.values()].flatMap(({ version }) => version ?? []));
  return [...new Set([...versions].flatMap(missingPackings))].sort().join(",");
}

function narrateLookUp(
  observation: Observation,
  { next, previous }: { readonly next: Membership; readonly previous: Membership },
  { log, source, lookUps }: Narrator,
): void {
  if (observation.kind === "failed") {
    const fields = { source, err: errorText(observation.cause) };
    const inTheFile = next.records.size > 0;
    const what = previous.known
      ? "look-up of members failed, the last known ones stay"
      : `look-up of members failed, ${inTheFile ? "those of the file stand in" : "none is known"}`;
    if (lookUps.isNews(observation.cause)) log.warn(what, fields);
    else log.debug("look-up of members failed again", fields);
    return;
  }
  const past = lookUps.over();
  if (past) log.info("look-up of members works again", { source, ...past });
  const before = [...previous.records.values()].filter(({ listing }) => listing).length;
  if (observation.listings.size === 0 && (before > 0 || !previous.known)) {
    log.warn("discovery lists no member", { source, before });
  }
}

function reason(
  { state, listing, verdict, departure, drained, aliasOf, contested }: MemberRecord,
  { down, marked, restarted }: { down: () => string; marked: boolean; restarted: boolean },
): string {
  if (aliasOf) return `the same process as ${aliasOf}, by another name`;
  const leaves = marked
    ? "marked as taken out"
    : listing?.maintenance
    ? "in maintenance, as discovery says"
    : "taken out of discovery while alive";
  switch (state) {
    case "joining":
      if (verdict !== "up") return "listed by discovery";
      return restarted
        ? "has restarted, and is about to be swept"
        : "healthy, and about to be swept";
    case "active":
      if (contested) return "answers our probe, though discovery calls it unhealthy";
      return verdict === "up" ? "healthy, and answers our probe" : "healthy, as discovery says";
    case "suspect":
      if (!listing?.healthy) return "unhealthy, as discovery says";
      return down();
    case "draining":
      return leaves;
    case "departed":
      if (drained) return `${leaves}; it is empty and may be stopped`;
      if (marked || listing?.maintenance || departure === "withdrawn") return leaves;
      if (departure === "released") return "told to leave, and taken out of discovery";
      if (departure === "forgotten") {
        return "discovery has lost what listed it, while it answers: it stays in the ring";
      }
      if (departure === "ended") {
        return "does not answer, and is no longer listed; what it holds was not moved";
      }
      return "gone from discovery";
    case "alias":
      return "another name of another member's process";
    default:
      return state satisfies never;
  }
}

/** Logs a new ring. */
export function narrateRing(ring: HashRing, previous: HashRing, log: Logger): void {
  const missing = (members: readonly Member[], others: ReadonlyMap<Member, number>) =>
    members.filter((member) => !others.has(member)).join(",");
  log.info("ring published", {
    members: ring.members.length,
    hash: ring.hash,
    added: missing(ring.members, previous.weights),
    removed: missing(previous.members, ring.weights),
  });
}
