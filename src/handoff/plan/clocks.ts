/**
 * Computes how far the members' clocks are ahead of ours. One answer is exact to a second, because its `Date`
 * has no fractions. Several answers are more exact, because the true value lies within the bounds of all of
 * them.
 *
 * @module
 */

import type { Member } from "../../member.ts";
import { bothBounds, type ClockBounds } from "../../pushgateway/clock.ts";

/** Bounds that grow narrower with each answer. */
export interface Clocks {
  /** Takes the bounds of one answer, and returns the best that are known now. */
  narrow(member: Member, bounds: ClockBounds): ClockBounds;
  forget(member: Member): void;
}

/** Creates the clocks, with nothing known. */
export function createClocks(): Clocks {
  const known = new Map<Member, ClockBounds>();
  return {
    narrow(member, bounds) {
      const before = known.get(member);
      const best = before ? bothBounds(before, bounds) : bounds;
      known.set(member, best);
      return best;
    },
    forget: (member) => void known.delete(member),
  };
}
