/**
 * Knows which groups a Pushgateway stores with an explicit empty `instance`. They are older than this
 * service, which drops it. A push has to use the spelling that is stored. Pure state.
 *
 * @module
 */

import type { Member } from "../../member.ts";

/** What is known of how members store their groups. */
export interface EmptyInstances {
  /** Called when a member was asked which of its groups have an empty `instance`. */
  learn(member: Member, ids: ReadonlySet<string>): void;
  /** Whether no member that was asked has a group with an empty `instance`. */
  isClear(): boolean;
  /** Forgets a member, which may have other data now. */
  forget(member: Member): void;
  /** Whether a member was asked. */
  knows(member: Member): boolean;
  /** Whether a member stores a group with an empty `instance`, as far as is known. */
  has(member: Member, id: string): boolean;
  /** Called when the group was deleted on a member. */
  removed(id: string, member: Member): void;
}

/** Creates the state, with nothing known. */
export function createEmptyInstances(): EmptyInstances {
  const known = new Map<Member, Set<string>>();
  /** Kept up to date, because every push asks for it. */
  let clear = true;

  function look(): void {
    clear = known.values().every((ids) => ids.size === 0);
  }

  return {
    isClear: () => clear,
    learn(member, ids) {
      known.set(member, new Set(ids));
      look();
    },
    forget(member) {
      known.delete(member);
      look();
    },
    knows: (member) => known.has(member),
    // To look up a text that is new costs 1 µs: it has to be hashed.
    has: (member, id) => !clear && (known.get(member)?.has(id) ?? false),
    removed(id, member) {
      if (known.get(member)?.delete(id)) look();
    },
  };
}
