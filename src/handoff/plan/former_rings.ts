/**
 * The rings that are or were in use besides the present one. A group may lie on its owner by such a ring until
 * that member has been read since the ring was last in use. Pure state.
 *
 * @module
 */

import type { Member } from "../../member.ts";
import type { HashRing } from "../../ring/hash_ring.ts";
import type { GroupKeys } from "./inventory.ts";

/** The rings in use besides the present one, and those that went out of use. */
export interface FormerRings {
  /** Whether there is none: every member has been read since other rings were in use. */
  isEmpty(): boolean;
  /** Returns the members that may hold what pushes by these rings have left behind. */
  members(): Member[];
  /** Returns the members that may hold a group because they own it by one of these rings. */
  ownersOf(group: GroupKeys): FormerOwner[];
  /**
   * Returns the only member that can hold a group if all pushes of it have gone by these rings: its owner by
   * the oldest of them.
   */
  onlyOwnerOf(group: GroupKeys): Member | undefined;
  /**
   * Returns since when a group that lies on these members counts as lying there, by a ring that went out of
   * use. Every push of the group has gone by that ring.
   */
  presumedSince(group: GroupKeys, on: { has(member: Member): boolean }): number | undefined;
  /** Called when the group was brought to its owner and every other copy was deleted. */
  settled(id: string): void;
  /**
   * Called when the present ring was replaced.
   *
   * @param was.exact whether every group that was not seen out of place lay on its owner by this ring, or nowhere
   * @param was.used whether pushes of all groups went by this ring: it took precedence
   */
  replaced(ring: HashRing, was: { readonly exact: boolean; readonly used: boolean }): void;
  /**
   * Called with the rings in use besides the present one. All others are out of use from now on. Other
   * instances may have pushed by those. One that is the present ring now does not count as pushed by: the
   * ring before it keeps precedence until this instance has announced it, too.
   */
  inUse(rings: readonly HashRing[], present: HashRing): void;
  /**
   * Forgets the oldest rings, if too many went out of use faster than members can be read.
   *
   * @returns the members that may hold what these rings have left behind
   */
  forgetOldest(): Member[];
  /** Called when members were read, with the moment when the read of each began. */
  wereRead(begins: Iterable<readonly [Member, number]>): void;
  /** Forgets members that are not known any more. */
  forgetUnknown(): void;
  /** Forgets the rings that went out of use. */
  forgetUnused(): void;
}

/** A member that owns a group by a ring besides the present one. */
export interface FormerOwner {
  readonly member: Member;
  /** Whether the ring is still in use: a read of the member may be outdated at once. */
  readonly isInUse: boolean;
  /**
   * Whether pushes went there by this ring, as far as is known, and the member has not been read since. If not,
   * the group lies there only if other instances have brought it there.
   */
  readonly wasUsed: boolean;
}

/** What former rings need to know. */
export interface FormerRingsDeps {
  /** Returns the name that is used for a member of a ring. */
  readonly named: (name: Member) => Member;
  /** Whether a member is known now. */
  readonly isKnown: (member: Member) => boolean;
  /** Returns a new moment. Moments are numbered in their order. */
  readonly nextMoment: () => number;
}

/** A ring that is or was in use besides the present one, until its members have been read since. */
interface Former {
  readonly ring: HashRing;
  /** Members that have not been read since it was in use, under the names that the ring has for them. */
  unread: Set<Member>;
  /** Members that have not been read since pushes went there by this ring, as far as is known here. */
  used: Set<Member>;
  /** Groups that a push has brought to their owner since. */
  readonly settled: Set<string>;
  /** When it was last in use; `Infinity` if it is. Reads that began later see what it has left behind. */
  since: number;
  /** As for {@linkcode FormerRings.replaced}. */
  readonly wasExact: boolean;
}

/**
 * If more rings than this went out of use faster than members can be read, only the members that may hold
 * what the oldest rings have left behind are remembered.
 */
const FORMER_MAX = 8;

/** Creates the record, without any ring. */
export function createFormerRings(
  { named, isKnown, nextMoment }: FormerRingsDeps,
): FormerRings {
  /** The oldest first. */
  let former: Former[] = [];

  /** Remembers a ring. A ring that is known already has come into use again, or gone out of use. */
  function keep(
    ring: HashRing,
    since: number,
    was: { readonly exact: boolean; readonly used: boolean },
  ): void {
    const known = former.find((one) => one.ring.hash === ring.hash);
    if (known?.since === since) return;
    former = former.filter((one) => one !== known);
    former.push({
      ring,
      unread: new Set(ring.members),
      used: was.used ? new Set(ring.members) : known?.used ?? new Set(),
      settled: new Set(),
      since,
      wasExact: was.exact,
    });
  }

  /** Returns the owner by a former ring, if it has not been read since the ring was in use. */
  function unreadOwner({ ring, unread }: Former, key: string): Member | undefined {
    const name = ring.ownerOf(key);
    return name !== undefined && unread.has(name) ? named(name) : undefined;
  }

  function drop({ unread, used }: Former, isRead: (member: Member) => boolean): void {
    for (const name of unread) {
      if (!isRead(named(name))) continue;
      unread.delete(name);
      used.delete(name);
    }
  }

  function forgetRead(): void {
    former = former.filter(({ unread }) => unread.size > 0);
  }

  return {
    isEmpty: () => former.length === 0,
    members: () => former.flatMap(({ unread }) => [...unread].map(named)),
    ownersOf({ id, key }) {
      const owners: FormerOwner[] = [];
      for (const one of former) {
        const member = unreadOwner(one, key);
        const isInUse = one.since === Infinity;
        if (member === undefined || (!isInUse && one.settled.has(id))) continue;
        const name = one.ring.ownerOf(key);
        owners.push({ member, isInUse, wasUsed: name !== undefined && one.used.has(name) });
      }
      return owners;
    },
    onlyOwnerOf({ id, key }) {
      const [oldest] = former;
      if (!oldest?.wasExact || former.some(({ settled }) => settled.has(id))) return undefined;
      return unreadOwner(oldest, key);
    },
    presumedSince({ id, key }, on) {
      for (const one of former) {
        const { settled, since, wasExact } = one;
        const member = unreadOwner(one, key);
        if (member === undefined || settled.has(id) || !on.has(member)) continue;
        if (wasExact) return -Infinity;
        if (since < Infinity) return since;
      }
      return undefined;
    },
    settled(id) {
      for (const { settled } of former) settled.add(id);
    },
    replaced: (ring, was) => keep(ring, nextMoment(), was),
    inUse(rings, present) {
      for (const ring of rings) {
        const known = former.find((one) => one.ring.hash === ring.hash);
        keep(ring, Infinity, { exact: known?.wasExact ?? false, used: false });
      }
      const used = new Set(rings.map(({ hash }) => hash));
      for (const one of former) {
        if (one.since < Infinity || used.has(one.ring.hash)) continue;
        one.since = nextMoment();
        one.settled.clear();
        one.unread = new Set(one.ring.members.filter((name) => isKnown(named(name))));
        // Other instances may have pushed by it.
        if (one.ring.hash !== present.hash) one.used = new Set(one.unread);
      }
    },
    forgetOldest() {
      const left = former.filter(({ since }) => since < Infinity);
      const oldest = left.slice(0, Math.max(0, left.length - FORMER_MAX));
      former = former.filter((one) => !oldest.includes(one));
      return oldest.flatMap(({ unread }) => [...unread].map(named));
    },
    wereRead(begins) {
      for (const [member, begun] of begins) {
        for (const one of former) if (one.since < begun) drop(one, (read) => read === member);
      }
      forgetRead();
    },
    forgetUnknown() {
      for (const one of former) if (one.since < Infinity) drop(one, (member) => !isKnown(member));
      forgetRead();
    },
    forgetUnused() {
      former = former.filter(({ since }) => since === Infinity);
    },
  };
}
