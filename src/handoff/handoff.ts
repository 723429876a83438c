/**
 * Keeps one copy of every group, on its owner: what the request handler calls, and what runs in the
 * background. Whether pushes are handled depends only on the configuration, from the first request to the
 * last. The background work only reduces the number of pushes that need it.
 *
 * @module
 */

import { deadline } from "../concurrency/deadline.ts";
import { runGroup } from "../concurrency/run_group.ts";
import type { HandoffConfig } from "../config/config.ts";
import { isBusy, LockFailure } from "../consul/locks/locks.ts";
import { emptyInstancePath, parseGroupId } from "../group/group.ts";
import type { NameScheme } from "../group/label_name.ts";
import { errorText, shownNames } from "../log.ts";
import type { Member } from "../member.ts";
import type { Membership, MembershipEvent } from "../membership/membership.ts";
import type { HandoffMetrics } from "../metrics/handoff.ts";
import type { PushTimes } from "../pushgateway/push_times.ts";
import type { HashRing } from "../ring/hash_ring.ts";
import type { Gateways } from "./gateways.ts";
import { createCopyNotes } from "./plan/copy_notes.ts";
import { createDeletions } from "./plan/deletions.ts";
import { createEmptyInstances } from "./plan/empty_instances.ts";
import { type Duplicates, type GroupKeys, lacksInstanceId } from "./plan/inventory.ts";
import { relationIn } from "./plan/processes.ts";
import type { Rings } from "./plan/rings.ts";
import { createWhereabouts } from "./plan/whereabouts.ts";
import { createReport } from "./report.ts";
import {
  createRingAgreement,
  type RingAgreementDeps,
  type SeenInstance,
} from "./ring_agreement.ts";
import type { TellSharedSeries } from "./shared_series.ts";
import type { DrainProgress } from "./settle/drain.ts";
import { groupsByState } from "./settle/drain_rate.ts";
import { createDrains } from "./settle/drains.ts";
import { createExclusive, TurnFailure } from "./settle/exclusive.ts";
import { createFollowUp } from "./settle/follow_up.ts";
import { createFlows } from "./settle/many/flow.ts";
import { createMoveMemory } from "./settle/many/memory.ts";
import { createOnPush, type MisplacedPush } from "./settle/on_push.ts";
import { removeStale } from "./settle/stale.ts";
import { removeTwins } from "./settle/twins.ts";
import { createSweeper, type GroupCounts } from "./sweep/sweeper.ts";

/** What handoff needs. */
export interface HandoffDeps extends Omit<RingAgreementDeps, "onMoved"> {
  /** The configuration in force. */
  readonly config: () => HandoffConfig;
  readonly membership: () => Membership;
  readonly ring: () => HashRing;
  /** Creates the access to the members, given the paths of groups that are not at their usual ones. */
  readonly openGateways: (pathOn: PathOn) => Gateways;
  /** Tells membership what was found. */
  readonly tell: (event: MembershipEvent) => void;
  readonly metrics: HandoffMetrics;
  readonly tellSharedSeries: TellSharedSeries;
  /** Called when the number of groups that are out of place has changed. */
  readonly onMisplaced: (misplaced: number, groups: number) => void;
  readonly random: () => number;
  /** Unix time in ms. */
  readonly now: () => number;
}

/** Returns the path of a group on a member, if it is not the usual one. */
export type PathOn = (member: Member, id: string, scheme: NameScheme) => string | undefined;

/** A push before it is sent. */
export interface AskedPush extends GroupKeys {
  readonly method: string;
}

/** Handoff, as the rest of the service uses it. */
export interface Handoff {
  /** Whether nothing is out of place and every member can be read, as for nearly every push. */
  isIdle(): boolean;
  /**
   * Waits, for 5 s at most, until it is known how the owner of a push's group stores it. Returns `undefined`
   * if that is known already or does not matter.
   */
  spellingKnown(push: AskedPush): Promise<void> | undefined;
  /**
   * Whether a push must be handled by {@linkcode handle}. The answer holds only until the caller awaits
   * anything, even a settled promise, because another ring may be in force afterwards.
   */
  concerns(push: AskedPush): boolean;
  /**
   * Brings the push to its owner, and deletes the other copies.
   *
   * @throws {TurnFailure} if the turn of the group does not come in time; the push was not sent
   * @throws {MemberFailure} if a member that the push should go to cannot be asked; it was not sent
   */
  handle<Answer>(push: MisplacedPush<Answer>, signal: AbortSignal): Promise<Answer>;
  /** Notes a push that is sent to a member directly. Disposal: it has been answered, or never will be. */
  sends(member: Member, key: string): Disposable;
  /** Returns the path of a group on a member, if it is stored with an explicit empty `instance`. */
  readonly pathOn: PathOn;
  /**
   * Called before a `POST` is sent to a member that may lack the group because its owner cannot be reached.
   * Marks the group as partial there.
   *
   * @throws {MemberFailure} if the member does not answer
   */
  takesOver(id: string, member: Member, signal: AbortSignal): Promise<void>;
  /** Called when a member has taken a push. The member need not be the owner of the group. */
  taken(push: GroupKeys, member: Member): void;
  /** Whether groups are brought to their owners, by the configuration. */
  readonly enabled: boolean;
  /**
   * Whether, as far as is known, each group on these members lies on its owner, on no other of them, and is
   * not about to be moved.
   */
  areInPlace(on: ReadonlySet<Member>): boolean;
  /**
   * Reads the groups of a member and when each was pushed. The read begins after this call.
   *
   * @throws {MemberFailure} if the member cannot be read completely; the signal's reason when it aborts
   */
  pushTimes(member: Member, signal: AbortSignal): Promise<PushTimes>;
  /** Returns the owner of a placement key, which is the same for all instances. */
  ownerOf(key: string): Member | undefined;
  /**
   * Returns the members that a deletion has to reach: the owner, and those that were seen to hold the group.
   */
  mustHearOf(push: GroupKeys): Set<Member>;
  /**
   * Called when a `DELETE` was taken.
   *
   * @param deletion.sentAt when it was sent, Unix time in ms
   * @param deletion.unheard members that the deletion has not reached, and that may have a copy
   */
  deleted(
    id: string,
    deletion: { readonly sentAt: number; readonly unheard: readonly Member[] },
  ): void;
  membershipChanged(next: Membership): void;
  ringChanged(ring: HashRing): void;
  /** Called when another configuration is in force. */
  configChanged(): void;
  /**
   * Called when other instances have announced something, or when Consul has become available or unavailable.
   */
  othersChanged(): void;
  /** Sweeps, deletes stale copies and drains while the configuration says so, until the signal aborts. */
  run(signal: AbortSignal): Promise<void>;
  /**
   * Runs work that may change any group while no groups are moved. Earlier reads of the groups no longer
   * count.
   */
  whileNothingMoves<T>(work: () => Promise<T>): Promise<T>;
  /** Whether a copy was deleted since its member was last read, as far as is known here. */
  isRemoved(id: string, member: Member): boolean;
  /** What each member held when it was last read. */
  readonly inventories: ReadonlyMap<Member, PushTimes>;
  /**
   * Reads every member once more, and ends when that is done.
   *
   * @returns the members that could not be read
   * @throws if handoff is not enabled; the signal's reason when it aborts
   */
  sweep(signal: AbortSignal): Promise<readonly Member[]>;
  /** Members whose last read failed, and why. The reason does not name the member. */
  readonly unread: ReadonlyMap<Member, string>;
  /** The progress of all drains, whichever instance runs them. */
  readonly drains: ReadonlyMap<Member, DrainProgress>;
  /** The counts of the last comparison with the ring. Absent before the first one. */
  readonly counts: GroupCounts | undefined;
  /** The number of groups that are out of place now, as far as is known. */
  readonly misplaced: number;
  /** All instances, including this one. Empty without Consul, and until the announcements have been read. */
  readonly instances: readonly SeenInstance[];
}

/** Another instance deletes copies: the next sweep tries again. */
const DUPLICATES_WAIT_MS = 1_000;
/** How long a push waits until it is known how its owner stores the group. */
const SPELLING_MS_MAX = 5_000;

/** Creates handoff. Nothing runs yet, and nothing is out of place. */
export function createHandoff(deps: HandoffDeps): Handoff {
  const { config, membership, ring, locks, metrics, log, clock } = deps;
  const report = createReport({ log, metrics, now: clock });
  const emptyInstances = createEmptyInstances();
  const pathOn: PathOn = (member, id, scheme) =>
    emptyInstances.has(member, id) ? emptyInstancePath(parseGroupId(id), scheme) : undefined;
  const gateways = deps.openGateways(pathOn);
  const relationOf = (one: Member, other: Member) => relationIn(membership(), one, other);
  const agreement = createRingAgreement(ring(), { ...deps, onMoved });
  const { rings } = agreement;
  let wasEnabled = config().enabled;
  let known = membership();
  let counts: GroupCounts | undefined;
  const whereabouts = createWhereabouts(ring());
  const exclusive = createExclusive(locks, createCopyNotes(whereabouts));
  const deletions = createDeletions();
  metrics.showMisplaced(() => whereabouts.size);
  metrics.showInstances(() => ({
    announced: deps.announcements()?.all?.filter(({ isLost }) => !isLost).length ?? 0,
    unconfirmed: rings.holdingUp.length,
  }));
  const { tellSharedSeries } = deps;
  const bringing = {
    exclusive,
    gateways,
    whereabouts,
    rings,
    relationOf,
    report,
    tellSharedSeries,
    flows: createFlows<Member>(),
    memory: createMoveMemory(() => config().memoryMax),
    now: deps.now,
  };
  const followUp = createFollowUp(bringing);
  const sweeper = createSweeper({
    ...bringing,
    emptyInstances,
    membership,
    ring,
    ringsInUse: () => [ring(), ...rings.inUse],
    deletions,
    removeDuplicates,
    isEmptied: (member) => drains.empties(member),
    isEmptiedHere: (member) => drains.emptiesHere(member),
    onCompared(inventories, found) {
      counts = found;
      drains.read(inventories);
      report.compared();
    },
    onMisplaced: deps.onMisplaced,
    tell: deps.tell,
    metrics,
    log,
    random: deps.random,
    clock,
  });
  const drains = createDrains({
    ...bringing,
    membership,
    ring,
    locks,
    enabled: () => config().enabled,
    readNow: sweeper.readNow,
    log,
    clock,
  });
  metrics.showDrains(() =>
    drains.progress.entries().map(([member, progress]) =>
      [member, groupsByState(progress)] as const
    )
  );
  const handle = createOnPush({
    ...bringing,
    news: sweeper.news,
    marked,
    // A member that is being emptied is read anyway.
    followUp: (id, from) => void (drains.empties(from) || followUp.add(id, from)),
    followUpLater: (id, from) => void (drains.empties(from) || followUp.addLater(id, from)),
  });

  /** Counts a mark. It is remembered only without Consul: a `PUT` through another instance removes it. */
  function marked(id: string, member: Member): void {
    metrics.markedPartial();
    if (!deps.announcements()) whereabouts.marked(id, member);
  }

  function onMoved(rings: Rings): void {
    whereabouts.ringsChanged(rings);
    sweeper.ringChanged(rings);
    followUp.wake(rings.inUse.length === 0);
    drains.wake();
  }

  /** Holds one lock for all copies, because two instances would only do the same work twice. */
  async function removeDuplicates(
    { stale, twins }: Duplicates,
    signal: AbortSignal,
  ): Promise<string | undefined> {
    const remove = async (signal: AbortSignal) => {
      const copies =
        await removeStale(stale, { ...bringing, deletions: deletions.pending }, signal) +
        await removeTwins(twins, bringing, signal);
      if (copies === 0) return;
      const members = shownNames([...new Set([...stale, ...twins].map(({ member }) => member))]);
      log.info("duplicate copies deleted", { copies, members });
    };
    const present = locks();
    try {
      if (!present || present.state === "forbidden") await remove(signal);
      else await present.hold("duplicates", remove, { waitMs: DUPLICATES_WAIT_MS, signal });
      return undefined;
    } catch (failure) {
      if (signal.aborted) return undefined;
      if (!(failure instanceof LockFailure)) throw failure;
      if (isBusy(failure)) return "another instance is deleting copies";
      report.failed("lock", failure);
      return errorText(failure);
    }
  }

  function isConcerned({ method, id, key }: AskedPush): boolean {
    if (!rings.isFree(key) || (method === "POST" && rings.mayBeSplit(key))) return true;
    // A copy that the deletion has not reached is about to be deleted.
    if (deletions.pending.has(id)) return true;
    const holders = whereabouts.holdersOf({ id, key });
    if (!holders) return false;
    const owner = whereabouts.ownerOf(key);
    const { seen, presumed, unread, absent } = holders;
    if (presumed.length > 0 || seen.keys().some((member) => member !== owner)) return true;
    // Another instance may be moving the group off a member that is about to be read here. Its copy would
    // overwrite a push that was sent to the owner without a turn.
    if (method !== "POST") {
      return unread.length > 0 ||
        absent.some(({ member, up, because }) =>
          (up && because === "seen") || whereabouts.isReadable(member)
        );
    }
    const isMarked = owner !== undefined && whereabouts.isMarked(id, owner);
    return unread.length > 0 || (absent.length > 0 && !isMarked);
  }

  /** Whether the owner may store a group with an explicit empty `instance`, and is about to be read. */
  function isSpellingUnknown({ method, id, key }: AskedPush): boolean {
    if (method === "DELETE") return false; // it goes to both paths
    const owner = whereabouts.ownerOf(key);
    if (owner === undefined || emptyInstances.knows(owner)) return false;
    return whereabouts.isReadable(owner) && lacksInstanceId(id);
  }

  async function awaitSpelling(push: AskedPush): Promise<void> {
    using late = deadline(SPELLING_MS_MAX);
    while (!late.signal.aborted && isSpellingUnknown(push)) {
      await sweeper.news(late.signal).catch(() => {});
    }
  }

  return {
    isIdle: () =>
      !config().enabled ||
      (whereabouts.isClear() && emptyInstances.isClear() && rings.areKnown() &&
        deletions.pending.size === 0),
    spellingKnown: (push) =>
      config().enabled && isSpellingUnknown(push) ? awaitSpelling(push) : undefined,
    concerns: (push) => config().enabled && isConcerned(push),
    async handle(push, signal) {
      try {
        await agreement.othersKnown(signal);
        return await handle(push, signal);
      } catch (error) {
        report.failed(error instanceof TurnFailure ? "lock" : "copy", error);
        throw error;
      }
    },
    pathOn,
    async takesOver(id, member, signal) {
      if (!config().enabled || whereabouts.isMarked(id, member)) return;
      if (await gateways.markPartial(member, id, signal) === undefined) marked(id, member);
    },
    taken({ id, key }, member) {
      if (config().enabled && whereabouts.ownerOf(key) !== member) whereabouts.placed(id, member);
    },
    get enabled() {
      return config().enabled;
    },
    areInPlace: (on) => config().enabled && rings.areKnown() && whereabouts.areInPlace(on),
    pushTimes: gateways.pushTimes,
    ownerOf: whereabouts.ownerOf,
    mustHearOf({ id, key }) {
      // A deletion that nobody would remember has to reach all members.
      if (!config().enabled) return new Set(membership().records.keys());
      const { inventories } = whereabouts;
      const holders = inventories.keys().filter((member) => inventories.get(member)?.times.has(id));
      const owner = whereabouts.ownerOf(key);
      return new Set([...holders, ...owner === undefined ? [] : [owner]]);
    },
    deleted(id, { sentAt, unheard }) {
      if (!config().enabled) return;
      if (unheard.length > 0) deletions.note(id, sentAt / 1_000, unheard);
      for (const [member, { times }] of whereabouts.inventories) {
        if (unheard.includes(member) || !times.has(id)) continue;
        emptyInstances.removed(id, member);
        whereabouts.removed(id, member);
      }
    },
    membershipChanged(next) {
      const previous = known;
      known = next;
      const [members, aliases] = sightsOf(next);
      whereabouts.membersChanged(members, aliases);
      for (const [member, { started }] of next.records) {
        const before = previous.records.get(member)?.started;
        if (before !== undefined && before !== started) emptyInstances.forget(member);
      }
      for (const member of previous.records.keys()) {
        if (next.records.has(member)) continue;
        emptyInstances.forget(member);
        gateways.forget(member);
      }
      sweeper.membershipChanged(next, previous);
      drains.wake();
    },
    ringChanged: agreement.ringChanged,
    othersChanged: agreement.othersChanged,
    sends: rings.sends,
    configChanged() {
      const { enabled } = config();
      // Nobody has followed the changes while handoff was disabled.
      if (enabled && !wasEnabled) whereabouts.forgetAll();
      wasEnabled = enabled;
      agreement.othersChanged();
      sweeper.wake();
      drains.wake();
    },
    async run(signal) {
      await runGroup([
        (signal) => sweeper.run(config, signal),
        drains.run,
        followUp.run,
        agreement.run,
        gateways.run,
      ], signal);
    },
    isRemoved: whereabouts.isRemoved,
    inventories: whereabouts.inventories,
    async sweep(signal) {
      if (!config().enabled) throw new Error("handoff is not enabled");
      return await sweeper.sweep(signal);
    },
    whileNothingMoves: exclusive.runAlone,
    unread: sweeper.failing,
    drains: drains.progress,
    get counts() {
      return counts;
    },
    get misplaced() {
      return whereabouts.size;
    },
    get instances() {
      return agreement.instances;
    },
  };
}

/** Returns the members as the whereabouts take them: each process under one name, and its other names. */
function sightsOf({ records }: Membership) {
  const members = new Map<Member, { up: boolean; started?: string }>();
  const aliases = new Map<Member, Member>();
  for (const [member, { verdict, started, aliasOf }] of records) {
    if (aliasOf) aliases.set(member, aliasOf);
    else members.set(member, { up: verdict === "up", ...(started !== undefined && { started }) });
  }
  return [members, aliases] as const;
}
