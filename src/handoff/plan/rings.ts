/**
 * By which rings groups are pushed now. Instances learn of a change one after the other, and may see
 * different members for long; so each announces the ring that it goes by, and which rings it knows of.
 * A group of which those rings have different owners is *contested*: it belongs to its owner by the
 * ring that was announced first, and is pushed under its lock alone.
 *
 * News may take any time to arrive. So each instance also announces what it has heard of whom, and a
 * group is contested until all others have heard the last word of ours that places it elsewhere.
 *
 * What somebody may push without a lock nobody takes away: see {@linkcode Rings.isUsed}.
 *
 * Pure state, by a clock that is handed in.
 *
 * @module
 */

import type { Member } from "../../member.ts";
import type { HashRing } from "../../ring/hash_ring.ts";
import type { AnnouncedRing, Announcement } from "./announced_ring.ts";
import { heardByAll, leading, unheardBy } from "./heard.ts";
import { createToldRings, type Word } from "./told_rings.ts";

/** What is known of other instances. */
export type Others =
  /** There are none. */
  | "none"
  /** They have not been asked yet. */
  | "unknown"
  /** What all of them have announced; we may be among them. In an order that is the same for all. */
  | readonly Announcement[];

/** Rings in use. */
export interface Rings {
  /** The one that this instance goes by. */
  readonly present: HashRing;
  /** The one that contested groups go by. */
  readonly leader: HashRing;
  /**
   * Rings beside the present one by which groups may have been pushed a moment ago, or are still, or
   * which others may think that we know.
   */
  readonly inUse: readonly HashRing[];
  /** Another ring is the present one. */
  ringChanged(ring: HashRing): void;
  /**
   * What is known of other instances has changed.
   *
   * @param inReach whether they can be asked: Consul may be out of reach, or forbid it. What was known
   *   of them last holds then
   */
  othersChanged(others: Others, inReach: boolean): void;
  /**
   * Others announce rings that are not built yet: until they have changed, everything may be pushed by
   * them, and nothing can be said of where.
   */
  awaitOthers(): void;
  /** Whether that is so. */
  readonly awaitsOthers: boolean;
  /** A push is sent to a member without a lock. Disposal: it has been answered, or never will be. */
  sends(member: Member, key: string): Disposable;
  /** The same where no lock is available: it is sent wherever the group is found. */
  sendsAlone(key: string): Disposable;
  /** Whether there are no other instances: nobody else pushes. */
  readonly isAlone: boolean;
  /** Whether a push of a group is on its way without a lock, to any member. */
  isSending(key: string): boolean;
  /** What the others may be told of us now; absent while they are not known. */
  readonly announceable: AnnouncedRing | undefined;
  /** Whether the others have heard all that we know of rings, and can be asked for theirs. */
  readonly areKnown: boolean;
  /**
   * Whether this instance pushes a group without its lock: the others have heard of it, and all rings in
   * use give the group to one member. Of a contested group that is never so.
   */
  isFree(key: string): boolean;
  /**
   * Whether the others have ever known of this instance: until then neither knows where the other one
   * pushes, and a lock alone does not tell.
   */
  readonly isIntroduced: boolean;
  /**
   * Whether all instances look for a group where this one puts it, and respect its lock. Where not, a
   * copy that it adds to has to be marked as a part.
   */
  readonly areAgreed: boolean;
  /** Whether others can be asked by which rings they go, and locks are available that they respect. */
  readonly areInReach: boolean;
  /**
   * Whether others, that cannot be asked, may push a group elsewhere: since they could be asked last, its
   * owner is another one here.
   */
  mayBeSplit(key: string): boolean;
  /** Whether a group may be pushed to a member without its lock, or such a push is on its way. */
  isUsed(member: Member, key: string): boolean;
  /**
   * Whether any group may be so: some instance is not known, or does not know us, or is out of touch, or
   * has not heard of the ring that contested groups go by here.
   */
  readonly areAllUsed: boolean;
  /**
   * The instances that have not said that they have heard of ours, or of the ring that contested groups
   * go by: while there are any, any group may be used.
   */
  readonly holdingUp: readonly string[];
  /** How long until what is in use changes with time alone; `Infinity` where it does not. */
  readonly leftMs: number;
}

/** A push on its way. */
interface Sent {
  /** Absent where it may be any. */
  readonly member?: Member;
  readonly key: string;
}

/** What an instance went by: it pushed without a lock where all of these have the same owner. */
interface Replaced {
  readonly rings: readonly HashRing[];
  readonly untilMs: number;
}

/** A redirect that was given by a former ring is followed within this time. */
export const REDIRECT_MS = 1_500;
/**
 * So long after that every timer of the same length has fired. Sweeps and drains begin then: one read
 * serves both.
 */
export const REDIRECTS_OVER_MS = 20;
/**
 * When Consul is back others find it so late: until then they push without locks, and announce nothing.
 * A session is tried again within ten seconds.
 */
const OTHERS_RETURN_MS = 15_000;

/**
 * Creates the state.
 *
 * @param initial the present ring at the beginning
 * @param deps.clock in milliseconds
 * @param deps.onAnnounceable called when more may be announced, because a push has ended
 */
export function createRings(
  initial: HashRing,
  { clock, onAnnounceable }: {
    readonly clock: () => number;
    readonly onAnnounceable: () => void;
  },
): Rings {
  let present = initial;
  /** Of the present ring; absent until it may be announced. */
  let since: number | undefined;
  let others: Others = "none";
  let first = leading([]);
  let areInReach = true;
  let awaitsOthers = false;
  /** Until when others may not have found Consul again. */
  let returningUntilMs = -Infinity;
  /** Until when clients may follow redirects of others that did not know us, nor we them. */
  let strangersUntilMs = -Infinity;
  /** The last ring that the others knew this instance to go by. */
  let agreed: HashRing | undefined;
  let replaced: Replaced[] = [];
  const told = createToldRings();
  const sent = new Set<Sent>();
  /** Sent to another member than some ring has as the owner. */
  let behind = new Set<Sent>();

  const announced = () => typeof others === "string" ? [] : others;
  const own = () => announced().find(({ isOwn }) => isOwn);
  const isPresent = (ring: HashRing) => ring.hash === present.hash;

  /** Every ring that some instance goes by. */
  function known(): HashRing[] {
    const rings = [present, ...announced().map(({ ring }) => ring)];
    return [...new Map(rings.map((ring) => [ring.hash, ring])).values()];
  }

  /** The rings of an announcement, as far as they are known here. */
  function ringsOf({ ring, seen }: AnnouncedRing): HashRing[] {
    return [ring, ...known().filter(({ hash }) => hash !== ring.hash && seen.includes(hash))];
  }

  function replace(rings: readonly HashRing[]): void {
    const nowMs = clock();
    replaced = replaced.filter(({ untilMs }) => untilMs > nowMs);
    replaced.push({ rings, untilMs: nowMs + REDIRECT_MS });
  }

  function recent(): Replaced[] {
    const nowMs = clock();
    return replaced.filter(({ untilMs }) => untilMs > nowMs);
  }

  /** Whether no push is on its way that this ring would send elsewhere. */
  function isFollowed(ring: HashRing): boolean {
    return sent.values().every(({ member, key }) => ring.ownerOf(key) === member);
  }

  /**
   * One that is out of touch pushes without locks, wherever it finds a group, and so does one that has
   * not heard of us. One that has not heard of the ring that contested groups go by here may not look for
   * a group where it would be moved to.
   */
  function areAllUsed(): boolean {
    if (others === "none") return false;
    if (clock() < Math.max(returningUntilMs, strangersUntilMs)) return true;
    return awaitsOthers || !areInReach || !isHeard() || !first?.isHeard ||
      announced().some(({ isLost }) => isLost);
  }

  function lookBehind(): void {
    const rings = known();
    behind = new Set(
      [...sent].filter(({ member, key }) => rings.some((ring) => ring.ownerOf(key) !== member)),
    );
  }

  const leader = () => first?.announcement.ring ?? present;

  /** The last word of ours that all others have heard; absent where one has not heard of us. */
  function heard(): number | undefined {
    const ours = own();
    return ours && heardByAll(ours.id, announced());
  }

  /** Whether all others have heard of us, and it is remembered what they may think that we know. */
  function isHeard(): boolean {
    const version = heard();
    return version !== undefined && told.remembers(version);
  }

  function inUse(): HashRing[] {
    const unheard = others === "none" || !areInReach ? [] : told.rings;
    const rings = [...known(), ...unheard, ...recent().flatMap(({ rings }) => rings)];
    const beside = rings.filter((ring) => !isPresent(ring) && ring.members.length > 0);
    return [...new Map(beside.map((ring) => [ring.hash, ring])).values()];
  }

  /** Whether our present ring is there, and the others have heard of us: else only locks part us. */
  function isAnnounced(): boolean {
    if (awaitsOthers) return false;
    if (others === "none" || !areInReach) return true;
    const ours = own();
    return ours !== undefined && isPresent(ours.ring) && isHeard();
  }

  /** What is announced of a ring of ours, with what we have heard of the others. */
  function announce({ ring, since, seen: seenRings }: Omit<Word, "known">): AnnouncedRing {
    const knownHashes = new Set(known().map(({ hash }) => hash));
    const seen = seenRings.filter((hash) => knownHashes.has(hash));
    const heard = announced().filter(({ isOwn, isLost }) => !isOwn && !isLost)
      .map(({ id, version }) => [id, version] as const);
    return {
      ring,
      since,
      seen,
      ...told.tell({ ring, since, seen, known: known() }),
      heard: new Map(heard),
    };
  }

  function sends(one: Sent): Disposable {
    sent.add(one);
    return {
      [Symbol.dispose]() {
        sent.delete(one);
        if (behind.delete(one)) onAnnounceable();
      },
    };
  }

  return {
    get present() {
      return present;
    },
    get leader() {
      return leader();
    },
    get inUse() {
      return inUse();
    },
    ringChanged(ring) {
      if (isPresent(ring)) return;
      replace(known());
      present = ring;
      since = undefined;
      lookBehind();
    },
    othersChanged(next, inReach) {
      if (inReach && !areInReach) returningUntilMs = clock() + OTHERS_RETURN_MS;
      areInReach = inReach;
      awaitsOthers = false;
      const wasHeard = isHeard();
      const before = announced().map((one) => ({ one, rings: ringsOf(one) }));
      const knownBefore = known();
      others = next;
      first = leading(announced());
      // Redirects that we gave a moment ago did not take account of a ring that is new to us.
      const hashes = new Set(knownBefore.map(({ hash }) => hash));
      if (known().some(({ hash }) => !hashes.has(hash))) replace(knownBefore);
      for (const { one, rings } of before) {
        const stands = announced().some(({ ring, seen }) =>
          ring.hash === one.ring.hash && seen.join() === one.seen.join()
        );
        if (!stands) replace(rings);
      }
      agreed = own()?.ring ?? agreed;
      told.heard(heard() ?? 0);
      if (isHeard() && !wasHeard) strangersUntilMs = clock() + REDIRECT_MS;
      lookBehind();
    },
    awaitOthers() {
      awaitsOthers = true;
    },
    get awaitsOthers() {
      return awaitsOthers;
    },
    sends: (member, key) => sends({ member, key }),
    sendsAlone: (key) => sends({ key }),
    get isAlone() {
      return others === "none";
    },
    isSending: (key) => sent.values().some((one) => one.key === key),
    get announceable() {
      if (typeof others === "string" || awaitsOthers) return undefined;
      const before = told.word;
      const same = before && isPresent(before.ring) ? before : undefined;
      const isReady = present.members.length > 0 && (same || isFollowed(present));
      if (!isReady) return before && announce(before);
      since ??= same?.since ?? 1 + Math.max(0, ...others.map(({ since }) => since));
      // What was seen stays so: what is sent since then all rings that are known place alike.
      const seen = known().filter((ring) =>
        !isPresent(ring) && (same?.seen.includes(ring.hash) || isFollowed(ring))
      );
      return announce({ ring: present, since, seen: seen.map(({ hash }) => hash).sort() });
    },
    get areKnown() {
      if (others === "none") return true;
      return areInReach && !awaitsOthers && own()?.ring.hash === present.hash &&
        (heard() ?? 0) >= told.last;
    },
    isFree(key) {
      const owner = present.ownerOf(key);
      return isAnnounced() &&
        [leader(), ...inUse()].every((ring) => ring.ownerOf(key) === owner);
    },
    get isIntroduced() {
      return others === "none" || !areInReach || agreed !== undefined;
    },
    get areAgreed() {
      if (others === "none") return true;
      return areInReach && !awaitsOthers && isHeard() && first?.isHeard === true;
    },
    get areInReach() {
      return areInReach;
    },
    mayBeSplit(key) {
      return !areInReach && agreed?.ownerOf(key) !== present.ownerOf(key);
    },
    isUsed(member, key) {
      if (areAllUsed()) return true;
      const isTo = (ring: HashRing) => ring.ownerOf(key) === member;
      return sent.values().some((one) => one.key === key && (one.member ?? member) === member) ||
        announced().some((one) => !one.isOwn && ringsOf(one).every(isTo)) ||
        recent().some(({ rings }) => rings.every(isTo));
    },
    get areAllUsed() {
      return areAllUsed();
    },
    get holdingUp() {
      const ours = own();
      if (!areInReach || !ours) return [];
      const strangers = announced().filter(({ isOwn, isLost, heard }) =>
        !isOwn && !isLost && !told.remembers(heard.get(ours.id) ?? 0)
      ).map(({ id }) => id);
      const unled = first ? unheardBy(first.announcement, announced()) : [];
      return [...new Set([...strangers, ...unled])].sort();
    },
    get leftMs() {
      const nowMs = clock();
      const ends = [returningUntilMs, strangersUntilMs, ...recent().map(({ untilMs }) => untilMs)];
      return Math.min(...ends.filter((endMs) => endMs > nowMs).map((endMs) => endMs - nowMs));
    },
  };
}
