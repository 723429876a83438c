/** Which differences are meant: each has a name and a reason, and is of no other request. @module */

import type { Difference, Kind } from "./compare.ts";

/** A kind that can be meant. */
export type Excusable = Exclude<Kind, "another request" | "gone on">;

/** A difference that is meant. */
export interface Expected {
  readonly name: string;
  /** Why ours is as it is, with the section of RFC 9112 where it says something. */
  readonly reason: string;
  readonly kinds: readonly Excusable[];
  /** With which ours refuses; absent where it does not, or any will do. */
  readonly status?: number;
  /** Whether it is about such a request. */
  readonly about: (difference: Difference) => boolean;
}

/** The first one that a difference is. */
export function expectedOf(
  difference: Difference,
  list: readonly Expected[],
): Expected | undefined {
  const { kind, ours } = difference;
  return list.find(({ kinds, status, about }) => {
    if (!kinds.some((excusable) => excusable === kind)) return false;
    return (status === undefined || ours?.status === status) && about(difference);
  });
}
