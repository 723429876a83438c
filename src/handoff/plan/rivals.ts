/** Finds which copies of a group compete when it is moved. Pure. @module */

import type { Member } from "../../member.ts";
import type { PushTimes } from "../../pushgateway/push_times.ts";
import { isNewer, pushedAt } from "./inventory.ts";
import type { Relation } from "./processes.ts";
import type { Holders } from "./whereabouts.ts";

/** Other copies that a group may have. */
export interface Rivals {
  /** Members that may hold the group. */
  readonly others: readonly Member[];
  /** Whether some member that cannot be read may hold families of the group. */
  readonly partial: boolean;
}

/** Returns the members that may hold a group besides the two between which it is moved. */
export function besides(
  holders: Holders | undefined,
  two: readonly Member[],
): Rivals {
  if (!holders) return { others: [], partial: false };
  const { seen, presumed, unread, absent } = holders;
  return {
    others: [...seen.keys(), ...presumed, ...unread].filter((member) => !two.includes(member)),
    partial: absent.some(({ member }) => !two.includes(member)),
  };
}

/** Returns why nothing is moved between two members. `undefined` if groups may be moved. */
export function doubtOf(
  relation: Relation,
  from: Member,
  to: Member,
): string | undefined {
  switch (relation) {
    case "distinct":
      return undefined;
    case "same":
      return `${from} and ${to} are one Pushgateway under two names`;
    case "unknown":
      return `${from} and ${to} may be one Pushgateway: their start times are not both known`;
    default:
      return relation satisfies never;
  }
}

/** Whether the other copy is the newer one. A drain must decide, even if the two are very close. */
export function isOutdated(id: string, source: PushTimes, target: PushTimes): boolean {
  const theirs = likelyPushedAt(id, target);
  return theirs !== undefined && theirs >= (likelyPushedAt(id, source) ?? -Infinity);
}

/** Whether it is certain which of two copies is the newer one. */
export function areApart(id: string, one: PushTimes, other: PushTimes): boolean {
  const [a, b] = [pushedAt(id, one), pushedAt(id, other)];
  return !a || !b || isNewer(a, b) || isNewer(b, a);
}

/**
 * Returns the copy that was pushed last. If content were added to another copy, that copy would seem newer.
 */
export function newestOfRivals<Rival extends { readonly read: PushTimes }>(
  id: string,
  rivals: readonly Rival[],
): Rival | undefined {
  const time = ({ read }: Rival) => likelyPushedAt(id, read) ?? -Infinity;
  return rivals.toSorted((one, other) => time(other) - time(one)).at(0);
}

function likelyPushedAt(id: string, read: PushTimes): number | undefined {
  const pushed = pushedAt(id, read);
  if (!pushed) return undefined;
  const middle = (pushed.min + pushed.max) / 2;
  return Number.isFinite(middle) ? middle : read.times.get(id);
}
