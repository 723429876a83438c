/** Decides which copy of each group counts on the page of all members. Pure. @module */

import { LargeMap } from "../../concurrency/large_map.ts";
import type { Member } from "../../member.ts";
import type { PushTimes } from "../../pushgateway/push_times.ts";
import { type Copies, keyOfId, newestOf, planSweep } from "./inventory.ts";

/** Groups on some members, each with another member. */
type GroupsByMember = ReadonlyMap<Member, ReadonlyMap<string, Member>>;

/** The copies that do not count, or that may be moved. All other copies count. */
export interface CountedCopies {
  /** Groups of which another member's copy counts, with that member. */
  readonly outdone: GroupsByMember;
  /**
   * Groups of which this member's copy counts although it is not their owner, with the owner. They may be
   * moved in the meantime.
   */
  readonly underway: GroupsByMember;
  /** The owners of the groups in `underway`. */
  readonly destinations: ReadonlySet<Member>;
}

/** Groups processed between two yields. */
const GROUPS_A_STEP = 1_000;

/**
 * Finds the copies that count. The owner's copy counts, unless no push of it has ever succeeded. If the owner
 * has no copy, the newest one counts. A generator, because there may be many.
 *
 * @param inventories what the members that are read hold
 * @param ownerOf returns the owner of a placement key
 */
export function* countCopies(
  inventories: ReadonlyMap<Member, PushTimes>,
  ownerOf: (key: string) => Member | undefined,
): Generator<void, CountedCopies> {
  const { misplaced } = yield* planSweep(inventories, ownerOf);
  const outdone = new Map<Member, LargeMap<Member>>();
  const underway = new Map<Member, LargeMap<Member>>();
  const destinations = new Set<Member>();
  let steps = 0;
  for (const [id, copies] of misplaced) {
    if (++steps % GROUPS_A_STEP === 0) yield;
    const owner = ownerOf(keyOfId(id));
    const counted = countedOf(id, copies);
    if (counted === undefined) continue;
    for (const member of copies.keys()) {
      if (member !== counted) groupsOf(outdone, member).set(id, counted);
      else if (owner !== undefined && !copies.has(owner)) {
        groupsOf(underway, member).set(id, owner);
        destinations.add(owner);
      }
    }
  }
  return { outdone, underway, destinations };

  function countedOf(id: string, copies: Copies): Member | undefined {
    const isShell = (member: Member) => inventories.get(member)?.times.get(id) === 0;
    const owner = ownerOf(keyOfId(id));
    const isOwners = owner !== undefined && copies.has(owner) &&
      (!isShell(owner) || copies.keys().every(isShell));
    return isOwners ? owner : newestOf(copies)?.member;
  }
}

function groupsOf(
  groups: Map<Member, LargeMap<Member>>,
  member: Member,
): LargeMap<Member> {
  const known = groups.get(member) ?? new LargeMap<Member>();
  groups.set(member, known);
  return known;
}
