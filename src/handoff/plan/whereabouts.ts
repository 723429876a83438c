/**
 * Where copies of each group lie, or may lie. Each push asks it, so where all is in place and every
 * member has been read it costs one look at empty maps. Pure state: no clock, no I/O.
 *
 * It rests on reads of the members, each of them for itself, on what handoff has done since, and on the
 * rings that were in force before a member was last read: a group may lie on its former owner until
 * that one has been read. A member that was never read may hold any group. What cannot be read is not
 * empty: it is told as absent.
 *
 * @module
 */

import { LargeMap } from "../../concurrency/large_map.ts";
import type { Member } from "../../member.ts";
import type { PushTimes } from "../../pushgateway/push_times.ts";
import type { HashRing } from "../../ring/hash_ring.ts";
import { type Copies, type Findings, keyOfId, type PushedAt, pushedAt } from "./inventory.ts";
import { createMadeCopies, type MadeCopy } from "./made_copies.ts";
import type { Rings } from "./rings.ts";

/** A group, by what names it and by what places it. */
export interface GroupKeys {
  readonly id: string;
  readonly key: string;
}

/** The members that may hold a copy of a group. */
export interface Holders {
  /** A read saw a copy there, or handoff has put one there; the owner may be among them. */
  readonly seen: Copies;
  /** Is or was the owner by another ring than the present one, and has not been read since. */
  readonly presumed: readonly Member[];
  /** May hold any group, because it was never read, and is about to be. */
  readonly unread: readonly Member[];
  /** May hold a copy, and cannot be read. */
  readonly absent: readonly Absent[];
  /** Whether reads that are about to be done will tell more. */
  readonly awaitsReads: boolean;
  /**
   * All copies, where they are known as far as this instance pushes alone, however long it takes to read
   * a member again: all pushes of the group have gone by what is known here since the owner was read.
   */
  readonly exact?: Copies;
}

/** A member that cannot be read. */
export interface Absent {
  readonly member: Member;
  /** It answers our probes all the same. */
  readonly up: boolean;
  /**
   * Why it may hold a copy: a read saw one there; it was the owner and has not been read since; or it
   * may hold any group.
   */
  readonly because: "seen" | "owned" | "unread";
}

/** A member, as far as it matters here. */
export interface MemberSight {
  /** It answers our probes. */
  readonly up: boolean;
  /** When its process started, where it tells. */
  readonly started?: string;
}

/** One read of a member. */
export interface Reading {
  /** It has been read whole: its groups are as they were at some time since the reading began. */
  end(read: PushTimes): void;
  /** It could not be read. */
  fail(): void;
}

/** What is to be compared with the ring. */
export interface Plan {
  /** What each member holds that can be read, as it was last read. */
  readonly inventories: ReadonlyMap<Member, PushTimes>;
  /** Has to be told of each group that is found out of place, with its placement key. */
  misplaced(id: string, key: string, copies: Copies): void;
  /**
   * Adds to what the comparison found what was done since the members were read, and forgets what those reads
   * have seen. A generator, because there may be much of it.
   */
  prepare(findings: Findings): Generator<void, void>;
  /**
   * Takes over what the comparison found, which is its own from then on; prepares it first where that was not
   * done.
   */
  apply(findings: Findings): void;
}

/** Where copies lie. */
export interface Whereabouts {
  /** Groups that are out of place, as far as was read. */
  readonly size: number;
  /** Whether nothing can be out of place, and nobody is out of sight: what nearly every push finds. */
  readonly clear: boolean;
  /**
   * Whether each group on some members lies on its owner and nowhere else among them, for certain: what was
   * done to others than owners was seen by a read since. Where much was done, it is not looked at.
   */
  areInPlace(on: ReadonlySet<Member>): boolean;
  /** Who may hold a copy of a group; `undefined` where only the owner can. */
  holdersOf(group: GroupKeys): Holders | undefined;
  /** The owner of a placement key, by the name that its process is used under. */
  ownerOf(key: string): Member | undefined;
  /** A copy was deleted from a member, or none was there. */
  removed(id: string, member: Member): void;
  /**
   * A push or a copy was taken by a member that may not be the group's owner.
   *
   * @param pushed when, as far as is known
   */
  placed(id: string, member: Member, pushed?: PushedAt): void;
  /** Whether a copy was deleted since its member was last read, as far as is known here. */
  isRemoved(id: string, member: Member): boolean;
  /** Whether a push of this process was the last thing that is known of a copy. */
  isPushed(id: string, member: Member): boolean;
  /** Whether a read, or handoff, has seen a group out of place. */
  isSeen(id: string): boolean;
  /**
   * A whole copy was made of what a member holds: that is outdated until it is pushed to, or the copy's
   * member is another process.
   *
   * @param copy.started when the copy's member had started then, where another instance has made it
   */
  copied(id: string, copy: MadeCopy): void;
  /** Whether that is so. */
  isCopied(id: string, copy: Pick<MadeCopy, "from" | "to">): boolean;
  /** The copies that were made so of a group. */
  copiesMade(id: string): readonly MadeCopy[];
  /** Others may have pushed to what copies of a group were made of. */
  forgetCopied(id: string): void;
  /** A copy was found on a member that is not the group's owner. */
  found(id: string, member: Member): void;
  /** The group was brought to its owner, and every other copy was removed. */
  settled(id: string): void;
  /** The group was marked as partial on a member. */
  marked(id: string, member: Member): void;
  isMarked(id: string, member: Member): boolean;
  /** The group was replaced on a member, which ends a mark. */
  replaced(id: string, member: Member): void;
  /**
   * Groups are pushed by other rings.
   *
   * @param rings.present the one that this instance goes by
   * @param rings.leader the one that goes before it where they differ, as long as its owner answers
   * @param rings.inUse others by which groups may be pushed: a read of their members may be outdated at
   *   once
   */
  ringsChanged(rings: Pick<Rings, "present" | "leader" | "inUse">): void;
  /**
   * The members have changed.
   *
   * @param members all that are known; those that are another member by another name are left out
   * @param aliases the names that are left out, and the one that is used instead
   */
  membersChanged(
    members: ReadonlyMap<Member, MemberSight>,
    aliases: ReadonlyMap<Member, Member>,
  ): void;
  /** How often other rings have come into force. */
  readonly ringChanges: number;
  /** Nothing is known any more of what members hold. */
  forgetAll(): void;
  /** Begins to read a member. */
  begin(member: Member): Reading;
  /** A read takes so long that nobody should wait for it; it may end well all the same. */
  overdue(member: Member): void;
  /** Whether a member answers, and could be read when that was last tried. */
  isReadable(member: Member): boolean;
  /** Begins to compare what was read with the ring. */
  plan(): Plan;
  /** What each member held when it was last read; of those that answer no more, too. */
  readonly inventories: ReadonlyMap<Member, PushTimes>;
}

/** A ring that is or was in use beside the present one, until its members have been read since. */
interface Former {
  readonly ring: HashRing;
  /** Members that have not been read since it was in use, by the names that it has for them. */
  unread: Set<Member>;
  /** Groups that a push has brought to their owner since. */
  readonly settled: Set<string>;
  /** When it was in use last; reads that began after this moment see what it has left. */
  since: number;
  /** When it was replaced, every group that was not seen out of place lay on its owner by it, or nowhere. */
  readonly wasExact: boolean;
}

/** What handoff did to a copy, and when. */
interface Change {
  /** When a copy was pushed that is there; absent where it is gone. */
  readonly pushed?: PushedAt;
  readonly at: number;
}

/** Since when every push of a group out of place has gone by what is known of its copies. */
interface Handled {
  readonly since: number;
  /** The comparison that found it out of place last. */
  plan: number;
}

/** Changes between two moments at which others have their turn. */
const CHANGES_A_STEP = 1_000;
/** What has just been pushed was not read yet: nothing is known of its push time. */
const JUST_NOW: PushedAt = { min: -Infinity, max: Infinity };
/**
 * Where more rings than these went out of use faster than members can be read, it is only remembered
 * which members may hold what the oldest have left.
 */
const FORMER_MAX = 8;

/**
 * Creates the state, with everything in place.
 *
 * @param ring in force at the beginning
 */
export function createWhereabouts(ring: HashRing): Whereabouts {
  let [present, leader] = [ring, ring];
  let ringChanges = 0;
  let members: ReadonlyMap<Member, MemberSight> = new Map();
  let aliases: ReadonlyMap<Member, Member> = new Map();
  /** Misplaced groups, and their copies. */
  let seen = new LargeMap<Map<Member, PushedAt>>();
  let former: Former[] = [];
  /** Moments, in the order in which they were. */
  let now = 0;
  const inventories = new Map<Member, PushTimes>();
  /** When those reads began. */
  const begunAt = new Map<Member, number>();
  /** Since when nothing that was read before counts. */
  const forgottenAt = new Map<Member, number>();
  /** They may hold any group, since this moment. */
  const unread = new Map<Member, number>();
  /** Could not be read when that was last tried. */
  const failing = new Set<Member>();
  /** Members that cannot be read, for one reason or the other. */
  let hidden: readonly Member[] = [];
  /** Those whose inventories were compared with the ring last. */
  let compared: ReadonlySet<Member> = new Set();
  /** Can be read again, and were not compared since: what they hold is known, and not in `seen`. */
  let returned: readonly Member[] = [];
  /** Members of the present ring of which nothing has been told: a ring may be made of those of the file. */
  let strangers: readonly Member[] = [];
  /** Later than the last read of the member has begun. */
  const changes = new Map<Member, Map<string, Change>>();
  /** Of groups in `seen`, where that is known. */
  const handled = new LargeMap<Handled>();
  /** What has changed since the comparison that is under way was prepared; absent where none is. */
  let journal: [id: string, member: Member][] | undefined;
  /** Comparisons are counted: the last one that was begun, and that was taken over. */
  let [plans, applied] = [0, 0];
  const marks = new Map<Member, Set<string>>();
  const made = createMadeCopies();

  const named = (member: Member) => aliases.get(member) ?? member;
  const isUp = (member: Member) => members.get(member)?.up === true;
  const isReadable = (member: Member) => isUp(member) && !failing.has(member);
  function look(): void {
    hidden = [...members.keys()].filter((member) => !isReadable(member));
    returned = [...inventories.keys()]
      .filter((member) => isReadable(member) && !compared.has(member));
    strangers = present.members.map(named).filter((member) => !members.has(member));
  }

  /** Whether every member answers, and what it held has been read and compared. */
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

  /** When a copy was pushed, by the last read and by what was done since. */
  function copyOn(member: Member, id: string): PushedAt | undefined {
    const changed = changes.get(member)?.get(id);
    if (changed) return changed.pushed;
    const read = inventories.get(member);
    return read && pushedAt(id, read);
  }

  /** A group whose only copy lies on its owner is in place. */
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
   * Since when a group with these copies counts as lying there, by a ring that went out of use: every push
   * of it has gone by that.
   */
  function presumedSince(id: string, key: string, copies: Copies): number | undefined {
    for (const { ring, unread, settled, since, wasExact } of former) {
      const name = ring.ownerOf(key);
      if (name === undefined || !unread.has(name) || settled.has(id)) continue;
      if (copies.has(named(name)) && (wasExact || since < Infinity)) {
        return wasExact ? -Infinity : since;
      }
    }
    return undefined;
  }

  /** Whether a group that is not out of place can only lie on its owner by the former ring. */
  function isOnFormerOwner(id: string, key: string): boolean {
    const [only, ...more] = former;
    if (more.length > 0 || !only?.wasExact || only.settled.has(id) || seen.has(id)) return false;
    const owner = ownerBy(only.ring, key);
    // What was out of place by that ring may be in place now.
    return inventories.keys().every((member) => member === owner || !copyOn(member, id));
  }

  /** See {@linkcode Holders.exact}. */
  function exactCopies(id: string, key: string, owner: Member | undefined): Copies | undefined {
    if (unread.size + strangers.length + returned.length > 0) return undefined;
    const copies = seen.get(id);
    const formerOwners = former.flatMap(({ ring, unread, settled, since }) => {
      const name = ring.ownerOf(key);
      const isThere = name !== undefined && unread.has(name);
      return isThere && !(settled.has(id) && since < Infinity) ? [named(name)] : [];
    }).filter((member) => member !== owner);
    const isKnown = copies ? isHandled(id, owner) : isOnFormerOwner(id, key);
    const known = copies ?? new Map(formerOwners.map((member) => [member, JUST_NOW]));
    const isWhole = formerOwners.every((member) => known.has(member)) &&
      hidden.every((member) => known.has(member) || !copyOn(member, id));
    return isKnown && isWhole && known.keys().every(isUp) ? known : undefined;
  }

  /** Whether nobody has pushed to the owner but by what is known here since it was read. */
  function isHandled(id: string, owner: Member | undefined): boolean {
    const known = handled.get(id);
    if (owner === undefined || !known || known.plan < applied) return false;
    return (begunAt.get(owner) ?? -Infinity) > known.since;
  }

  function placed(id: string, member: Member, pushed = JUST_NOW): void {
    made.pushed(id, member);
    lies(id, member, pushed);
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

  /** What was read before, or was done, says nothing of a process that has other data now. */
  function forget(member: Member): void {
    for (const map of [inventories, begunAt, changes, marks]) map.delete(member);
    made.forget(member);
    forgottenAt.set(member, ++now);
  }

  /** Remembers a ring. One that is known already is in use again, or not any more. */
  function keepFormer(ring: HashRing, since: number, wasExact: boolean): void {
    former = former.filter((one) => one.ring.hash !== ring.hash || one.since === since);
    if (former.some((one) => one.ring.hash === ring.hash)) return;
    former.push({ ring, unread: new Set(ring.members), settled: new Set(), since, wasExact });
  }

  function dropRead({ unread }: Former, isRead: (member: Member) => boolean): void {
    for (const name of unread) if (isRead(named(name))) unread.delete(name);
  }

  function absentBecause(member: Member, because: Absent["because"]): Absent {
    return { member, up: isUp(member), because };
  }

  return {
    get size() {
      return seen.size;
    },
    get clear() {
      return seen.size === 0 && former.length === 0 && isRead();
    },
    areInPlace(on) {
      const areElsewhere = (some: Iterable<Member>) => [...some].every((member) => !on.has(member));
      return seen.size === 0 &&
        [unread.keys(), hidden, returned, strangers].every(areElsewhere) &&
        former.every(({ unread }) => areElsewhere([...unread].map(named))) &&
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
      if (own !== undefined && own !== owner && !readable.has(own)) presume(own, false);
      for (const { ring, unread, settled, since } of former) {
        const name = ring.ownerOf(key);
        if (name === undefined || !unread.has(name)) continue;
        const before = named(name);
        if (before === owner) continue;
        const isSettled = settled.has(id) && since < Infinity;
        if (!isSettled && !readable.has(before)) presume(before, since < Infinity);
      }
      const unknown: Member[] = [];
      for (const member of unread.keys()) {
        if (presumed.has(member) || absent.has(member) || readable.has(member)) continue;
        // One that comes from elsewhere is not waited for: it has no part in what is pushed yet.
        if (isReadable(member) && present.weights.has(member)) unknown.push(member);
        else if (member !== owner) away(member, "unread");
      }
      for (const member of strangers) if (member !== owner) away(member, "unread");
      const elsewhere = [...readable.keys()].some((member) => member !== owner);
      if (!elsewhere && presumed.size + unknown.length + absent.size === 0) return undefined;
      const exact = exactCopies(id, key, owner);
      return {
        seen: readable,
        presumed: [...presumed],
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
    placed,
    copied(id, { from, to, started = members.get(to)?.started }) {
      if (started !== members.get(to)?.started || !members.has(from)) return;
      made.add(id, { from, to, ...(started !== undefined && { started }) });
    },
    isCopied: made.has,
    copiesMade: made.of,
    forgetCopied: made.forgetGroup,
    isRemoved(id, member) {
      const changed = changes.get(member)?.get(id);
      return changed !== undefined && changed.pushed === undefined;
    },
    isPushed(id, member) {
      const pushed = changes.get(member)?.get(id)?.pushed;
      return pushed !== undefined && pushed.max < Infinity;
    },
    isSeen: (id) => seen.has(id),
    found(id, member) {
      if (!seen.get(id)?.has(member)) lies(id, member, JUST_NOW);
    },
    settled(id) {
      for (const { settled } of former) settled.add(id);
      unsee(id);
    },
    marked(id, member) {
      marks.set(member, (marks.get(member) ?? new Set<string>()).add(id));
    },
    replaced: (id, member) => void marks.get(member)?.delete(id),
    isMarked: (id, member) => marks.get(member)?.has(id) ?? false,
    ringsChanged({ present: ring, leader: first, inUse }) {
      if (ring.hash !== present.hash || first.hash !== leader.hash) ringChanges++;
      const wasExact = former.length === 0 && isRead();
      if (ring.hash !== present.hash && present.members.length > 0) {
        keepFormer(present, ++now, wasExact);
      }
      [present, leader] = [ring, first];
      look();
      for (const one of inUse) {
        const known = former.find(({ ring }) => ring.hash === one.hash);
        keepFormer(one, Infinity, known?.wasExact ?? false);
      }
      const used = new Set(inUse.map(({ hash }) => hash));
      for (const one of former) {
        if (one.since < Infinity || used.has(one.ring.hash)) continue;
        one.since = ++now;
        one.settled.clear();
        one.unread = new Set(one.ring.members.filter((name) => members.has(named(name))));
      }
      const left = former.filter(({ since }) => since < Infinity);
      for (const oldest of left.slice(0, Math.max(0, left.length - FORMER_MAX))) {
        former = former.filter((one) => one !== oldest);
        for (const member of [...oldest.unread].map(named)) {
          if (members.has(member)) unread.set(member, ++now);
        }
      }
    },
    membersChanged(next, nextAliases) {
      for (const [member, { up, started }] of next) {
        const before = members.get(member);
        // What others put in its place need not be marked: when it is back, it may be a part again.
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
      for (const one of former) {
        if (one.since < Infinity) dropRead(one, (member) => !members.has(member));
      }
      former = former.filter(({ unread }) => unread.size > 0);
      look();
    },
    forgetAll() {
      for (const member of members.keys()) {
        forget(member);
        unread.set(member, ++now);
      }
      seen = new LargeMap();
      applied = ++plans;
      former = former.filter(({ since }) => since === Infinity);
    },
    begin,
    overdue,
    isReadable,
    plan() {
      const used = new Map([...inventories].filter(([member]) => isReadable(member)));
      const begins = new Map(begunAt);
      const plan = ++plans;
      let isPrepared = false;

      /** Members whose reads count still, and when those began. */
      function read(): (readonly [Member, number])[] {
        return [...used.keys()].map((member) => [member, begins.get(member) ?? 0] as const)
          .filter(([member, begun]) =>
            members.has(member) && (forgottenAt.get(member) ?? 0) <= begun
          );
      }

      /** Adds what was done to one copy since it was read. */
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
          // One that was answered late by a member that is gone.
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
          if (known && known.plan >= applied) {
            known.plan = plan;
            return;
          }
          const since = presumedSince(id, key, copies);
          if (since === undefined) handled.delete(id);
          else handled.set(id, { since, plan });
        },
        prepare,
        apply(findings) {
          if (!isPrepared) prepare(findings).forEach(() => {});
          applied = plan;
          for (const [member, begun] of read()) {
            if ((unread.get(member) ?? 0) < begun) unread.delete(member);
            for (const one of former) {
              if (one.since < begun) dropRead(one, (read) => read === member);
            }
          }
          former = former.filter(({ unread }) => unread.size > 0);
          compared = new Set(used.keys());
          look();
          // As it is: to look at each of 100,000 again would hold up pushes. Where the ring has changed
          // since, some are in place now; of these `holdersOf` says so, and the next plan ends them.
          seen = findings.misplaced;
          for (const [id, member] of journal ?? []) amend(findings, id, member);
          journal = undefined;
          if (former.length === 0 && unread.size === 0 && hidden.length === 0) marks.clear();
        },
      };
    },
    inventories,
  };

  /** The copies of a group that lies on one member only, its owner, or on none, as far as was read. */
  function copiesOf(id: string, members: Iterable<Member>): Map<Member, PushedAt> {
    const copies = new Map<Member, PushedAt>();
    for (const member of members) {
      const pushed = copyOn(member, id);
      if (pushed) copies.set(member, pushed);
    }
    return copies;
  }
}
