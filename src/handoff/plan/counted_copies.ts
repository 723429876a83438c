/** Which copy of each group counts for whoever reads all members as one. Pure. @module */

import type { Member } from "../../member.ts";
import type { PushTimes } from "../../pushgateway/push_times.ts";
import { type Copies, keyOfId, newestOf, planSweep } from "./inventory.ts";

/** The copies that count, as far as that has to be said: all others do. */
export interface CountedCopies {
  /** Groups of which another member's copy counts. */
  readonly outdone: ReadonlyMap<Member, ReadonlySet<string>>;
  /**
   * Groups of which this member's copy counts though it is not their owner, with that: they may be moved
   * meanwhile.
   */
  readonly underway: ReadonlyMap<Member, ReadonlyMap<string, Member>>;
}

/** Groups between two moments at which others have their turn. */
const GROUPS_A_STEP = 1_000;

/**
 * Finds them. The owner's copy counts, unless no push has ever reached it well; where the owner has none,
 * the newest does. A generator, for there may be many.
 *
 * @param inventories of the members that are read
 * @param ownerOf the owner of a placement key
 */
export function* countCopies(
  inventories: ReadonlyMap<Member, PushTimes>,
  ownerOf: (key: string) => Member | undefined,
): Generator<void, CountedCopies> {
  const { misplaced } = yield* planSweep(inventories, ownerOf);
  const outdone = new Map<Member, Set<string>>();
  const underway = new Map<Member, Map<string, Member>>();
  let steps = 0;
  for (const [id, copies] of misplaced) {
    if (++steps % GROUPS_A_STEP === 0) yield;
    const owner = ownerOf(keyOfId(id));
    const counted = countedOf(id, copies);
    for (const member of copies.keys()) {
      if (member !== counted) outdone.set(member, (outdone.get(member) ?? new Set()).add(id));
      else if (owner !== undefined && !copies.has(owner)) {
        underway.set(member, (underway.get(member) ?? new Map()).set(id, owner));
      }
    }
  }
  return { outdone, underway };

  function countedOf(id: string, copies: Copies): Member | undefined {
    const isShell = (member: Member) => inventories.get(member)?.times.get(id) === 0;
    const owner = ownerOf(keyOfId(id));
    const isOwners = owner !== undefined && copies.has(owner) &&
      (!isShell(owner) || copies.keys().every(isShell));
    return isOwners ? owner : newestOf(copies)?.member;
  }
}
