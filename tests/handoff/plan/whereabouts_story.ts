/** Reads of members, and what they tell of where one group lies. @module */

import { planSweep } from "../../../src/handoff/plan/inventory.ts";
import {
  createWhereabouts,
  type Holders,
  type MemberSight,
  type Whereabouts,
} from "../../../src/handoff/plan/whereabouts.ts";
import type { Member } from "../../../src/member.ts";
import type { PushTimes } from "../../../src/pushgateway/push_times.ts";
import type { HashRing } from "../../../src/ring/hash_ring.ts";
import { a, b, c } from "./members.ts";

/** The group that the stories are of. */
export const GROUP = { id: "/metrics/job/backup", key: "/metrics/job/backup" };
const { id } = GROUP;

/** What a read finds of a member that holds some groups, each pushed at this time. */
export function inventory(times: Readonly<Record<string, number>>): PushTimes {
  return {
    times: new Map(Object.entries(times)),
    clockAhead: { min: 0, max: 0 },
    failures: new Map(),
  };
}

const HOLDS = inventory({ [id]: 1 });
const EMPTY = inventory({});

/** Members that all answer, and whose processes do not tell when they started. */
export function up(...members: readonly Member[]): Map<Member, MemberSight> {
  return new Map(members.map((member) => [member, { up: true }]));
}

/** Compares what was read with the ring, in one go unless `meanwhile` does something. */
export function compare(whereabouts: Whereabouts, meanwhile: () => void = () => {}): void {
  const { inventories, misplaced, apply } = whereabouts.plan();
  const work = planSweep(inventories, whereabouts.ownerOf, new Map(), misplaced);
  for (;;) {
    const { done, value } = work.next();
    if (!done) continue;
    meanwhile();
    return apply(value);
  }
}

/** Reads some members and compares; the group lies on some of them. */
export function sweep(
  whereabouts: Whereabouts,
  read: readonly Member[],
  holders: readonly Member[] = [],
): void {
  for (const member of read) {
    whereabouts.begin(member).end(holders.includes(member) ? HOLDS : EMPTY);
  }
  compare(whereabouts);
}

/** Creates whereabouts of three members that have been read, and hold nothing. */
export function whereaboutsWith(ring: HashRing): Whereabouts {
  const whereabouts = createWhereabouts(ring);
  whereabouts.membersChanged(up(a, b, c), new Map());
  sweep(whereabouts, [a, b, c]);
  return whereabouts;
}

/** All go by this ring now. */
export function goBy(whereabouts: Whereabouts, ring: HashRing): void {
  whereabouts.ringsChanged({ present: ring, leader: ring, inUse: [] });
}

/** The names of those that may hold the group, without what does not matter. */
export function holdersOf(whereabouts: Whereabouts): Partial<
  Record<keyof Holders, readonly string[]>
> {
  const holders = whereabouts.holdersOf(GROUP);
  if (!holders) return {};
  const { seen, presumed, unread, absent } = holders;
  const text = (member: Member) => member.slice(0, member.indexOf(":"));
  const named = {
    seen: [...seen.keys()].map(text),
    presumed: presumed.map(text),
    unread: unread.map(text),
    absent: absent.map(({ member, up, because }) =>
      `${text(member)} ${because}${up ? "" : ", down"}`
    ),
  };
  return Object.fromEntries(
    Object.entries(named).filter(([, names]) => names.length > 0)
      .map(([kind, names]) => [kind, names.toSorted()]),
  );
}
