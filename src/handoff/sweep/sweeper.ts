/**
 * Rounds of sweeps: reads what every member that answers holds, compares it with the ring, has stale
 * copies removed, and tells membership who may come in and who is empty.
 *
 * @module
 */

import { sleep } from "../../concurrency/backoff.ts";
import type { Logger } from "../../log.ts";
import type { Member } from "../../member.ts";
import type { MemberRecord, Membership, MembershipEvent } from "../../membership/membership.ts";
import type { HandoffMetrics } from "../../metrics/handoff.ts";
import type { PushTimes } from "../../pushgateway/push_times.ts";
import type { HashRing } from "../../ring/hash_ring.ts";
import { createWake } from "../../concurrency/wake.ts";
import type { Deletions } from "../plan/deletions.ts";
import { abandonable } from "../../concurrency/abort.ts";
import type { Gateways } from "../gateways.ts";
import type { StaleCopy } from "../plan/inventory.ts";
import type { Misplaced } from "../plan/misplaced.ts";
import { createMissing } from "../plan/missing.ts";
import type { HandoffReport } from "../report.ts";
import { sweepRound } from "./round.ts";

/** What sweeping takes. */
export interface SweeperDeps {
  readonly gateways: Gateways;
  readonly misplaced: Misplaced;
  readonly membership: () => Membership;
  readonly ring: () => HashRing;
  readonly deletions: Deletions;
  /** Deletes stale copies; what it cannot delete stays for the next round. */
  readonly removeStale: (stale: readonly StaleCopy[], signal: AbortSignal) => Promise<void>;
  /** Tells membership what was found. */
  readonly tell: (event: MembershipEvent) => void;
  readonly report: HandoffReport;
  readonly metrics: HandoffMetrics;
  readonly log: Logger;
  readonly random: () => number;
  /** Unix time in ms. */
  readonly now: () => number;
}

/** Sweeps. */
export interface Sweeper {
  /**
   * Sweeps until the signal aborts: at once, whenever woken, and each interval.
   *
   * @param intervalMs between two rounds where nothing happens
   */
  run(intervalMs: number, signal: AbortSignal): Promise<void>;
  /** Something changed: a round is due. */
  wake(): void;
  /** A ring was published: besides, others may push by the former one for some seconds. */
  ringChanged(): void;
  /** Whether a round has ended since the start. */
  readonly hasSwept: boolean;
  /** Ends when a round has ended that began after this call. */
  next(signal: AbortSignal): Promise<void>;
  /** What each member held when it was last read. */
  readonly inventories: ReadonlyMap<Member, PushTimes>;
}

/** Rounds are at least this far apart. */
const ROUND_GAP_MS = 50;
/** A member that waits to come in, or is about to be found empty, is looked at again after this. */
const WAITING_MS = 500;
/** One that is being drained, maybe by another instance. */
const DRAINING_MS = 5_000;
/** After a ring change: redirects given before it, or by others, may still land on former owners. */
const FOLLOW_UP_MS = [2_000, 5_000];
/** A member that answers probes and cannot be read comes in all the same after so many rounds. */
const UNREAD_ROUNDS_MAX = 3;
/** A leaving member is empty for good once others had the time to learn of it too. */
const LEFT_MS_MIN = 2_000;

/** Makes one; nothing is read yet. */
export function createSweeper(deps: SweeperDeps): Sweeper {
  const { gateways, misplaced, deletions, log } = deps;
  const inventories = new Map<Member, PushTimes>();
  /** Rounds in a row in which a member could not be read. */
  const unread = new Map<Member, number>();
  /** Since when a member has been out of the ring and draining, by our clock. */
  const leftAt = new Map<Member, number>();
  const due = createWake();
  let followUps: number[] = [];
  const missing = createMissing(log);
  /** Groups out of place, as the log last had it. */
  let told = 0;
  let [begun, ended] = [0, 0];
  let waiters: { readonly after: number; readonly resolve: () => void }[] = [];

  async function round(signal: AbortSignal): Promise<void> {
    const number = ++begun;
    const beganAt = performance.now();
    const beganAtUnix = deps.now() / 1_000;
    const members = membersUp(deps.membership());
    missing.keep(deps.membership(), inventories);
    const { swept, failed, findings } = await sweepRound([...members.keys()], {
      ...deps,
      inventories,
      deletions: deletions.pending,
    }, signal);
    const everybody = [...deps.membership().records.keys()].every((member) => swept.has(member));
    const unheard = findings.stale.some(({ newer }) => typeof newer === "number");
    if (everybody && !unheard) deletions.settle(beganAtUnix);
    for (const member of swept) unread.delete(member);
    for (const member of failed) unread.set(member, (unread.get(member) ?? 0) + 1);
    if (swept.size > 0) ended = number;
    for (const { after, resolve } of waiters) if (after < number) resolve();
    waiters = waiters.filter(({ after }) => after >= number);
    const seconds = (performance.now() - beganAt) / 1_000;
    const held = [...inventories].map(([member, { times }]) => [member, times.size] as const);
    deps.metrics.swept({
      seconds,
      groups: new Map(held),
      missing: await missing.look({
        membership: deps.membership(),
        swept,
        held: inventories,
        deleted: deletions.pending,
      }, signal),
    });
    log.debug("members swept", {
      members: swept.size,
      failed: failed.size,
      groups: findings.groups,
      misplaced: misplaced.size,
      stale: findings.stale.length,
    });
    if (misplaced.size !== told) {
      told = misplaced.size;
      const groups = { misplaced: told, groups: findings.groups };
      if (told > 0) {
        log.info("groups lie on others than their owners; pushes bring them home", groups);
      } else log.info("every group lies on its owner", groups);
    }
    if (findings.stale.length > 0) {
      log.info("stale copies are being deleted", {
        copies: findings.stale.length,
        members: [...new Set(findings.stale.map(({ member }) => member))].join(" "),
      });
      await deps.removeStale(findings.stale, signal);
    }
    await admit({ members, swept, stale: findings.stale }, signal);
    judgeLeaving({ members, swept, beganAt });
  }

  /** Lets in the joining members on which no stale copy is left. */
  async function admit(
    { members, swept, stale }: {
      members: ReadonlyMap<Member, MemberRecord>;
      swept: ReadonlySet<Member>;
      stale: readonly StaleCopy[];
    },
    signal: AbortSignal,
  ): Promise<void> {
    for (const [member, record] of members) {
      if (record.state !== "joining") continue;
      if (!swept.has(member)) {
        const rounds = unread.get(member) ?? 0;
        if (rounds < UNREAD_ROUNDS_MAX) continue;
        log.warn("member comes in unswept: it answers probes, but cannot be read", { member });
      } else {
        const copies = stale.filter((copy) => copy.member === member);
        if (copies.length > 0 && !(await areGone(member, copies, signal))) continue;
      }
      // One that failed a probe meanwhile may have come back with other data: the next round tells.
      if (deps.membership().records.get(member) !== record) continue;
      deps.tell({ kind: "admitted", member });
    }
  }

  /** A Pushgateway deletes after it has answered: only a new look shows it. */
  async function areGone(
    member: Member,
    copies: readonly StaleCopy[],
    signal: AbortSignal,
  ): Promise<boolean> {
    try {
      const before = inventories.get(member);
      const { times } = await gateways.pushTimes(member, signal);
      return copies.every(({ id }) => times.get(id) !== before?.times.get(id));
    } catch (error) {
      signal.throwIfAborted();
      deps.report.failed("sweep", error);
      return false;
    }
  }

  function judgeLeaving(
    { members, swept, beganAt }: {
      members: ReadonlyMap<Member, MemberRecord>;
      swept: ReadonlySet<Member>;
      beganAt: number;
    },
  ): void {
    for (const member of leftAt.keys()) if (!members.has(member)) leftAt.delete(member);
    for (const [member, { state, drained }] of members) {
      const leaving = (state === "draining" || state === "departed") &&
        !deps.ring().weights.has(member);
      if (!leaving) {
        leftAt.delete(member);
        continue;
      }
      const since = leftAt.get(member) ?? performance.now();
      leftAt.set(member, since);
      if (!swept.has(member)) continue;
      const empty = inventories.get(member)?.times.size === 0;
      if (empty ? state === "draining" && beganAt - since >= LEFT_MS_MIN : drained) {
        deps.tell({ kind: "drained", member, empty });
      }
    }
  }

  /** How long nothing has to be done. */
  function idleMs(intervalMs: number): number {
    const now = performance.now();
    followUps = followUps.filter((at) => at > now);
    const next = Math.min(...followUps, now + intervalMs) - now;
    const waits = [...membersUp(deps.membership())].map(([member, { state }]) => {
      if (state === "joining") return WAITING_MS;
      if (state !== "draining") return next;
      return inventories.get(member)?.times.size === 0 ? WAITING_MS : DRAINING_MS;
    });
    return Math.min(next, ...waits);
  }

  return {
    async run(intervalMs, signal) {
      while (!signal.aborted) {
        try {
          // Before there is a ring nothing is out of place, and not all members are known.
          if (deps.ring().members.length > 0) await round(signal);
        } catch (error) {
          if (signal.aborted) break;
          throw error;
        }
        await sleep(ROUND_GAP_MS, signal);
        const pause = new AbortController();
        const jitter = 0.9 + 0.2 * deps.random();
        const timer = setTimeout(() => pause.abort(), idleMs(intervalMs * jitter));
        await due.wait(AbortSignal.any([signal, pause.signal]));
        clearTimeout(timer);
      }
    },
    wake: due.raise,
    ringChanged() {
      const now = performance.now();
      followUps = FOLLOW_UP_MS.map((ms) => now + ms);
      due.raise();
    },
    get hasSwept() {
      return ended > 0;
    },
    next(signal) {
      due.raise();
      const { promise, resolve } = Promise.withResolvers<void>();
      waiters.push({ after: begun, resolve });
      return abandonable(promise, signal);
    },
    inventories,
  };
}

/** The members that answer our probes, whatever their state: those that can be read. */
function membersUp({ records }: Membership): Map<Member, MemberRecord> {
  return new Map([...records].filter(([, { verdict }]) => verdict === "up"));
}
