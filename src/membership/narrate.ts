/** Tells the operator what changed among the members, one log line for each thing. @module */

import type { Observation } from "../discovery/discovery.ts";
import { errorText, type Logger } from "../log.ts";
import type { Member } from "../member.ts";
import type { HashRing } from "../ring/hash_ring.ts";
import type { Happening, MemberChange } from "./history.ts";
import type { MemberRecord, Membership, MembershipEvent } from "./membership.ts";

/** What telling takes. */
export interface Narrator {
  readonly log: Logger;
  /** Where the members are looked up. */
  readonly source: string;
  /** Why the last probe of a member failed, where one did. */
  readonly probeFailure: (member: Member) => string | undefined;
  /** What a member held when it was last read, where it was. */
  readonly groupsOf: (member: Member) => number | undefined;
  /** Is told of each member that has changed its state, or cannot join. */
  readonly onChange: (change: MemberChange) => void;
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
  const { log, probeFailure, groupsOf, onChange } = narrator;
  if (event.kind === "observed") narrateLookUp(event.observation, previous, narrator);
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
      const fields: MemberChange = {
        member,
        from: before?.state ?? "unknown",
        to: record?.state ?? "unknown",
        why,
        ...(groups !== undefined && { groups }),
      };
      onChange(fields);
      if (record?.state === "alias") {
        const what = "two members are one Pushgateway under two names: only one of them is used; " +
          "take the other one out of the file, or out of discovery";
        log.error(what, { member, used: record.aliasOf });
      } else if (record?.state === "suspect") log.warn("member changed", { ...fields });
      else log.info("member changed", { ...fields });
    } else if (record?.contested && !before?.contested) {
      const what = "discovery calls a member unhealthy that answers our probe; it is waited for";
      log.warn(what, { member });
    } else if (record?.state === "joining" && record.verdict !== before?.verdict) {
      // It is not active, and was not: without this line nobody would know why.
      const why = probeFailure(member) ?? "does not answer our probe";
      if (record.verdict !== "down") continue;
      log.warn("member cannot join", { member, why });
      onChange({ member, from: record.state, to: record.state, why });
    }
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

function narrateLookUp(
  observation: Observation,
  previous: Membership,
  { log, source }: Narrator,
): void {
  if (observation.kind === "failed") {
    const fields = { source, err: errorText(observation.cause) };
    if (previous.discovery === "failed") log.debug("look-up of members failed again", fields);
    else log.warn("look-up of members failed, the last known ones stay", fields);
    return;
  }
  if (previous.discovery === "failed") log.info("look-up of members works again", { source });
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
      if (!listing?.healthy) {
        const { complaint } = listing ?? {};
        const what = "unhealthy, as discovery says";
        return complaint === undefined ? what : `${what}: ${complaint}`;
      }
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
  log.info("ring published", { members, hash, added: added.join(","), removed: removed.join(",") });
  return { kind: "ring", hash, members, added, removed };
}
