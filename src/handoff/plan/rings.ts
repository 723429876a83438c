/**
 * Decides by which rings groups are pushed now. Instances learn of a change one after the other, and may see
 * different members for a long time. So each instance announces the ring that it goes by, and the rings that
 * it knows of. A group that has different owners by those rings is *contested*: it belongs to its owner by
 * the ring that was announced first, and is pushed only under its lock. That ring keeps precedence a moment
 * longer than it is announced: see `precedence.ts`.
 *
 * News may take any time to arrive. So each instance also announces which announcements it has heard, and a
 * group is contested until all other instances have heard our last announcement that places it elsewhere.
 *
 * A copy that some instance may push to without a lock is not moved or deleted: see {@linkcode Rings.isUsed}.
 *
 * Pure state. The clock is a parameter.
 *
 * @module
 */

import type { Member } from "../../member.ts";
import type { HashRing } from "../../ring/hash_ring.ts";
import type { AnnouncedRing, Announcement } from "./announced_ring.ts";
import { heardByAll, leading, unheardBy } from "./heard.ts";
import { createPrecedence } from "./precedence.ts";
import { createAllSent, type Sent } from "./sent.ts";
import { createToldRings, type Word } from "./told_rings.ts";

/** What is known of other instances. */
export type Others =
  /** There are no other instances. */
  | "none"
  /** Their announcements have not been read yet. */
  | "unknown"
  /** The announcements of all instances, which may include this one, in an order that is the same for all. */
  | readonly Announcement[];

/** The rings in use. */
export interface Rings {
  /** The ring that this instance goes by. */
  readonly present: HashRing;
  /** The ring that contested groups go by. */
  readonly leader: HashRing;
  /**
   * Rings other than the present one by which groups may have been pushed a moment ago or may still be
   * pushed, or that other instances may think we know.
   */
  readonly inUse: readonly HashRing[];
  /** Called when another ring becomes the present one. */
  ringChanged(ring: HashRing): void;
  /**
   * Called when what is known of other instances has changed.
   *
   * @param inReach whether other instances can be asked: Consul may be out of reach or forbid it. Then what
   *   was last known of them stays
   */
  othersChanged(others: Others, inReach: boolean): void;
  /**
   * Called when other instances announce rings that are not built yet. Until `othersChanged` is called, any
   * group may be pushed to any member by those rings.
   */
  awaitOthers(): void;
  /** Whether rings of other instances are not built yet. */
  readonly awaitsOthers: boolean;
  /**
   * Notes a push that is sent to a member without a lock. Disposal: it has been answered, or never will be.
   */
  sends(member: Member, key: string): Disposable;
  /**
   * Notes a push that is sent without a lock because none is available. It goes wherever the group is found.
   */
  sendsAlone(key: string): Disposable;
  /** Whether there are no other instances that push. */
  readonly isAlone: boolean;
  /** Whether a push of a group is on its way without a lock, to any member. */
  isSending(key: string): boolean;
  /** What may be announced to the other instances now. Absent while they are not known. */
  readonly announceable: AnnouncedRing | undefined;
  /** Whether the other instances have heard all our announcements, and can be asked for theirs. */
  areKnown(): boolean;
  /**
   * Whether this instance pushes a group without its lock: the other instances have heard of this one, and
   * all rings in use give the group the same owner. Never true for a contested group.
   */
  isFree(key: string): boolean;
  /**
   * Whether the other instances have ever known of this one. Until then neither side knows where the other
   * one pushes, and holding a lock does not tell.
   */
  readonly isIntroduced: boolean;
  /**
   * Whether all instances look for a group where this one puts it, and respect its lock. If not, a copy that
   * this instance adds to must be marked as partial.
   */
  readonly areAgreed: boolean;
  /** Whether other instances can be asked for their rings, and locks are available that they respect. */
  readonly areInReach: boolean;
  /**
   * Whether other instances, which cannot be asked now, may push a group elsewhere: its owner here has
   * changed since they could last be asked.
   */
  mayBeSplit(key: string): boolean;
  /** Whether a group may be pushed to a member without its lock, or such a push is on its way. */
  isUsed(member: Member, key: string): boolean;
  /**
   * Whether any group may be pushed to any member without its lock: some instance is not known, does not know
   * this one, is out of touch, or has not heard of the ring that contested groups go by here.
   */
  readonly areAllUsed: boolean;
  /**
   * The instances that have not confirmed our rings, or the ring that contested groups go by. While there are
   * any, `areAllUsed` is true.
   */
  readonly holdingUp: readonly string[];
  /** How long until time alone changes what is in use, in ms. `Infinity` if it does not. */
  readonly leftMs: number;
}

/** Rings that an instance went by. It pushed a group without a lock if all of them give it the same owner. */
interface Replaced {
  readonly rings: readonly HashRing[];
  readonly untilMs: number;
}

/** A client follows a redirect by a former ring within this time. */
export const REDIRECT_MS = 1_500;
/**
 * After {@linkcode REDIRECT_MS} and this time, every timer of that length has fired. Sweeps and drains begin
 * then, so that one read serves both.
 */
export const REDIRECTS_OVER_MS = 20;
/**
 * How long other instances may take to find out that Consul is back. Until then they push without locks, and
 * announce nothing. They try a session again within ten seconds.
 */
const OTHERS_RETURN_MS = 15_000;

/**
 * Creates the state.
 *
 * @param initial the present ring at the beginning
 * @param deps.clock in milliseconds
 * @param deps.onAnnounceable called when more may be announced because a push has ended
 */
export function createRings(
  initial: HashRing,
  { clock, onAnnounceable }: {
    readonly clock: () => number;
    readonly onAnnounceable: () => void;
  },
): Rings {
  let present = initial;
  /** The `since` number of the present ring. Absent until the ring may be announced. */
  let since: number | undefined;
  let others: Others = "none";
  let first = leading([]);
  const precedence = createPrecedence(initial, { clock, waitMs: REDIRECT_MS });
  let areInReach = true;
  let awaitsOthers = false;
  /** Until when other instances may not have found out that Consul is back. */
  let returningUntilMs = -Infinity;
  /**
   * Until when clients may follow redirects of instances that did not know this one, and that it did not
   * know.
   */
  let strangersUntilMs = -Infinity;
  /** The last ring that the other instances knew this one to go by. */
  let agreed: HashRing | undefined;
  let replaced: Replaced[] = [];
  const told = createToldRings();
  const sent = createAllSent((push) => {
    if (behind.delete(push)) onAnnounceable();
  });
  /** Pushes that were sent to a member that is not the owner by some known ring. */
  let behind = new Set<Sent>();

  const announced = () => typeof others === "string" ? [] : others;
  const own = () => announced().find(({ isOwn }) => isOwn);
  const isPresent = (ring: HashRing) => ring.hash === present.hash;

  /** Returns every ring that some instance goes by, for its own pushes or for contested groups. */
  function known(): HashRing[] {
    const rings = [present, ...precedence.rings, ...announced().map(({ ring }) => ring)];
    return [...new Map(rings.map((ring) => [ring.hash, ring])).values()];
  }

  /** Returns the rings of an announcement that are known here. */
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

  /** Whether every push on its way goes to its owner by this ring. */
  function isFollowed(ring: HashRing): boolean {
    return sent.all.every(({ member, key }) => ring.ownerOf(key) === member);
  }

  /**
   * Whether any group may be pushed without its lock. An instance that is out of touch, or has not heard of
   * this one, pushes without locks wherever it finds a group. An instance that has not heard of the ring that
   * contested groups go by here may not look for a group where it would be moved to.
   */
  function areAllUsed(): boolean {
    if (others === "none") return false;
    if (clock() < Math.max(returningUntilMs, strangersUntilMs)) return true;
    return awaitsOthers || !areInReach || !isHeard() || !isLed() ||
      announced().some(({ isLost }) => isLost);
  }

  function lookBehind(): void {
    const rings = known();
    behind = new Set(
      sent.all.filter(({ member, key }) => rings.some((ring) => ring.ownerOf(key) !== member)),
    );
  }

  /**
   * Whether all instances have heard of the ring that contested groups go by. One that keeps precedence after
   * another one was announced first is such a ring.
   */
  function isLed(): boolean {
    if (!first) return false;
    return first.isHeard || first.announcement.ring.hash !== precedence.ring.hash;
  }

  /** Finds out whether another ring takes precedence now. */
  function lead(): void {
    precedence.follow({
      ring: first?.announcement.ring ?? present,
      isAgreed: others === "none" || (isHeard() && first?.isHeard === true),
      isAlone: announced().every(({ isOwn }) => isOwn),
      stands: announced().every((one) =>
        one.isOwn || ringsOf(one).some(({ hash }) => hash === precedence.ring.hash)
      ),
    });
  }

  /**
   * Returns the number of our last announcement that all other instances have heard. `undefined` if one of
   * them has not heard of this instance.
   */
  function heard(): number | undefined {
    const ours = own();
    return ours && heardByAll(ours.id, announced());
  }

  /**
   * Whether all other instances have heard of this one, and the rings that they may think we know are
   * remembered.
   */
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

  /**
   * Whether our present ring is announced and the other instances have heard of this one. Until then only
   * locks keep our pushes apart from theirs.
   */
  function isAnnounced(): boolean {
    if (awaitsOthers) return false;
    if (others === "none" || !areInReach) return true;
    const ours = own();
    return ours !== undefined && isPresent(ours.ring) && isHeard();
  }

  /** Returns the announcement of a ring of ours, with what we have heard of the other instances. */
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

  return {
    get present() {
      return present;
    },
    get leader() {
      return precedence.ring;
    },
    get inUse() {
      return inUse();
    },
    ringChanged(ring) {
      if (isPresent(ring)) return;
      replace(known());
      present = ring;
      since = undefined;
      lead();
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
      // Redirects that this instance gave a moment ago did not take account of a ring that is new to it.
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
      lead();
      lookBehind();
    },
    awaitOthers() {
      awaitsOthers = true;
    },
    get awaitsOthers() {
      return awaitsOthers;
    },
    sends: (member, key) => sent.add(key, member),
    sendsAlone: (key) => sent.add(key),
    get isAlone() {
      return others === "none";
    },
    isSending: (key) => sent.all.some((one) => one.key === key),
    get announceable() {
      if (typeof others === "string" || awaitsOthers) return undefined;
      const before = told.word;
      const same = before && isPresent(before.ring) ? before : undefined;
      const isReady = present.members.length > 0 && (same || isFollowed(present));
      if (!isReady) return before && announce(before);
      since ??= same?.since ?? 1 + Math.max(0, ...others.map(({ since }) => since));
      // A ring that was seen stays seen: all known rings place the pushes sent since then alike.
      const seen = known().filter((ring) =>
        !isPresent(ring) && (same?.seen.includes(ring.hash) || isFollowed(ring))
      );
      return announce({ ring: present, since, seen: seen.map(({ hash }) => hash).sort() });
    },
    areKnown() {
      if (others === "none") return true;
      return areInReach && !awaitsOthers && own()?.ring.hash === present.hash &&
        (heard() ?? 0) >= told.last;
    },
    isFree(key) {
      const owner = present.ownerOf(key);
      return isAnnounced() &&
        inUse().every((ring) => ring.ownerOf(key) === owner);
    },
    get isIntroduced() {
      return others === "none" || !areInReach || agreed !== undefined;
    },
    get areAgreed() {
      if (others === "none") return true;
      return areInReach && !awaitsOthers && isHeard() && isLed();
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
      return sent.all.some((one) => one.key === key && (one.member ?? member) === member) ||
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
      const unled = first && !isLed() ? unheardBy(first.announcement, announced()) : [];
      return [...new Set([...strangers, ...unled])].sort();
    },
    get leftMs() {
      const nowMs = clock();
      const ends = [
        returningUntilMs,
        strangersUntilMs,
        ...precedence.endsMs,
        ...recent().map(({ untilMs }) => untilMs),
      ];
      return Math.min(...ends.filter((endMs) => endMs > nowMs).map((endMs) => endMs - nowMs));
    },
  };
}
