/**
 * Groups that a Pushgateway stores with an explicit empty `instance`: from before us, for we drop it. A
 * push has to go to the spelling that is there. Pure state.
 *
 * @module
 */

import type { Member } from "../../member.ts";

/** What is known of how members store their groups. */
export interface EmptyInstances {
  /** A member was asked which of its groups are so. */
  learn(member: Member, ids: ReadonlySet<string>): void;
  /** Whether no member that was asked stores any group so. */
  readonly clear: boolean;
  /** Nothing is known of a member any more: it may have other data now. */
  forget(member: Member): void;
  /** Whether a member was asked. */
  knows(member: Member): boolean;
  /** Whether a member stores a group so, as far as is known. */
  has(member: Member, id: string): boolean;
  /** The group was deleted there. */
  removed(id: string, member: Member): void;
}

/** Creates the state, with nothing known. */
export function createEmptyInstances(): EmptyInstances {
  const known = new Map<Member, Set<string>>();
  /** Every push asks for it. */
  let clear = true;

  function look(): void {
    clear = known.values().every((ids) => ids.size === 0);
  }

  return {
    get clear() {
      return clear;
    },
    learn(member, ids) {
      known.set(member, new Set(ids));
      look();
    },
    forget(member) {
      known.delete(member);
      look();
    },
    knows: (member) => known.has(member),
    has: (member, id) => known.get(member)?.has(id) ?? false,
    removed(id, member) {
      if (known.get(member)?.delete(id)) look();
    },
  };
}
