/** Logs what changed among the members, one line for each thing. @module */

import type { Observation } from "../discovery/discovery.ts";
import { errorText, type Logger, shownNames } from "../log.ts";
import { createTrouble, createTroubles, type Trouble, type Troubles } from "../log/trouble.ts";
import type { Member } from "../member.ts";
import { faultOf, missingPackings } from "../pushgateway/versions.ts";
import type { HashRing } from "../ring/hash_ring.ts";
import type { Happening, MemberChange } from "./history.ts";
import type { MemberRecord, Membership, MembershipEvent } from "./membership.ts";
import { reasonGone, reasonOf } from "./reasons.ts";

/** What logging needs. */
export interface Narrator {
  readonly log: Logger;
  /** Where the members are looked up. */
  readonly source: string;
  readonly troubles: MembershipTroubles;
  /** Why the last probe of a member failed, where one did. */
  readonly probeFailure: (member: Member) => string | undefined;
  /** What a member held when it was last read, where it was. */
  readonly groupsOf: (member: Member) => number | undefined;
  /** Is told of each member that has changed its state, or cannot join. */
  readonly onChange: (change: MemberChange) => void;
}

/** What goes wrong with members again and again. */
export interface MembershipTroubles {
  readonly lookUps: Trouble;
  /** Discovery lists no member. */
  readonly emptiness: Trouble;
  /** Members that are suspect, or cannot join. */
  readonly members: Troubles;
  /** Members that discovery calls unhealthy, and that answer our probes. */
  readonly contests: Troubles;
  /** Probes fail for so many members that they are not trusted. */
  readonly distrust: Trouble;
  /** No member is active. */
  readonly inactivity: Trouble;
}

/**
 * Creates the troubles of a membership in which nothing has gone wrong yet.
 *
 * @param now a clock in milliseconds
 */
export function createMembershipTroubles(now?: () => number): MembershipTroubles {
  return {
    lookUps: createTrouble(now),
    emptiness: createTrouble(now),
    members: createTroubles(now),
    contests: createTroubles(now),
    distrust: createTrouble(now),
    inactivity: createTrouble(now),
  };
}

/** Logs how a membership differs from the one before. Logs nothing where an event changed no state. */
export function narrateMembership(
  next: Membership,
  { previous, event }: { readonly previous: Membership; readonly event: MembershipEvent },
  narrator: Narrator,
): void {
  const { log, probeFailure, groupsOf, onChange, troubles } = narrator;
  if (event.kind === "observed") narrateLookUp(event.observation, { next, previous }, narrator);
  let versionsChanged = false;
  for (const member of new Set([...previous.records.keys(), ...next.records.keys()])) {
    const record = next.records.get(member);
    const before = previous.records.get(member);
    if (record === before) continue;
    const hasEnded = record?.departure === "ended" && before?.departure === "forgotten";
    if (record?.state !== before?.state || hasEnded) {
      const down = () => probeFailure(member) ?? "does not answer our probe";
      const marked = next.marked.has(member);
      const restarted = before?.started !== undefined && record?.started !== before.started;
      const why = record
        ? reasonOf(record, { down, marked, restarted })
        : reasonGone(event.kind, before?.verdict === "down");
      // Out of reach until it returns, but for those that are pushed again, to others.
      const groups = (record ?? before)?.verdict === "down" ? groupsOf(member) : undefined;
      const from = before?.state ?? "unknown";
      const held = groups === undefined ? {} : { groups };
      onChange({ member, from, to: record?.state ?? "unknown", why, ...held });
      narrateState(record, { member, from, reason: why, ...held }, narrator);
    } else if (record?.contested && !before?.contested) {
      if (troubles.contests.isNews(member, "unhealthy")) {
        log.warn(
          "member is unhealthy in discovery and answers our probe: waiting for discovery",
          { member },
        );
      }
    } else if (record?.state === "joining" && record.verdict !== before?.verdict) {
      // It is not active, and was not: without this line nobody would know why.
      const why = probeFailure(member) ?? "does not answer our probe";
      if (record.verdict === "down") {
        onChange({ member, from: record.state, to: record.state, why });
        if (troubles.members.isNews(member, why)) {
          log.warn("member cannot join", { member, reason: why });
        }
      }
    }
    narrateEndsOf(member, next, narrator);
    const version = record?.version;
    if (version === undefined || version === before?.version) continue;
    versionsChanged = true;
    const fault = faultOf(version);
    if (fault) {
      log.warn("member is a faulty version of the Pushgateway", { member, version, fault });
    }
  }
  if (versionsChanged) narrateUnpacking(next, previous, narrator);
  if (next.probesDistrusted && !previous.probesDistrusted && troubles.distrust.isNews("too many")) {
    log.warn("probes of most healthy members fail: discovery alone decides");
  }
  if (next.ringBasis === "kept" && previous.ringBasis !== "kept") {
    const what = previous.ring.size > 0
      ? "no member is active: the last ring stays"
      : "no member is active: the ring is made of all listed members";
    if (troubles.inactivity.isNews(what)) log.warn(what, { members: next.ring.size });
  }
  narrateEnds(next, narrator);
}

/**
 * Logs what is over of the troubles with a member, and of those with all members. Called after each probe,
 * too: what failed and worked in turn is over after a time without any change.
 */
export function narrateCalm(member: Member, membership: Membership, narrator: Narrator): void {
  narrateEndsOf(member, membership, narrator);
  narrateEnds(membership, narrator);
}

/** A change of a member's state, as fields of a log line. */
type Change = {
  readonly member: Member;
  readonly from: string;
  readonly reason: string;
  readonly groups?: number;
};

function narrateState(
  record: MemberRecord | undefined,
  change: Change,
  { log, troubles: { members } }: Narrator,
): void {
  const { member } = change;
  if (!record) {
    members.forget(member);
    return log.info("member is forgotten", change);
  }
  switch (record.state) {
    case "joining":
      if (members.flaps(member)) return log.debug("member flaps", { ...change, to: record.state });
      return log.info("member is joining", change);
    case "active": {
      const past = members.over(member);
      if (members.flaps(member)) return log.debug("member flaps", { ...change, to: record.state });
      return log.info("member is active", { ...change, ...past });
    }
    case "suspect": {
      const isNews = members.isNews(member, change.reason);
      if (!members.flaps(member)) return log.warn("member is suspect", change);
      if (isNews) return log.warn("member flaps: it is logged again when it is stable", change);
      return log.debug("member flaps", { ...change, to: record.state });
    }
    case "draining":
      return log.info("member is draining", change);
    case "departed":
      members.forget(member);
      return log.info("member has departed", change);
    case "alias":
      return log.error("member is another name of a member: only one of the two is used", {
        member,
        same_as: record.aliasOf,
      });
    default:
      return record.state satisfies never;
  }
}

function narrateEndsOf(
  member: Member,
  { records }: Membership,
  { log, troubles: { members, contests } }: Narrator,
): void {
  const record = records.get(member);
  if (record?.state === "active") {
    const past = members.over(member);
    if (past) log.info("member is stable again", { member, ...past });
  }
  if (!record?.contested) {
    const past = contests.over(member);
    if (past && record?.listing?.healthy) {
      log.info("member is healthy in discovery again", { member, ...past });
    }
  }
}

/** Logs that pushes are unpacked here, because of the versions of members. */
function narrateUnpacking(next: Membership, previous: Membership, { log }: Narrator): void {
  const unpacked = unpackedHere(next);
  if (unpacked === "" || unpacked === unpackedHere(previous)) return;
  log.info("pushes are unpacked here: some members cannot unpack them", { encodings: unpacked });
}

function narrateEnds(
  { discovery, records, probesDistrusted, ring, ringBasis }: Membership,
  { log, source, troubles: { lookUps, emptiness, distrust, inactivity } }: Narrator,
): void {
  const lookUpsPast = discovery === "up" ? lookUps.over() : undefined;
  if (lookUpsPast) log.info("look-up of members works again", { source, ...lookUpsPast });
  const isListed = records.values().some(({ listing }) => listing);
  const emptinessPast = isListed ? emptiness.over() : undefined;
  if (emptinessPast) log.info("discovery lists members again", { source, ...emptinessPast });
  const distrustPast = probesDistrusted ? undefined : distrust.over();
  if (distrustPast) log.info("probes are trusted again", distrustPast);
  const inactivityPast = ringBasis === "kept" ? undefined : inactivity.over();
  if (inactivityPast) {
    log.info("members are active again", { members: ring.size, ...inactivityPast });
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
  { log, source, troubles: { lookUps, emptiness } }: Narrator,
): void {
  if (observation.kind === "failed") {
    const fields = { source, err: errorText(observation.cause) };
    if (!lookUps.isNews(observation.cause)) {
      return log.debug("look-up of members failed again", fields);
    }
    const what = previous.known
      ? "look-up of members failed: the last known members stay"
      : next.records.size > 0
      ? "look-up of members failed: the members of the file are used"
      : "look-up of members failed: no member is known";
    return log.warn(what, fields);
  }
  const before = [...previous.records.values()].filter(({ listing }) => listing).length;
  const isEmpty = observation.listings.size === 0;
  if (isEmpty && (before > 0 || !previous.known) && emptiness.isNews("no member")) {
    log.warn("discovery lists no member", { source, before });
  }
}

/**
 * Logs a new ring.
 *
 * @returns what has happened
 */
export function narrateRing(ring: HashRing, previous: HashRing, log: Logger): Happening {
  const missing = (members: readonly Member[], others: ReadonlyMap<Member, number>) =>
    members.filter((member) => !others.has(member));
  const added = missing(ring.members, previous.weights);
  const removed = missing(previous.members, ring.weights);
  const { hash, members: { length: members } } = ring;
  log.info("ring published", {
    members,
    hash,
    added: shownNames(added),
    removed: shownNames(removed),
  });
  return { kind: "ring", hash, members, added, removed };
}
