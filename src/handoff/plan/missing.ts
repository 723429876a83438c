/**
 * Finds missing groups: a member that does not answer held them when it was last read, and no member that
 * answers does. Nobody scrapes them until the member is back or they are pushed again.
 *
 * @module
 */

import { type Logger, shownNames } from "../../log.ts";
import { createTrouble } from "../../log/trouble.ts";
import type { Member } from "../../member.ts";
import type { Membership } from "../../membership/membership.ts";
import type { PushTimes } from "../../pushgateway/push_times.ts";
import { cooperate } from "../../concurrency/cooperate.ts";

/** What each member held when it was last read. */
export type Held = ReadonlyMap<Member, Pick<PushTimes, "times">>;

/** The result of a round of sweeps. */
export interface RoundResult {
  readonly membership: Membership;
  readonly swept: ReadonlySet<Member>;
  readonly held: Held;
  /** Groups that were deleted while some member did not answer. */
  readonly deleted: ReadonlyMap<string, unknown>;
}

/** Counts missing groups, and logs changes. */
export interface Missing {
  /** Called before a round: remembers the members that were read before and no longer answer. */
  keep(membership: Membership, held: Held): void;
  /**
   * Called after a round.
   *
   * @returns for each member that does not answer, how many of its groups are missing
   * @throws the signal's reason when it aborts
   */
  look(result: RoundResult, signal: AbortSignal): Promise<ReadonlyMap<Member, number>>;
}

/** Groups processed between two yields. */
const GROUPS_A_STEP = 1_000;

/**
 * Counts missing groups. A generator, because it may take long: it yields every thousand groups.
 *
 * @param before what each of some members held
 * @param present what the members that answer hold
 * @param deleted groups that were deleted since
 * @returns for each member of `before`, how many of its groups no member of `present` holds. A group that two
 *   members held counts for both
 */
export function* countMissing(
  before: Held,
  present: Held,
  deleted: ReadonlyMap<string, unknown> = new Map(),
): Generator<void, ReadonlyMap<Member, number>> {
  const counts = new Map<Member, number>();
  const others = [...present.values()];
  let steps = 0;
  for (const [member, { times }] of before) {
    let count = 0;
    for (const id of times.keys()) {
      if (++steps % GROUPS_A_STEP === 0) yield;
      if (!deleted.has(id) && !others.some(({ times }) => times.has(id))) count++;
    }
    counts.set(member, count);
  }
  return counts;
}

/** Creates the watch, with no missing groups. */
export function createMissing(log: Logger): Missing {
  const dead = new Map<Member, Pick<PushTimes, "times">>();
  /** The largest number that was logged since groups have been missing. */
  let told = 0;
  const trouble = createTrouble();

  return {
    keep({ records }, held) {
      for (const [member, what] of held) {
        if (records.get(member)?.verdict === "down") dead.set(member, what);
      }
    },
    async look({ membership: { records }, swept, held, deleted }, signal) {
      const missing = new Map<Member, number>();
      let lost = 0;
      for (const [member, count] of await cooperate(countMissing(dead, held, deleted), signal)) {
        const fields = { member, groups: dead.get(member)?.times.size, missing: count };
        const isBack = swept.has(member);
        if (!isBack && records.has(member)) {
          missing.set(member, count);
          continue;
        }
        dead.delete(member);
        lost += count;
        if (count === 0) continue;
        if (isBack) log.warn("member is back without all of its groups", fields);
        else log.warn("member is gone with groups that no other member has", fields);
      }
      const total = [...missing.values()].reduce((sum, count) => sum + count, 0);
      if (total === 0) {
        const past = trouble.over();
        if (past) told = 0;
        if (past && lost === 0) log.info("no group is missing any more", past);
      } else if (trouble.isNews(`${Math.max(total, told)}`) && total > told) {
        const fields = { missing: total, members: shownNames([...missing.keys()]) };
        log.warn("groups are missing until their member is back or they are pushed again", fields);
        told = total;
      }
      return missing;
    },
  };
}
