/**
 * Knows where copies of each group lie, or may lie. Each push asks it. If everything is in place and every
 * member has been read, that costs one look at empty maps. Pure state: no clock, no I/O.
 *
 * It is based on the last read of each member, on what handoff has done since, and on the rings that were in
 * force before a member was last read: a group may lie on its former owner until that member has been read. A
 * member that was never read may hold any group. A member that cannot be read does not count as empty: it is
 * reported as absent.
 *
 * @module
 */

import { LargeMap } from "../../concurrency/large_map.ts";
import type { Member } from "../../member.ts";
import type { PushTimes } from "../../pushgateway/push_times.ts";
import type { HashRing } from "../../ring/hash_ring.ts";
import { createFormerRings } from "./former_rings.ts";
import {
  type Copies,
  type Findings,
  type GroupKeys,
  keyOfId,
  type PushedAt,
  pushedAt,
} from "./inventory.ts";
import { createMadeCopies, type MadeCopy } from "./made_copies.ts";
import type { Rings } from "./rings.ts";

/** The members that may hold a copy of a group. */
export interface Holders {
  /** Members on which a read saw a copy, or handoff has put one. The owner may be among them. */
  readonly seen: Copies;
  /**
   * Members that are or were the owner by another ring than the present one, and have not been read since.
   */
  readonly presumed: readonly Member[];
  /**
   * Those of them that hold a copy only if another instance has brought the group there: no copy was seen there,
   * and pushes went there neither by what this instance has gone by nor by a ring that went out of use.
   */
  readonly doubtful: readonly Member[];
  /** Members that may hold any group because they were never read, and that are about to be read. */
  readonly unread: readonly Member[];
  /** Members that may hold a copy and cannot be read. */
  readonly absent: readonly Absent[];
  /** Whether reads that are about to be done will tell more. */
  readonly awaitsReads: boolean;
  /**
   * All copies, if they are known provided that this instance alone pushes, however long it takes to read a
   * member again. Since the owner was read, all pushes of the group have used what is known here.
   */
  readonly exact?: Copies;
}

/** A push that a member has taken. */
export interface Taken {
  readonly by: Member;
  readonly pushed: PushedAt;
  readonly before?: Holders;
}

/** A copy that was deleted. */
export interface Removal {
  readonly from: Member;
  /** When the process of its member had started, if it is known. */
  readonly started?: string;
}

/** A member that cannot be read. */
export interface Absent {
  readonly member: Member;
  /** Whether it answers our probes nevertheless. */
  readonly up: boolean;
  /**
   * Why it may hold a copy: a read saw one there (`seen`); it was the owner and has not been read since
   * (`owned`); or it may hold any group (`unread`).
   */
  readonly because: "seen" | "owned" | "unread";
}

/** What the whereabouts need to know of a member. */
export interface MemberSight {
  /** Whether it answers our probes. */
  readonly up: boolean;
  /** When its process started, if it says so. */
  readonly started?: string;
}

/** One read of a member. */
export interface Reading {
  /** Called when it was read completely: its groups are as they were at some time since the read began. */
  end(read: PushTimes): void;
  /** Called when it could not be read. */
  fail(): void;
}

/** A comparison of what was read with the ring. */
export interface Plan {
  /** What each member that can be read held when it was last read. */
  readonly inventories: ReadonlyMap<Member, PushTimes>;
  /** Must be called for each group that is found out of place, with its placement key. */
  misplaced(id: string, key: string, copies: Copies): void;
  /**
   * Adds the changes made since the members were read to the result of the comparison, and forgets the
   * changes that those reads have seen. A generator, because there may be many.
   */
  prepare(findings: Findings): Generator<void, void>;
  /**
   * Takes over the result of the comparison, which belongs to the whereabouts from then on. Calls `prepare`
   * first if it was not called.
   */
  apply(findings: Findings): void;
}

/** Where copies lie. */
export interface Whereabouts {
  /** The number of groups that are out of place, as far as was read. */
  readonly size: number;
  /** Whether nothing can be out of place and every member is in sight, as for nearly every push. */
  isClear(): boolean;
  /**
   * Whether it is certain that each group on these members lies on its owner and on no other of them. A
   * change on a member that is not the owner must have been seen by a read since. If there are many changes,
   * they are not checked, and it is not certain.
   */
  areInPlace(on: ReadonlySet<Member>): boolean;
  /** Returns who may hold a copy of a group. `undefined` if only the owner can. */
  holdersOf(group: GroupKeys): Holders | undefined;
  /** Returns the owner of a placement key, by the name under which its process is used. */
  ownerOf(key: string): Member | undefined;
  /** Called when a copy was deleted from a member, or none was there. */
  removed(id: string, member: Member): void;
  /**
   * Called when a push was taken by a member. Remembers it if the group is, or may be, out of place.
   *
   * @param push.before who might hold a copy when the push was sent
   */
  taken(group: GroupKeys, push: Taken): void;
  /**
   * Called when a push or a copy was taken by a member that may not be the owner of the group.
   *
   * @param pushed when, as far as is known
   */
  placed(id: string, member: Member, pushed?: PushedAt): void;
  /** Whether a copy was deleted since its member was last read, as far as is known here. */
  isRemoved(id: string, member: Member): boolean;
  /**
   * Called when another instance says that it has deleted a copy. It does not count if the member is another
   * process now.
   */
  toldRemoved(id: string, removal: Removal): void;
  /**
   * Whether a copy seems to be gone: it was deleted since its member was last read, or another instance says
   * so. Somebody may have pushed to the member since, so this is no reason to leave the member out.
   */
  seemsRemoved(id: string, member: Member): boolean;
  /** Whether another instance says, in what it left for this turn of the group, that it has deleted a copy. */
  isToldRemoved(id: string, member: Member): boolean;
  /** Returns the copies of a group that seem to be gone. */
  removals(id: string): readonly Removal[];
  /** Forgets what other instances have said of deleted copies of a group. */
  forgetTold(id: string): void;
  /** Whether the last thing that is known of a copy is a push by this process. */
  isPushed(id: string, member: Member): boolean;
  /**
   * Called when a whole copy was made of what a member holds. The source is outdated until it is pushed to,
   * or until the copy's member is another process.
   *
   * @param copy.started when the process of the copy's member had started, if another instance has made the
   *   copy
   */
  copied(id: string, copy: MadeCopy): void;
  /** Whether such a copy was made, and its source is still outdated. */
  isCopied(id: string, copy: Pick<MadeCopy, "from" | "to">): boolean;
  /** Returns the copies of a group that were made so. */
  copiesMade(id: string): readonly MadeCopy[];
  /** Called when other instances may have pushed to the sources of the copies of a group. */
  forgetCopied(id: string): void;
  /** Called when a copy was found on a member that is not the owner of the group. */
  found(id: string, member: Member): void;
  /** Called when the group was brought to its owner and every other copy was deleted. */
  settled(id: string): void;
  /** Called when the group was marked as partial on a member. */
  marked(id: string, member: Member): void;
  isMarked(id: string, member: Member): boolean;
  /** Called when the group was replaced on a member, which removes a mark. */
  replaced(id: string, member: Member): void;
  /**
   * Called when groups are pushed by other rings than before.
   *
   * @param rings.present the ring that this instance goes by
   * @param rings.leader the ring that takes precedence where the two differ, as long as its owner answers
   * @param rings.inUse other rings by which groups may be pushed: a read of their members may be outdated at
   *   once
   */
  ringsChanged(rings: Pick<Rings, "present" | "leader" | "inUse">): void;
  /**
   * Called when the members have changed.
   *
   * @param members all known members, except those that are another member under another name
   * @param aliases the names that are left out, each with the name that is used instead
   */
  membersChanged(
    members: ReadonlyMap<Member, MemberSight>,
    aliases: ReadonlyMap<Member, Member>,
  ): void;
  /** How often other rings have come into force. */
  readonly ringChanges: number;
  /** Forgets what the members hold. */
  forgetAll(): void;
  /** Called when a read of a member begins. */
  begin(member: Member): Reading;
  /** Called when a read takes so long that nobody should wait for it. It may still succeed. */
  overdue(member: Member): void;
  /** Whether a member answers, and could be read at the last attempt. */
  isReadable(member: Member): boolean;
  /** Begins a comparison of what was read with the ring. */
  plan(): Plan;
  /** What each member held when it was last read, including members that no longer answer. */
  readonly inventories: ReadonlyMap<Member, PushTimes>;
}

/** What handoff did to a copy, and when. */
interface Change {
  /** When the copy that is there was pushed. Absent if the copy is gone. */
  readonly pushed?: PushedAt;
  readonly at: number;
}

/** Since when every push of a group that is out of place has used what is known of its copies. */
interface Handled {
  readonly since: number;
  /** The last comparison that found the group out of place. */
  plan: number;
}

/** Changes processed between two yields. */
const CHANGES_A_STEP = 1_000;
/** The push time of a copy that was pushed just now and has not been read yet: nothing is known of it. */
const JUST_NOW: PushedAt = { min: -Infinity, max: Infinity };

/**
 * Creates the state, with everything in place.
 *
 * @param ring the ring in force at the beginning
 */
export function createWhereabouts(ring: HashRing): Whereabouts {
  let [present, leader] = [ring, ring];
  /** Whether this instance has gone by the leader since that takes precedence. */
  let hasGoneByLeader = true;
  /** Whether the present ring has taken precedence. */
  let hasPresentLed = true;
  let ringChanges = 0;
  let members: ReadonlyMap<Member, MemberSight> = new Map();
  let aliases: ReadonlyMap<Member, Member> = new Map();
  /** Groups that are out of place, and their copies. */
  let seen = new LargeMap<Map<Member, PushedAt>>();
  /** The current moment. Moments are numbered in their order. */
  let now = 0;
  const inventories = new Map<Member, PushTimes>();
  /** When the last read of each member began. */
  const begunAt = new Map<Member, number>();
  /** Since when earlier reads of a member do not count. */
  const forgottenAt = new Map<Member, number>();
  /** Members that may hold any group, since this moment. */
  const unread = new Map<Member, number>();
  /** Members that could not be read at the last attempt. */
  const failing = new Set<Member>();
  /** Members that cannot be read: they do not answer, or the last attempt failed. */
  let hidden: readonly Member[] = [];
  /** The last comparison with the ring that included each member. */
  const compared = new Map<Member, number>();
  /**
   * Members that can be read again and were not compared since: what they hold is known, and not in `seen`.
   */
  let returned: readonly Member[] = [];
  /**
   * Members of the present ring of which membership has told nothing: a ring may be made of the file's
   * members.
   */
  let strangers: readonly Member[] = [];
  /** Changes that were made after the last read of the member began. */
  const changes = new Map<Member, Map<string, Change>>();
  /** For groups in `seen`, if it is known. */
  const handled = new LargeMap<Handled>();
  /** What has changed since the current comparison was prepared. Absent if there is none. */
  let journal: [id: string, member: Member][] | undefined;
  /** The numbers of the last comparison that was begun, and of the last one that was taken over. */
  let [plans, applied] = [0, 0];
  const marks = new Map<Member, Set<string>>();
  const made = createMadeCopies();
  /** Members from which other instances have deleted copies, as they say, by the group. */
  const told = new Map<string, Set<Member>>();

  const named = (member: Member) => aliases.get(member) ?? member;
  const former = createFormerRings({
    named,
    isKnown: (member) => members.has(member),
    nextMoment: () => ++now,
  });
  const isUp = (member: Member) => members.get(member)?.up === true;
  const isReadable = (member: Member) => isUp(member) && !failing.has(member);
  function look(): void {
    hidden = [...members.keys()].filter((member) => !isReadable(member));
    returned = [...inventories.keys()]
      .filter((member) => isReadable(member) && compared.get(member) !== applied);
    strangers = present.members.map(named).filter((member) => !members.has(member));
  }

  /** Whether every member answers, and what it held was read and compared. */
  function isRead(): boolean {
    return unread.size + hidden.length + returned.length + strangers.length === 0;
  }

  function ownerBy(ring: HashRing, key: string): Member | undefined {
    const owner = ring.ownerOf(key);
    return owner && named(owner);
  }

  function ownerOf(key: string): Member | undefined {
    const owner = ownerBy(present, key);
    if (leader.hash === present.hash) return owner;
    const leaders = ownerBy(leader, key);
    return leaders !== undefined && isUp(leaders) ? leaders : owner;
  }

  function change(id: string, member: Member, pushed?: PushedAt): void {
    const changed = changes.get(member) ?? new Map<string, Change>();
    changes.set(member, changed.set(id, { at: ++now, ...(pushed && { pushed }) }));
    journal?.push([id, member]);
  }

  /** Returns when a copy was pushed, by the last read and by the changes since. */
  function copyOn(member: Member, id: string): PushedAt | undefined {
    const changed = changes.get(member)?.get(id);
    if (changed) return changed.pushed;
    const read = inventories.get(member);
    return read && pushedAt(id, read);
  }

  /** Whether a group is in place: its only copy lies on its owner, or there is none. */
  function inPlace(id: string, copies: Copies): boolean {
    const [only] = copies.keys();
    return copies.size === 0 || (copies.size === 1 && only === ownerOf(keyOfId(id)));
  }

  function keepSeen(id: string, copies: Map<Member, PushedAt>): void {
    if (inPlace(id, copies)) unsee(id);
    else seen.set(id, copies);
  }

  function unsee(id: string): void {
    seen.delete(id);
    handled.delete(id);
  }

  /**
   * Returns the only member that can hold a group of which nothing is known: its owner by the oldest ring that
   * was replaced, if that member has not been read since. All pushes since have gone there, or have left a
   * trace here.
   */
  function onlyFormerOwner(group: GroupKeys): Member | undefined {
    const owner = former.onlyOwnerOf(group);
    if (owner === undefined) return undefined;
    // A group that was out of place by that ring may be in place now.
    const hasTrace = inventories.keys().some((member) =>
      member !== owner && copyOn(member, group.id)
    );
    return hasTrace ? undefined : owner;
  }

  /** Whether the copies that were seen are all, although some members were not read since they were owners. */
  function areAll(copies: Copies, group: GroupKeys, owner: Member | undefined): boolean {
    return isHandled(group.id, copies, owner) &&
      former.ownersOf(group).every(({ member }) => member === owner || copies.has(member));
  }

  /** See {@linkcode Holders.exact}. */
  function exactCopies(group: GroupKeys, owner: Member | undefined): Copies | undefined {
    const { id } = group;
    if (unread.size + strangers.length > 0) return undefined;
    // Comparisons leave out members that cannot be read.
    const uncompared = [...returned, ...hidden].some((member) => copyOn(member, id));
    const copies = new Map(uncompared ? copiesOf(id, members.keys()) : seen.get(id));
    if (copies.size > 0) {
      if (!areAll(copies, group, owner)) return undefined;
    } else {
      // What a member held that has returned may be compared at any moment, and be news.
      const only = returned.length > 0 ? undefined : onlyFormerOwner(group);
      if (only === undefined) return undefined;
      copies.set(only, JUST_NOW);
    }
    return copies.keys().every(isUp) ? copies : undefined;
  }

  /** Whether all pushes to the owner since it was read have used what is known here. */
  function isHandled(id: string, copies: Copies, owner: Member | undefined): boolean {
    const known = handled.get(id);
    if (owner === undefined || !known || !isCurrent(known, copies, owner)) return false;
    return (begunAt.get(owner) ?? -Infinity) > known.since;
  }

  /**
   * Whether the group was found out of place by every comparison since that could find it so: those that
   * included a member which holds a copy and is not the owner. Others had no news of a member that was slow.
   */
  function isCurrent({ plan }: Handled, copies: Copies, owner: Member | undefined): boolean {
    const others = [...copies.keys()].filter((member) => member !== owner);
    if (others.length === 0) return plan >= applied;
    return others.every((member) => plan >= (compared.get(member) ?? Infinity));
  }

  function placed(id: string, member: Member, pushed = JUST_NOW): void {
    made.pushed(id, member);
    told.get(id)?.delete(member);
    lies(id, member, pushed);
  }

  function taken({ id, key }: GroupKeys, { by, pushed, before }: Taken): void {
    // Until the group is settled, only the members that held it before count, whether they can be read or not.
    const others = before
      ? [
        ...before.seen.keys(),
        ...before.presumed,
        ...before.absent.filter(({ because }) => because !== "unread").map(({ member }) => member),
      ]
      : [];
    // If the ring has changed in the meantime, or other instances do not know of it yet, the group is out of
    // place there.
    const isOut = by !== ownerOf(key) || seen.has(id) || others.some((member) => member !== by);
    if (isOut) placed(id, by, pushed);
  }

  function lies(id: string, member: Member, pushed: PushedAt): void {
    change(id, member, pushed);
    const copies = seen.get(id) ?? new Map<Member, PushedAt>();
    keepSeen(id, copies.set(member, pushed));
  }

  function begin(member: Member): Reading {
    const begun = ++now;
    const counts = () => members.has(member) && (forgottenAt.get(member) ?? 0) < begun;
    return {
      end(read) {
        if (!counts()) return;
        inventories.set(member, read);
        begunAt.set(member, begun);
        failing.delete(member);
        look();
      },
      fail() {
        if (counts()) overdue(member);
      },
    };
  }

  function overdue(member: Member): void {
    if (!members.has(member)) return;
    failing.add(member);
    look();
  }

  /** Forgets a member: earlier reads and changes say nothing of a process that has other data now. */
  function forget(member: Member): void {
    for (const map of [inventories, begunAt, changes, compared, marks]) map.delete(member);
    made.forget(member);
    for (const from of told.values()) from.delete(member);
    forgottenAt.set(member, ++now);
  }

  function isRemoved(id: string, member: Member): boolean {
    const changed = changes.get(member)?.get(id);
    return changed !== undefined && changed.pushed === undefined;
  }

  function isToldRemoved(id: string, member: Member): boolean {
    return told.get(id)?.has(member) === true;
  }

  function absentBecause(member: Member, because: Absent["because"]): Absent {
    return { member, up: isUp(member), because };
  }

  return {
    get size() {
      return seen.size;
    },
    isClear: () => seen.size === 0 && former.isEmpty() && isRead(),
    areInPlace(on) {
      const areElsewhere = (some: Iterable<Member>) => [...some].every((member) => !on.has(member));
      return seen.size === 0 &&
        [unread.keys(), hidden, returned, strangers, former.members()].every(areElsewhere) &&
        // A Pushgateway deletes after it has answered.
        changes.entries().every(([member, changed]) =>
          !on.has(member) || (changed.size <= CHANGES_A_STEP &&
            changed.keys().every((id) => ownerOf(keyOfId(id)) === member))
        );
    },
    holdersOf({ id, key }) {
      const copies = seen.get(id);
      const owner = ownerOf(key);
      const own = ownerBy(present, key);
      const absent = new Map<Member, Absent>();
      const away = (member: Member, because: Absent["because"]) => {
        if (!absent.has(member)) absent.set(member, absentBecause(member, because));
      };
      const readable = new Map<Member, PushedAt>();
      for (const [member, pushed] of copies ?? []) {
        if (isReadable(member)) readable.set(member, pushed);
        else if (member !== owner) away(member, "seen");
      }
      for (const member of returned) {
        const pushed = copyOn(member, id);
        if (pushed) readable.set(member, pushed);
      }
      for (const member of hidden) if (member !== owner && copyOn(member, id)) away(member, "seen");
      const presumed = new Set<Member>();
      let awaitsReads = false;
      const presume = (member: Member, awaited: boolean) => {
        if (isReadable(member)) {
          presumed.add(member);
          awaitsReads ||= awaited;
        } else away(member, "owned");
      };
      const certain = new Set<Member>();
      for (const { member, isInUse, wasUsed } of former.ownersOf({ id, key })) {
        if (member === owner || readable.has(member)) continue;
        presume(member, !isInUse);
        if (wasUsed) certain.add(member);
      }
      if (own !== undefined && own !== owner && !readable.has(own)) {
        presume(own, false);
        if (!hasGoneByLeader) certain.add(own);
      }
      const unknown: Member[] = [];
      for (const member of unread.keys()) {
        if (presumed.has(member) || absent.has(member) || readable.has(member)) continue;
        // A member that is not in the ring is not waited for: it takes no part in pushes yet.
        if (isReadable(member) && present.weights.has(member)) unknown.push(member);
        else if (member !== owner) away(member, "unread");
      }
      for (const member of strangers) if (member !== owner) away(member, "unread");
      const elsewhere = [...readable.keys()].some((member) => member !== owner);
      if (!elsewhere && presumed.size + unknown.length + absent.size === 0) return undefined;
      const exact = exactCopies({ id, key }, owner);
      return {
        seen: readable,
        presumed: [...presumed],
        doubtful: [...presumed].filter((member) => !certain.has(member)),
        unread: unknown,
        absent: [...absent.values()],
        awaitsReads: awaitsReads || unknown.length > 0,
        ...(exact && { exact }),
      };
    },
    ownerOf,
    get ringChanges() {
      return ringChanges;
    },
    removed(id, member) {
      change(id, member);
      made.removed(id, member);
      marks.get(member)?.delete(id);
      const copies = seen.get(id);
      if (copies?.delete(member)) keepSeen(id, copies);
    },
    taken,
    placed,
    copied(id, { from, to, started = members.get(to)?.started }) {
      if (started !== members.get(to)?.started || !members.has(from)) return;
      made.add(id, { from, to, ...(started !== undefined && { started }) });
    },
    isCopied: made.has,
    copiesMade: made.of,
    forgetCopied: made.forgetGroup,
    isRemoved,
    toldRemoved(id, { from, started }) {
      if (started !== members.get(from)?.started) return;
      told.set(id, (told.get(id) ?? new Set<Member>()).add(from));
    },
    seemsRemoved: (id, member) => isRemoved(id, member) || isToldRemoved(id, member),
    isToldRemoved,
    removals(id) {
      const removed = changes.keys().filter((member) => isRemoved(id, member));
      return [...new Set([...removed, ...told.get(id) ?? []])].map((from) => {
        const started = members.get(from)?.started;
        return { from, ...(started !== undefined && { started }) };
      });
    },
    forgetTold: (id) => void told.delete(id),
    isPushed(id, member) {
      const pushed = changes.get(member)?.get(id)?.pushed;
      return pushed !== undefined && pushed.max < Infinity;
    },
    found(id, member) {
      if (!seen.get(id)?.has(member)) lies(id, member, JUST_NOW);
    },
    settled(id) {
      former.settled(id);
      unsee(id);
    },
    marked(id, member) {
      marks.set(member, (marks.get(member) ?? new Set<string>()).add(id));
    },
    replaced: (id, member) => void marks.get(member)?.delete(id),
    isMarked: (id, member) => marks.get(member)?.has(id) ?? false,
    ringsChanged({ present: ring, leader: first, inUse }) {
      if (ring.hash !== present.hash || first.hash !== leader.hash) ringChanges++;
      const wasExact = former.isEmpty() && isRead();
      if (ring.hash !== present.hash && present.members.length > 0) {
        former.replaced(present, { exact: wasExact, used: hasPresentLed });
      }
      const leads = first.hash === ring.hash;
      hasGoneByLeader = leads || (hasGoneByLeader && first.hash === leader.hash);
      hasPresentLed = leads || (hasPresentLed && ring.hash === present.hash);
      [present, leader] = [ring, first];
      look();
      former.inUse(inUse, ring);
      for (const member of former.forgetOldest()) {
        if (members.has(member)) unread.set(member, ++now);
      }
    },
    membersChanged(next, nextAliases) {
      for (const [member, { up, started }] of next) {
        const before = members.get(member);
        // Other members may have taken unmarked pushes in its place. When it is back, its copy may be a part
        // again.
        if (before?.up && !up) marks.delete(member);
        const restarted = before?.started !== undefined && started !== before.started;
        if (before && !restarted) continue;
        forget(member);
        unread.set(member, ++now);
      }
      for (const member of members.keys()) {
        if (next.has(member)) continue;
        forget(member);
        for (const known of [unread, failing, forgottenAt]) known.delete(member);
      }
      [members, aliases] = [next, nextAliases];
      former.forgetUnknown();
      look();
    },
    forgetAll() {
      for (const member of members.keys()) {
        forget(member);
        unread.set(member, ++now);
      }
      seen = new LargeMap();
      applied = ++plans;
      former.forgetUnused();
    },
    begin,
    overdue,
    isReadable,
    plan() {
      const used = new Map([...inventories].filter(([member]) => isReadable(member)));
      const begins = new Map(begunAt);
      const plan = ++plans;
      let isPrepared = false;

      /** Returns the members whose reads still count, and when those reads began. */
      function read(): (readonly [Member, number])[] {
        return [...used.keys()].map((member) => [member, begins.get(member) ?? 0] as const)
          .filter(([member, begun]) =>
            members.has(member) && (forgottenAt.get(member) ?? 0) <= begun
          );
      }

      /** Adds the change to one copy since it was read. */
      function amend({ misplaced }: Findings, id: string, member: Member): void {
        const changed = changes.get(member)?.get(id);
        if (!changed) return;
        const copies = misplaced.get(id) ?? copiesOf(id, used.keys());
        if (changed.pushed) copies.set(member, changed.pushed);
        else copies.delete(member);
        if (!inPlace(id, copies)) misplaced.set(id, copies);
        else for (const map of [misplaced, handled]) map.delete(id);
      }

      function* prepare(findings: Findings): Generator<void, void> {
        let steps = 0;
        isPrepared = true;
        journal = [];
        for (const [member, begun] of read()) {
          const changed = changes.get(member);
          for (const [id, { at }] of changed ?? []) {
            if (++steps % CHANGES_A_STEP === 0) yield;
            if (at < begun) changed?.delete(id);
          }
          if (changed?.size === 0 && changes.get(member) === changed) changes.delete(member);
        }
        for (const [member, changed] of changes) {
          // A member that is gone has answered late.
          if (!members.has(member)) changes.delete(member);
          for (const id of changed.keys()) {
            if (++steps % CHANGES_A_STEP === 0) yield;
            amend(findings, id, member);
          }
        }
      }

      return {
        inventories: used,
        misplaced(id, key, copies) {
          const known = handled.get(id);
          if (known && isCurrent(known, copies, ownerOf(key))) {
            known.plan = plan;
            return;
          }
          const since = former.presumedSince({ id, key }, copies);
          if (since === undefined) handled.delete(id);
          else handled.set(id, { since, plan });
        },
        prepare,
        apply(findings) {
          if (!isPrepared) prepare(findings).forEach(() => {});
          applied = plan;
          const reads = read();
          for (const [member, begun] of reads) {
            compared.set(member, plan);
            if ((unread.get(member) ?? 0) < begun) unread.delete(member);
          }
          former.wereRead(reads);
          look();
          // Taken over as it is, because checking each of 100,000 groups again would hold up pushes. If the
          // ring has changed since, some groups are in place now: `holdersOf` takes account of that, and the
          // next comparison removes them.
          seen = findings.misplaced;
          for (const [id, member] of journal ?? []) amend(findings, id, member);
          journal = undefined;
          if (former.isEmpty() && unread.size === 0 && hidden.length === 0) marks.clear();
        },
      };
    },
    inventories,
  };

  /** Returns the copies, as far as was read, of a group that lies on its owner only or on no member. */
  function copiesOf(id: string, members: Iterable<Member>): Map<Member, PushedAt> {
    const copies = new Map<Member, PushedAt>();
    for (const member of members) {
      const pushed = copyOn(member, id);
      if (pushed) copies.set(member, pushed);
    }
    return copies;
  }
}
