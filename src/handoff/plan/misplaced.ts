/**
 * Which groups may lie elsewhere than on their owner. Each push asks it, so where all is in place it
 * costs one look at an empty map. Pure state: no clock, no I/O.
 *
 * Two sources: what sweeps found, and, from a new ring until the members of the one before have been
 * swept again, every group whose owner the new ring has changed.
 *
 * @module
 */

import type { Member } from "../../member.ts";
import { LargeMap } from "../../concurrency/large_map.ts";
import type { HashRing } from "../../ring/hash_ring.ts";
import { type Copies, type Findings, keyOfId, type PushedAt } from "./inventory.ts";

/** A round of sweeps, from its first read to its findings. */
export interface Round {
  /**
   * Takes over what the round found, which is its own from then on.
   *
   * @param swept the members that were read, all of them after the round began
   * @param failed those that could not be
   */
  end(
    findings: Findings,
    outcome: { readonly swept: ReadonlySet<Member>; readonly failed: ReadonlySet<Member> },
  ): void;
  /** Ends it without findings. */
  abandon(): void;
}

/** The members, beside the owner, that may hold a copy of a group. */
export interface Holders {
  /** A sweep saw a copy there. */
  readonly seen: Copies;
  /** Was the owner before the ring changed, and has not been swept since. */
  readonly presumed: readonly Member[];
}

/** What is out of place. */
export interface Misplaced {
  /** Groups that sweeps found out of place and that no push has settled since. */
  readonly size: number;
  /** Whether nothing can be out of place; the answer for nearly every push. */
  readonly clear: boolean;
  /** Who may hold a copy of a group, the owner among those seen; `undefined` where it is in place. */
  holdersOf(group: { readonly id: string; readonly key: string }): Holders | undefined;
  /** A copy was deleted from a member, or none was there. */
  removed(id: string, member: Member): void;
  /** A push was taken by a member that does not own the group, or not any more. */
  placed(id: string, member: Member): void;
  /** The group was brought to its owner, and every other copy was removed. */
  settled(id: string): void;
  /** A new ring is in force. */
  ringChanged(ring: HashRing): void;
  /** Begins a round. */
  begin(): Round;
}

/** A ring that was in force, until its members have been swept. */
interface Former {
  readonly ring: HashRing;
  readonly unswept: Set<Member>;
  /** Groups that a push has brought to their owner since. */
  readonly settled: Set<string>;
  /** No round that is under way began after this ring went out of force. */
  readonly since: number;
}

/** What has just been pushed was not read yet: nothing is known of its push time. */
const JUST_NOW: PushedAt = { min: -Infinity, max: Infinity };
/** Rings that change faster than they can be swept: what the oldest would tell, the next sweep finds. */
const FORMER_MAX = 8;

/**
 * Makes one, with everything in place.
 *
 * @param ring in force at the beginning
 * @param reachable whether a member answers; of others nothing can be fetched, so a push does not ask them
 * @param othersMayLag whether other instances may still push by the former ring: what a sweep shows of
 *   its members may be outdated then
 */
export function createMisplaced(
  ring: HashRing,
  reachable: (member: Member) => boolean,
  othersMayLag: () => boolean = () => false,
): Misplaced {
  let present = ring;
  let seen = new LargeMap<Map<Member, PushedAt>>();
  let former: Former[] = [];
  let rounds = 0;
  /** Copies that came or went while rounds are under way: their reads may be older. */
  const running = new Map<number, Map<string, Map<Member, "here" | "gone">>>();

  function note(id: string, member: Member, what: "here" | "gone"): void {
    for (const notes of running.values()) {
      const members = notes.get(id) ?? new Map();
      notes.set(id, members.set(member, what));
    }
  }

  function removed(id: string, member: Member): void {
    note(id, member, "gone");
    const copies = seen.get(id);
    if (copies?.delete(member) && inPlace(id, copies)) seen.delete(id);
  }

  /** A group whose only copy lies on its owner is in place. */
  function inPlace(id: string, copies: Copies): boolean {
    const [only] = copies.keys();
    return copies.size === 0 || (copies.size === 1 && only === present.ownerOf(keyOfId(id)));
  }

  return {
    get size() {
      return seen.size;
    },
    get clear() {
      return seen.size === 0 && former.length === 0;
    },
    holdersOf({ id, key }) {
      const copies = seen.get(id);
      const owner = present.ownerOf(key);
      const presumed: Member[] = [];
      for (const { ring, unswept, settled } of former) {
        const before = ring.ownerOf(key);
        if (before === undefined || before === owner || !unswept.has(before)) continue;
        if (settled.has(id) || copies?.has(before) || presumed.includes(before)) continue;
        if (reachable(before)) presumed.push(before);
      }
      const elsewhere = copies &&
        [...copies.keys()].some((member) => member !== owner && reachable(member));
      if (!elsewhere && presumed.length === 0) return undefined;
      return { seen: new Map(copies), presumed };
    },
    removed,
    placed(id, member) {
      note(id, member, "here");
      const copies = seen.get(id) ?? new Map<Member, PushedAt>();
      copies.set(member, JUST_NOW);
      if (!inPlace(id, copies)) seen.set(id, copies);
    },
    settled(id) {
      for (const { settled } of former) settled.add(id);
      seen.delete(id);
    },
    ringChanged(ring) {
      if (present.members.length > 0) {
        const unswept = new Set(present.members);
        former.push({ ring: present, unswept, settled: new Set(), since: rounds });
        former = former.slice(-FORMER_MAX);
      }
      present = ring;
    },
    begin() {
      const number = ++rounds;
      const notes = new Map<string, Map<Member, "here" | "gone">>();
      running.set(number, notes);
      return {
        end(findings, { swept, failed }) {
          running.delete(number);
          // As it is: to look at each of 100,000 again would hold up pushes. Where the ring has changed
          // since, some are in place now; of these `holdersOf` says so, and the next round ends them.
          seen = findings.misplaced;
          for (const [id, members] of notes) {
            const copies = seen.get(id) ?? new Map<Member, PushedAt>();
            for (const [member, what] of members) {
              if (what === "here") copies.set(member, JUST_NOW);
              else copies.delete(member);
            }
            if (inPlace(id, copies)) seen.delete(id);
            else seen.set(id, copies);
          }
          for (const one of former) {
            if (one.since >= number) continue; // the ring changed after this round began
            if (one === former.at(-1) && othersMayLag()) continue;
            for (const member of swept) one.unswept.delete(member);
          }
          // One that answers our probes and cannot be read is not waited for: it would hold up pushes.
          const awaited = (member: Member) => reachable(member) && !failed.has(member);
          former = former.filter(({ unswept }) => [...unswept].some(awaited));
        },
        abandon: () => void running.delete(number),
      };
    },
  };
}
