/** Compares what the members hold with the ring, and finds what is out of place. Pure. @module */

import { lacksInstance, parseGroupId, placementKey } from "../../group/group.ts";
import type { Member } from "../../member.ts";
import { LargeMap } from "../../concurrency/large_map.ts";
import type { PushTimes } from "../../pushgateway/push_times.ts";

/** A group, by its ID and its placement key. */
export interface GroupKeys {
  readonly id: string;
  readonly key: string;
}

/** When a copy was pushed, in Unix seconds of our clock: the true time lies between the two. */
export interface PushedAt {
  readonly min: number;
  readonly max: number;
}

/** Where the copies of one group lie, and when each was pushed. */
export type Copies = ReadonlyMap<Member, PushedAt>;

/** A copy that is certainly older than another one, or than the group's deletion. */
export interface StaleCopy {
  readonly id: string;
  readonly member: Member;
  /** What is newer: the copy of a member, or a deletion at this time (Unix seconds, our clock). */
  readonly newer: Member | number;
}

/**
 * A copy besides the owner's, if the push times do not tell which of the two is newer. Mostly both hold the
 * same: a copy was made, and its source has not been deleted.
 */
export interface TwinCopy {
  readonly id: string;
  readonly member: Member;
  readonly owner: Member;
}

/** Copies of groups that other members hold as well. */
export interface Duplicates {
  readonly stale: readonly StaleCopy[];
  readonly twins: readonly TwinCopy[];
}

/** The result of a comparison. */
export interface Findings extends Duplicates {
  /** Every group that a member other than its owner holds, by its ID. */
  readonly misplaced: LargeMap<Map<Member, PushedAt>>;
  /** The number of groups on all members. Each is counted once. */
  readonly groups: number;
}

/** Groups processed between two yields. */
const GROUPS_A_STEP = 1_000;

/** Returns the placement key of the group with this ID. */
export function keyOfId(id: string): string {
  return id.includes("%") ? placementKey(parseGroupId(id)) : id;
}

/** Whether the group with this ID has no `instance`: it may be stored with an explicit empty one. */
export function lacksInstanceId(id: string): boolean {
  return !id.includes("/instance/") || lacksInstance(parseGroupId(id));
}

/**
 * Returns when a copy was pushed, by our clock. A copy without a successful push is older than all others.
 */
export function pushedAt(
  id: string,
  { times, clockAhead }: Pick<PushTimes, "times" | "clockAhead">,
): PushedAt | undefined {
  const time = times.get(id);
  if (time === undefined) return undefined;
  if (time === 0) return { min: -Infinity, max: 0 };
  return { min: time - clockAhead.max, max: time - clockAhead.min };
}

/** Whether one copy is certainly newer than another. Copies within the uncertainty are not judged. */
export function isNewer(one: PushedAt, other: PushedAt): boolean {
  return one.min > other.max;
}

/**
 * Compares what the members hold with the ring. A generator, because it may take long: it yields every
 * thousand groups, and returns what it found.
 *
 * @param inventories what each member that was read holds
 * @param ownerOf returns the owner of a placement key
 * @param deletions groups that were deleted while the deletion did not reach some member, and when
 * @param onMisplaced called with each group that is out of place
 */
export function* planSweep(
  inventories: ReadonlyMap<Member, Pick<PushTimes, "times" | "clockAhead">>,
  ownerOf: (key: string) => Member | undefined,
  deletions: ReadonlyMap<string, number> = new Map(),
  onMisplaced: (id: string, key: string, copies: Copies) => void = () => {},
): Generator<void, Findings> {
  const first = new LargeMap<Member>();
  const several = new Map<string, Member[]>();
  let steps = 0;
  for (const [member, { times }] of inventories) {
    for (const id of times.keys()) {
      if (++steps % GROUPS_A_STEP === 0) yield;
      const before = first.get(id);
      if (before === undefined) first.set(id, member);
      else several.set(id, [...several.get(id) ?? [before], member]);
    }
  }
  const misplaced = new LargeMap<Map<Member, PushedAt>>();
  const stale: StaleCopy[] = [];
  const twins: TwinCopy[] = [];
  function copiesOf(id: string, members: readonly Member[]): Map<Member, PushedAt> {
    const copies = new Map<Member, PushedAt>();
    for (const member of members) {
      const times = inventories.get(member);
      const pushed = times && pushedAt(id, times);
      if (pushed) copies.set(member, pushed);
    }
    return copies;
  }
  for (const [id, member] of first) {
    if (++steps % GROUPS_A_STEP === 0) yield;
    const holders = several.get(id);
    const key = keyOfId(id);
    const owner = ownerOf(key);
    if (!holders && (owner === undefined || owner === member)) continue;
    const copies = copiesOf(id, holders ?? [member]);
    misplaced.set(id, copies);
    onMisplaced(id, key, copies);
    if (!holders) continue;
    const older = staleCopies(id, copies);
    stale.push(...older);
    if (owner !== undefined) twins.push(...twinCopies(id, { copies, owner, older }));
  }
  for (const [id, deletedAt] of deletions) {
    if (++steps % GROUPS_A_STEP === 0) yield;
    for (const [member, read] of inventories) {
      const pushed = pushedAt(id, read);
      if (pushed && pushed.max < deletedAt) stale.push({ id, member, newer: deletedAt });
    }
  }
  return { misplaced, stale, twins, groups: first.size };
}

/**
 * Counts the copies on members that do not own them. A generator, because there may be many: it yields every
 * thousand groups.
 */
export function* countMisplaced(
  misplaced: LargeMap<Copies>,
  ownerOf: (key: string) => Member | undefined,
): Generator<void, ReadonlyMap<Member, number>> {
  const counts = new Map<Member, number>();
  let steps = 0;
  for (const [id, copies] of misplaced) {
    if (++steps % GROUPS_A_STEP === 0) yield;
    const owner = ownerOf(keyOfId(id));
    for (const member of copies.keys()) {
      if (member !== owner) counts.set(member, (counts.get(member) ?? 0) + 1);
    }
  }
  return counts;
}

/** Returns the copies of one group that are certainly older than its newest copy. */
export function staleCopies(id: string, copies: Copies): StaleCopy[] {
  const newest = newestOf(copies);
  if (!newest) return [];
  return [...copies].flatMap(([member, pushed]) =>
    isNewer(newest.pushed, pushed) ? [{ id, member, newer: newest.member }] : []
  );
}

/** Returns the copies that cannot be told from the owner's by their push times. */
function twinCopies(
  id: string,
  { copies, owner, older }: {
    readonly copies: Copies;
    readonly owner: Member;
    readonly older: readonly StaleCopy[];
  },
): TwinCopy[] {
  const judged = new Set(older.map(({ member }) => member));
  if (!copies.has(owner) || judged.has(owner)) return [];
  const others = [...copies.keys()].filter((member) => member !== owner && !judged.has(member));
  return others.map((member) => ({ id, member, owner }));
}

/** Returns the copy that was pushed last, as far as can be told. */
export function newestOf(copies: Copies): { member: Member; pushed: PushedAt } | undefined {
  let newest: { member: Member; pushed: PushedAt } | undefined;
  for (const [member, pushed] of copies) {
    if (!newest || pushed.min > newest.pushed.min) newest = { member, pushed };
  }
  return newest;
}
