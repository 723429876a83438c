/**
 * Keeps every group on its owner, once: what the request handler asks of it, and what runs in the
 * background.
 *
 * @module
 */

import type { HandoffConfig } from "../config/config.ts";
import { LockFailure, type Locks } from "../consul/locks/locks.ts";
import type { Logger } from "../log.ts";
import type { Member } from "../member.ts";
import type { Membership, MembershipEvent } from "../membership/membership.ts";
import type { HandoffMetrics } from "../metrics/handoff.ts";
import type { PushTimes } from "../pushgateway/push_times.ts";
import type { HashRing } from "../ring/hash_ring.ts";
import { runGroup } from "../concurrency/run_group.ts";
import { createDeletions } from "./plan/deletions.ts";
import { createDrains, OTHERS_LEARN_MS } from "./settle/drains.ts";
import type { DrainProgress } from "./settle/drain.ts";
import { createExclusive, TurnFailure } from "./settle/exclusive.ts";
import { createFollowUp } from "./settle/follow_up.ts";
import type { Gateways } from "./gateways.ts";
import type { StaleCopy } from "./plan/inventory.ts";
import { createMisplaced } from "./plan/misplaced.ts";
import { createOnPush, type MisplacedPush } from "./settle/on_push.ts";
import { createReport } from "./report.ts";
import { removeStale } from "./settle/stale.ts";
import { createSweeper } from "./sweep/sweeper.ts";

/** What handoff needs. */
export interface HandoffDeps {
  readonly membership: () => Membership;
  readonly ring: () => HashRing;
  readonly gateways: Gateways;
  /** The locks of the present configuration; `undefined` without Consul. */
  readonly locks: () => Locks | undefined;
  /** Tells membership what was found. */
  readonly tell: (event: MembershipEvent) => void;
  readonly metrics: HandoffMetrics;
  readonly log: Logger;
  readonly random: () => number;
  /** Unix time in ms. */
  readonly now: () => number;
}

/** Handoff, as the rest of the service knows it. */
export interface Handoff {
  /** Nothing is out of place: what nearly every push finds. */
  readonly idle: boolean;
  /**
   * Whether a push has to be handled by {@linkcode handle}. A `POST` waits for the first sweep after
   * the start: where its group lies is not known before.
   */
  concerns(
    push: { readonly method: string; readonly id: string; readonly key: string },
  ): boolean | Promise<boolean>;
  /**
   * Brings the push to its owner, and removes the other copies.
   *
   * @throws {TurnFailure} where others handle the same group for too long; it was not sent then
   * @throws {MemberFailure} where a member that may hold the group cannot be read; it was not sent
   */
  handle<Answer>(push: MisplacedPush<Answer>, signal: AbortSignal): Promise<Answer>;
  /**
   * A `DELETE` has reached every member that answers; one that does not may return with a copy.
   *
   * @param sentAt when it was sent, Unix time in ms
   */
  deleted(id: string, sentAt: number): void;
  membershipChanged(next: Membership, previous: Membership): void;
  ringChanged(ring: HashRing): void;
  /** Sweeps, removes stale copies and drains until the signal aborts. */
  run(config: HandoffConfig, signal: AbortSignal): Promise<void>;
  /** What each member held when it was last swept. */
  readonly inventories: ReadonlyMap<Member, PushTimes>;
  /**
   * Sweeps once more, and ends when that is done.
   *
   * @throws where handoff is not enabled; the signal's reason when it aborts
   */
  sweep(signal: AbortSignal): Promise<void>;
  /** How far the drains have come that run here. */
  readonly drains: ReadonlyMap<Member, DrainProgress>;
}

/** Another instance is at it: the next round looks again. */
const DUPLICATES_WAIT_MS = 1_000;
/** How long a POST waits at the start; a Pushgateway of 100,000 groups is read in five seconds. */
const FIRST_SWEEP_MS_MAX = 10_000;

/** Makes it; nothing runs yet, and nothing is out of place. */
export function createHandoff(deps: HandoffDeps): Handoff {
  const { membership, ring, gateways, locks, metrics, log } = deps;
  const reachable = (member: Member) => membership().records.get(member)?.verdict === "up";
  const ownerOf = (key: string) => ring().ownerOf(key);
  const report = createReport({ log, metrics, now: () => performance.now() });
  const exclusive = createExclusive(locks);
  let [former, present] = [ring(), ring()];
  let othersLearnUntil = 0;
  /** Other instances may not know the present ring yet; without locks there are none. */
  const othersMayLag = () => performance.now() < othersLearnUntil && locks() !== undefined;
  const misplaced = createMisplaced(ring(), reachable, othersMayLag);
  const deletions = createDeletions();
  metrics.showMisplaced(() => misplaced.size);
  const sweeper = createSweeper({
    gateways,
    misplaced,
    membership,
    ring,
    deletions,
    removeStale: removeDuplicates,
    tell: deps.tell,
    report,
    metrics,
    log,
    random: deps.random,
    now: deps.now,
  });
  const bringing = { exclusive, gateways, misplaced, report, ownerOf };
  const followUp = createFollowUp(bringing);
  const drains = createDrains({
    ...bringing,
    membership,
    ring,
    locks,
    onEmpty: sweeper.wake,
    log,
  });
  const handle = createOnPush({
    misplaced,
    exclusive,
    gateways,
    ownerOf,
    reachable,
    formerOwnerOf: (key) => othersMayLag() ? former.ownerOf(key) : undefined,
    nextSweep: sweeper.next,
    followUp: followUp.add,
    report,
  });
  let running = false;
  const concerns = (push: { id: string; key: string }) => misplaced.holdersOf(push) !== undefined;

  /** One instance at a time, for all: two would only do each other's work. */
  async function removeDuplicates(stale: readonly StaleCopy[], signal: AbortSignal): Promise<void> {
    const remove = (signal: AbortSignal) =>
      removeStale(stale, { exclusive, gateways, misplaced, ownerOf, report }, signal);
    const present = locks();
    if (!present || present.state === "forbidden") return await remove(signal);
    try {
      await present.hold("duplicates", remove, { waitMs: DUPLICATES_WAIT_MS, signal });
    } catch (failure) {
      signal.throwIfAborted();
      if (!(failure instanceof LockFailure)) throw failure;
      if (failure.kind !== "busy") report.failed("lock", failure);
    }
  }

  return {
    get idle() {
      return !running || (misplaced.clear && sweeper.hasSwept);
    },
    concerns(push) {
      if (!running) return false;
      if (push.method !== "POST" || sweeper.hasSwept) return concerns(push);
      const [...members] = membership().records.keys();
      if (!members.some(reachable)) return false;
      const first = sweeper.next(AbortSignal.timeout(FIRST_SWEEP_MS_MAX));
      return first.catch(() => {}).then(() => concerns(push));
    },
    async handle(push, signal) {
      try {
        return await handle(push, signal);
      } catch (error) {
        report.failed(error instanceof TurnFailure ? "lock" : "copy", error);
        throw error;
      }
    },
    deleted(id, sentAt) {
      const silent = [...membership().records.values()].some(({ verdict }) => verdict !== "up");
      if (running && silent) deletions.note(id, sentAt / 1_000);
    },
    membershipChanged(next, previous) {
      if (standing(next) === standing(previous)) return;
      sweeper.wake();
      drains.wake();
    },
    ringChanged(ring) {
      [former, present] = [present, ring];
      othersLearnUntil = performance.now() + OTHERS_LEARN_MS;
      misplaced.ringChanged(ring);
      sweeper.ringChanged();
      drains.wake();
    },
    async run({ sweepIntervalMs }, signal) {
      running = true;
      try {
        await runGroup([
          (signal) => sweeper.run(sweepIntervalMs, signal),
          (signal) => drains.run(signal),
          followUp.run,
        ], signal);
      } finally {
        running = false;
      }
    },
    inventories: sweeper.inventories,
    async sweep(signal) {
      if (!running) throw new Error("handoff is not enabled");
      await sweeper.next(signal);
    },
    drains: drains.progress,
  };
}

/** Who can be read, and in which state each is: a change of it calls for a sweep. */
function standing({ records }: Membership): string {
  return [...records].flatMap(([member, { state, verdict }]) =>
    verdict === "up" ? [`${member} ${state}`] : []
  ).join("\n");
}
