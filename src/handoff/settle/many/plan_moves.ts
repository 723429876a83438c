/** Decides what to do with the groups of a member, by the reads of it and of other members. Pure. @module */

import type { Member } from "../../../member.ts";
import type { GroupContent, GroupReading } from "../../../pushgateway/group_content.ts";
import type { PushTimes } from "../../../pushgateway/push_times.ts";
import { keyOfId } from "../../plan/inventory.ts";
import type { RelationOf } from "../../plan/processes.ts";
import type { Rings } from "../../plan/rings.ts";
import { areApart, besides, doubtOf, isOutdated } from "../../plan/rivals.ts";
import type { Whereabouts } from "../../plan/whereabouts.ts";

/** A group that is to be copied to its owner. */
export interface Copy {
  readonly id: string;
  readonly to: Member;
  readonly content: GroupContent;
  /** Whether the owner holds an older copy, which the content is added to. */
  readonly isOnto: boolean;
}

/** A copy that is to be deleted because another one is newer. */
export interface Outdated {
  readonly id: string;
  /** The group's owner. */
  readonly to: Member;
  readonly newer: Member;
  /** The push time of the outdated copy, by the clock of its member. */
  readonly time: number;
}

/** What to do with one group. */
export type Decision =
  | ({ readonly kind: "copy" } & Copy)
  | ({ readonly kind: "outdated" } & Outdated)
  /** Other instances still push it to the member by their rings. */
  | { readonly kind: "early" }
  | { readonly kind: "stays"; readonly to?: Member; readonly reason: string }
  /**
   * It may be one of several parts, another copy is as new, or all pushes of it have failed: it is to be
   * moved by itself.
   */
  | { readonly kind: "careful" }
  /** It has changed, or its owner cannot be read: it is to be looked at again. */
  | { readonly kind: "later" };

/** What deciding needs. */
export interface PlanMovesDeps {
  readonly from: Member;
  readonly whereabouts: Pick<Whereabouts, "ownerOf" | "holdersOf">;
  readonly rings: Pick<Rings, "present" | "isUsed" | "isSending">;
  readonly relationOf: RelationOf;
}

/** What was read of the members. */
export interface ManyReads {
  readonly source: PushTimes;
  readonly readings: ReadonlyMap<string, GroupReading>;
  /** The reads of members that may hold or get a copy. A member that cannot be read is absent. */
  readonly others: ReadonlyMap<Member, PushTimes>;
}

/** Groups processed between two yields. */
const GROUPS_A_STEP = 256;

/**
 * Returns the members that may hold a copy of some groups, or are to get one. A generator, because there may
 * be many.
 */
export function* membersBeside(
  ids: Iterable<string>,
  { from, whereabouts }: Pick<PlanMovesDeps, "from" | "whereabouts">,
): Generator<void, ReadonlySet<Member>> {
  const members = new Set<Member>();
  let steps = 0;
  for (const id of ids) {
    if (++steps % GROUPS_A_STEP === 0) yield;
    const key = keyOfId(id);
    const to = whereabouts.ownerOf(key);
    if (to === undefined) continue;
    const { others } = besides(whereabouts.holdersOf({ id, key }), [from, to]);
    for (const member of [to, ...others]) members.add(member);
  }
  members.delete(from);
  return members;
}

/** Decides for each group that was read. A generator, because there may be many. */
export function* planMoves(
  reads: ManyReads,
  deps: PlanMovesDeps,
): Generator<void, ReadonlyMap<string, Decision>> {
  const decisions = new Map<string, Decision>();
  for (const [id, reading] of reads.readings) {
    if (decisions.size % GROUPS_A_STEP === 0) yield;
    decisions.set(id, decide(id, reading, reads, deps));
  }
  return decisions;
}

function decide(
  id: string,
  reading: GroupReading,
  { source, others: reads }: ManyReads,
  { from, whereabouts, rings, relationOf }: PlanMovesDeps,
): Decision {
  const key = keyOfId(id);
  const to = whereabouts.ownerOf(key);
  const isOursAgain = to === from && rings.present.ownerOf(key) !== from;
  if (rings.isUsed(from, key) || rings.isSending(key) || isOursAgain) return { kind: "early" };
  if (to === undefined || to === from) {
    return { kind: "stays", reason: "no other member can take it" };
  }
  const { others, partial } = besides(whereabouts.holdersOf({ id, key }), [from, to]);
  const rivals = [to, ...others].flatMap((member) => {
    const read = reads.get(member);
    return read?.times.has(id) ? [{ member, read }] : [];
  });
  for (const member of [to, ...rivals.map(({ member }) => member)]) {
    const doubt = doubtOf(relationOf(from, member), from, member);
    if (doubt !== undefined) return { kind: "stays", to, reason: doubt };
  }
  if (reading.kind === "changed" || !reads.has(to)) return { kind: "later" };
  const newer = rivals.find(({ read }) => isOutdated(id, source, read))?.member;
  if (reading.kind === "unfaithful") {
    return newer === undefined
      ? { kind: "stays", to, reason: reading.reason }
      : { kind: "careful" };
  }
  const { content } = reading;
  const mayBePart = partial || content.partial || others.some((member) => !reads.has(member));
  const isShell = content.pushTime === 0 && content.body.length === 0;
  // Another process may be moving a third copy, and does not see our turns. If two copies are equally new,
  // each process would take its own.
  const isAsNew = rivals.some(({ member, read }) => member !== to && !areApart(id, source, read));
  if (mayBePart || isShell || isAsNew) return { kind: "careful" };
  if (newer === undefined) {
    const isOnto = rivals.some(({ member }) => member === to);
    return { kind: "copy", id, to, content, isOnto };
  }
  return { kind: "outdated", id, to, newer, time: content.pushTime };
}
