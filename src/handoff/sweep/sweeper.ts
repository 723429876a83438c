/**
 * Sweeps: reads each member that answers when it is due, compares what was read with the ring, has stale
 * copies deleted, and tells membership the results.
 *
 * @module
 */

import { abandonable } from "../../concurrency/abort.ts";
import { cooperate } from "../../concurrency/cooperate.ts";
import { createWake } from "../../concurrency/wake.ts";
import type { Logger } from "../../log.ts";
import { createTrouble, createTroubles } from "../../log/trouble.ts";
import type { Member } from "../../member.ts";
import type { MemberRecord, Membership, MembershipEvent } from "../../membership/membership.ts";
import type { HandoffMetrics } from "../../metrics/handoff.ts";
import type { PushTimes } from "../../pushgateway/push_times.ts";
import type { HashRing } from "../../ring/hash_ring.ts";
import type { Gateways } from "../gateways.ts";
import type { Deletions } from "../plan/deletions.ts";
import type { EmptyInstances } from "../plan/empty_instances.ts";
import { createInPlace } from "../plan/in_place.ts";
import { countMisplaced, type Duplicates, type Findings, planSweep } from "../plan/inventory.ts";
import { createMissing } from "../plan/missing.ts";
import { REDIRECTS_OVER_MS, type Rings } from "../plan/rings.ts";
import type { Plan, Whereabouts } from "../plan/whereabouts.ts";
import type { HandoffReport } from "../report.ts";
import { createDue } from "./due.ts";
import { createJudge } from "./judge.ts";
import { createReader } from "./reader.ts";

/** What sweeping needs. */
export interface SweeperDeps {
  readonly gateways: Pick<Gateways, "pushTimes" | "traits">;
  readonly whereabouts: Whereabouts;
  readonly emptyInstances: EmptyInstances;
  readonly membership: () => Membership;
  readonly ring: () => HashRing;
  /** As for the {@linkcode createJudge judge}. */
  readonly ringsInUse: () => readonly HashRing[];
  readonly deletions: Deletions;
  /**
   * Deletes copies that other members hold as well. Copies that cannot be deleted stay until the next look.
   *
   * @returns what it waits for, if it has to wait
   */
  readonly removeDuplicates: (
    duplicates: Duplicates,
    signal: AbortSignal,
  ) => Promise<string | undefined>;
  /** Whether a member is being emptied: its drain handles the copies on it. */
  readonly isEmptied: (member: Member) => boolean;
  /** As for the {@linkcode createJudge judge}. */
  readonly isEmptiedHere: (member: Member) => boolean;
  /** Called with what the members that could be read hold, at each comparison with the ring. */
  readonly onCompared: (inventories: ReadonlyMap<Member, PushTimes>, counts: GroupCounts) => void;
  /** Called if the number of groups that are out of place has changed. */
  readonly onMisplaced: (misplaced: number, groups: number) => void;
  /** Tells membership what was found. */
  readonly tell: (event: MembershipEvent) => void;
  readonly report: Pick<HandoffReport, "failed">;
  readonly metrics: HandoffMetrics;
  readonly log: Logger;
  readonly random: () => number;
  /** A clock in milliseconds. */
  readonly clock: () => number;
  /** Unix time in ms. */
  readonly now: () => number;
}

/** The counts of the last comparison with the ring. */
export interface GroupCounts {
  /** When it was made, Unix time in ms. */
  readonly atMs: number;
  /** Groups of all members that can be read, each counted once. */
  readonly groups: number;
  /** Groups on each member that belong to another one. */
  readonly misplaced: ReadonlyMap<Member, number>;
  /** For each member that does not answer: groups that no other member holds. */
  readonly missing: ReadonlyMap<Member, number>;
}

/** The configuration of sweeps. */
export interface SweepConfig {
  readonly enabled: boolean;
  /** The time between two reads of a member, if nothing happens. */
  readonly sweepIntervalMs: number;
}

/** The sweeper. */
export interface Sweeper {
  /**
   * Sweeps while the configuration says so, until the signal aborts. All reads have ended when it returns.
   */
  run(config: () => SweepConfig, signal: AbortSignal): Promise<void>;
  /** Called when the configuration has changed. */
  wake(): void;
  /** Makes a member due at once. */
  readNow(member: Member): void;
  /** Called when members have come, changed or gone. */
  membershipChanged(next: Membership, previous: Membership): void;
  /**
   * Called when groups are pushed by other rings.
   *
   * @param rings.isAlone whether no other instance pushes by a former ring for some seconds more
   * @param rings.inUse the rings in use besides the present one: a read before they are out of use may be
   *   outdated at once
   */
  ringChanged(rings: Pick<Rings, "isAlone" | "inUse">): void;
  /**
   * Waits until more is known than at this call: reads have been compared with the ring, or a member has
   * turned out not to be readable.
   *
   * @throws the signal's reason when it aborts
   */
  news(signal: AbortSignal): Promise<void>;
  /**
   * Reads every member that answers, and ends when the reads have been compared.
   *
   * @returns the members that could not be read
   * @throws the signal's reason when it aborts
   */
  sweep(signal: AbortSignal): Promise<readonly Member[]>;
  /** Members whose last read failed, and why. The reason does not name the member. */
  readonly failing: ReadonlyMap<Member, string>;
}

/** The least time between two comparisons. */
const PLAN_GAP_MS = 50;
/**
 * How long a finished read waits for other members that are being read, so that one comparison serves all.
 */
const GATHER_MS = 1_000;
/** The same, as a part of the duration of the read: large members take about as long as each other. */
const GATHER_PART = 0.5;
/**
 * Delays of reads after a ring change: redirects given before it, or by other instances, may still lead to
 * former owners.
 */
const FOLLOW_UP_MS = [2_000, 5_000];

/** Creates the sweeper; nothing is read yet. */
export function createSweeper(deps: SweeperDeps): Sweeper {
  const { whereabouts, deletions, membership, log, clock } = deps;
  const woken = createWake();
  const due = createDue(deps.random);
  const missing = createMissing(log);
  /** Members whose stale copies stay. */
  const stays = createTroubles();
  const reader = createReader({ ...deps, onNews: woken.raise });
  const changedMs = new Map<Member, number>();
  const judge = createJudge({ ...deps, due, changedMs });
  const inPlace = createInPlace();
  /** How often the ring or the members have changed. */
  let changes = 0;
  /** When the reads of the last comparison began. */
  const compared = new Map<Member, number>();
  let followUps: number[] = [];
  /** Until when finished reads wait for others. Absent if all have been compared. */
  let planBy: number | undefined;
  let plannedAt = -Infinity;
  /** The trouble that groups are out of place. */
  const misplacement = createTrouble();
  /** The number of groups out of place that was reported last. */
  let toldMisplaced = 0;
  let waiting: (() => void)[] = [];

  function changed(): void {
    changes++;
    inPlace.forget();
  }

  function tellNews(): void {
    const resolved = waiting;
    waiting = [];
    for (const resolve of resolved) resolve();
  }

  async function read(
    member: Member,
    record: MemberRecord,
    { intervalMs, signal }: { intervalMs: number; signal: AbortSignal },
  ): Promise<void> {
    due.begins(member);
    const wasRead = await reader.read(member, record, signal);
    const endedMs = clock();
    if (wasRead) {
      due.wasRead(member, endedMs + intervalMs * (0.9 + 0.2 * deps.random()));
      const seconds = reader.last.get(member)?.seconds ?? 0;
      deps.metrics.read(seconds);
      planBy ??= endedMs + Math.max(GATHER_MS, GATHER_PART * seconds * 1_000);
    } else {
      due.hasFailed(member, endedMs);
      tellNews();
    }
    woken.raise();
  }

  /** Compares what was read with the ring. */
  async function plan(signal: AbortSignal): Promise<Findings> {
    planBy = undefined;
    const comparison = whereabouts.plan();
    const { inventories } = comparison;
    const reads = new Map(reader.last);
    const { findings, misplaced } = await cooperate(compareAll(comparison), signal);
    comparison.apply(findings);
    for (const [member, what] of inventories) {
      const read = reads.get(member);
      if (!read) continue;
      deletions.read(member, what, read.beganAt);
      compared.set(member, read.beganMs);
    }
    plannedAt = clock();
    missing.keep(membership(), whereabouts.inventories);
    const held = whereabouts.inventories;
    const lost = await missing.look({
      membership: membership(),
      swept: new Set(inventories.keys()),
      held: inventories,
      deleted: deletions.pending,
    }, signal);
    deps.metrics.compared({
      groups: new Map([...held].map(([member, { times }]) => [member, times.size])),
      unreadable: membersUp().keys().filter((member) => !whereabouts.isReadable(member)),
      duplicates: copiesIn(inventories) - findings.groups,
      missing: lost,
    });
    narrate(findings, inventories.size);
    deps.onCompared(inventories, {
      atMs: deps.now(),
      groups: findings.groups,
      misplaced,
      missing: lost,
    });
    judge.compared({ inventories, reads, stale: findings.stale });
    tellNews();
    return findings;
  }

  /** Compares only what has changed, if that is enough. */
  function* compareAll(
    { inventories, misplaced, prepare }: Plan,
  ): Generator<void, { findings: Findings; misplaced: ReadonlyMap<Member, number> }> {
    const { ownerOf } = whereabouts;
    const pending = deletions.pending;
    const changesBefore = changes;
    const same = pending.size === 0 ? yield* inPlace.compare(inventories, ownerOf) : undefined;
    const findings = same ?? (yield* planSweep(inventories, ownerOf, pending, misplaced));
    // If the ring or the members have changed in the meantime, some groups were compared with former ones.
    if (changes !== changesBefore) inPlace.forget();
    else if (!same) inPlace.found(inventories, findings);
    yield* prepare(findings);
    return { findings, misplaced: yield* countMisplaced(findings.misplaced, ownerOf) };
  }

  function narrate({ groups, stale }: Findings, members: number): void {
    const misplaced = whereabouts.size;
    log.debug("members compared", { members, groups, misplaced, stale: stale.length });
    if (misplaced !== toldMisplaced) deps.onMisplaced(misplaced, groups);
    toldMisplaced = misplaced;
    if (misplaced > 0) {
      if (!misplacement.isNews("misplaced")) return;
      log.info("groups are not on their owners: pushes move them there", { misplaced, groups });
    } else {
      const past = misplacement.over();
      if (past) log.info("every group is on its owner", { groups, seconds: past.seconds });
    }
  }

  function ofOthers({ stale, twins }: Duplicates): Duplicates {
    const isOther = ({ member }: { readonly member: Member }) => !deps.isEmptied(member);
    return { stale: stale.filter(isOther), twins: twins.filter(isOther) };
  }

  /** Has copies deleted. Their members are read again afterwards. */
  async function remove(duplicates: Duplicates, signal: AbortSignal): Promise<void> {
    const waitsFor = await deps.removeDuplicates(duplicates, signal);
    if (signal.aborted) return;
    const { stale } = duplicates;
    for (const member of new Set(stale.map(({ member }) => member))) {
      due.waits(member, clock());
      if (waitsFor === undefined) {
        const past = stays.over(member);
        if (past) log.info("stale copies can be deleted again", { member, ...past });
      } else if (stays.isNews(member, waitsFor)) {
        const copies = stale.filter((copy) => copy.member === member).length;
        log.info("stale copies stay for now", { member, copies, reason: waitsFor });
      }
    }
    woken.raise();
  }

  function isTimeToPlan(): boolean {
    const nowMs = clock();
    if (planBy === undefined || nowMs < plannedAt + PLAN_GAP_MS) return false;
    return !reader.isBusy || nowMs >= planBy;
  }

  /** Returns how long nothing has to be done, in ms. */
  function restMs(): number {
    const nowMs = clock();
    const planMs = planBy === undefined
      ? Infinity
      : Math.max(plannedAt + PLAN_GAP_MS, reader.isBusy ? planBy : 0) - nowMs;
    const followUpMs = Math.min(...followUps) - nowMs;
    return Math.max(0, Math.min(planMs, followUpMs, due.leftMs(membersUp().keys(), nowMs)));
  }

  /** Returns the members that answer our probes, whatever their state: these can be read. */
  function membersUp(): Map<Member, MemberRecord> {
    const isOne = ({ verdict, aliasOf }: MemberRecord) => verdict === "up" && !aliasOf;
    return new Map([...membership().records].filter(([, record]) => isOne(record)));
  }

  async function rest(isOn: boolean, signal: AbortSignal): Promise<void> {
    const ms = isOn ? restMs() : Infinity;
    const over = new AbortController();
    const timer = Number.isFinite(ms) ? setTimeout(() => over.abort(), ms) : undefined;
    await woken.wait(AbortSignal.any([signal, over.signal]));
    clearTimeout(timer);
  }

  return {
    async run(config, signal) {
      const tasks = new Set<Promise<void>>();
      const begin = (task: Promise<void>) => {
        tasks.add(task);
        return task.finally(() => tasks.delete(task));
      };
      let removing: Promise<void> | undefined;
      while (!signal.aborted) {
        const { enabled, sweepIntervalMs: intervalMs } = config();
        // Before there is a ring, nothing is out of place, and not all members are known.
        const isOn = enabled && deps.ring().members.length > 0;
        if (isOn) {
          const nowMs = clock();
          if (followUps.some((at) => at <= nowMs)) due.all();
          followUps = followUps.filter((at) => at > nowMs);
          for (const [member, record] of membersUp()) {
            if (due.isDue(member, nowMs)) void begin(read(member, record, { intervalMs, signal }));
          }
        }
        if (isOn && isTimeToPlan()) {
          try {
            const duplicates = ofOthers(await plan(signal));
            if (duplicates.stale.length + duplicates.twins.length > 0) {
              const task = () => begin(remove(duplicates, signal));
              removing ??= task().finally(() => removing = undefined);
            }
          } catch (error) {
            if (!signal.aborted) throw error;
          }
        }
        await rest(isOn, signal);
      }
      await Promise.all(tasks);
    },
    failing: reader.failing,
    wake: woken.raise,
    readNow(member) {
      due.now(member);
      woken.raise();
    },
    membershipChanged(next, previous) {
      changed();
      missing.keep(next, whereabouts.inventories);
      for (const [member, { state, verdict, started }] of next.records) {
        const before = previous.records.get(member);
        const isSame = state === before?.state && verdict === before.verdict &&
          started === before.started;
        if (isSame) continue;
        changedMs.set(member, clock());
        // What it holds was read a moment ago. When the ring has changed, all members are read.
        const beginsToLeave = state === "draining" && before?.state === "active" &&
          verdict === before.verdict && started === before.started;
        if (!beginsToLeave) due.now(member);
      }
      for (const member of previous.records.keys()) {
        if (next.records.has(member)) continue;
        for (const known of [due, reader, deletions]) known.forget(member);
        for (const known of [compared, changedMs]) known.delete(member);
        stays.forget(member);
      }
      woken.raise();
    },
    ringChanged({ isAlone, inUse }) {
      changed();
      if (isAlone && inUse.length > 0) return; // it is called again when they are out of use
      const nowMs = clock();
      followUps = (isAlone ? [REDIRECTS_OVER_MS] : FOLLOW_UP_MS).map((ms) => nowMs + ms);
      if (!isAlone) due.all();
      woken.raise();
    },
    news(signal) {
      const { promise, resolve } = Promise.withResolvers<void>();
      waiting.push(resolve);
      return abandonable(promise, signal);
    },
    async sweep(signal) {
      const askedMs = clock();
      due.all();
      woken.raise();
      const isDone = (member: Member) =>
        !whereabouts.isReadable(member) || (compared.get(member) ?? -Infinity) >= askedMs;
      while (!membersUp().keys().every(isDone)) await this.news(signal);
      return [...membersUp().keys()].filter((member) => !whereabouts.isReadable(member));
    },
  };
}

/** Counts the copies of groups that members hold. */
function copiesIn(inventories: ReadonlyMap<Member, PushTimes>): number {
  return inventories.values().reduce((sum, { times }) => sum + times.size, 0);
}
