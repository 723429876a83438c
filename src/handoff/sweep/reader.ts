/**
 * Reads members, each on its own: a member that is slow, or cannot be read, does not hold up the others. What
 * was read goes into the whereabouts of groups.
 *
 * @module
 */

import { sleep } from "../../concurrency/backoff.ts";
import { cooperate } from "../../concurrency/cooperate.ts";
import { createTurns } from "../../concurrency/turns.ts";
import { errorText, type Logger } from "../../log.ts";
import { createTroubles } from "../../log/trouble.ts";
import type { Member } from "../../member.ts";
import type { MemberRecord } from "../../membership/membership.ts";
import type { PushTimes } from "../../pushgateway/push_times.ts";
import { type Gateways, MemberFailure } from "../gateways.ts";
import type { EmptyInstances } from "../plan/empty_instances.ts";
import { lacksInstanceId } from "../plan/inventory.ts";
import type { Whereabouts } from "../plan/whereabouts.ts";
import type { HandoffMetrics } from "../../metrics/handoff.ts";

/** What reading needs. */
export interface ReaderDeps {
  readonly gateways: Pick<Gateways, "pushTimes" | "traits">;
  readonly whereabouts: Whereabouts;
  readonly emptyInstances: EmptyInstances;
  readonly metrics: Pick<HandoffMetrics, "failed">;
  readonly log: Logger;
  /** A clock in milliseconds. */
  readonly clock: () => number;
  /** Unix time in ms. */
  readonly now: () => number;
  /** Called when a read was done, failed, or takes long. */
  readonly onNews: () => void;
}

/** The last successful read of a member. */
export interface LastRead {
  /** The member as it was when the read began. */
  readonly record: MemberRecord;
  readonly beganMs: number;
  /** Unix seconds. */
  readonly beganAt: number;
  readonly seconds: number;
}

/** Reads members. */
export interface Reader {
  /**
   * Reads a member, unless it is being read. Never throws.
   *
   * @returns whether it was read
   */
  read(member: Member, record: MemberRecord, signal: AbortSignal): Promise<boolean>;
  /** Whether a member is being read. */
  isReading(member: Member): boolean;
  /** Whether a read is under way that is not slow. */
  readonly isBusy: boolean;
  readonly last: ReadonlyMap<Member, LastRead>;
  /** Members whose last read failed, and why. The reason does not name the member. */
  readonly failing: ReadonlyMap<Member, string>;
  forget(member: Member): void;
}

/** Members that are read at once. Slow ones do not count. */
const AT_ONCE_MAX = 4;
/**
 * A read is slow after this time, or after so many times the duration of the last one if that is longer, as
 * with a hundred thousand groups on a busy machine. Nobody waits for a slow read.
 */
const OVERDUE_MS = 5_000;
const OVERDUE_TIMES = 3;

/** Creates a reader; nothing is read yet. */
export function createReader(deps: ReaderDeps): Reader {
  const { gateways, whereabouts, emptyInstances, clock, log } = deps;
  const turns = createTurns({ atOnce: () => AT_ONCE_MAX });
  const reading = new Map<Member, { slow: boolean }>();
  const last = new Map<Member, LastRead>();
  const failing = new Map<Member, string>();
  const troubles = createTroubles();

  async function read(
    member: Member,
    record: MemberRecord,
    signal: AbortSignal,
  ): Promise<boolean> {
    const state = { slow: false };
    reading.set(member, state);
    const over = new AbortController();
    using turn = await turns.take("read", signal);
    const usualMs = 1_000 * (last.get(member)?.seconds ?? 0);
    const overdueMs = Math.max(OVERDUE_MS, OVERDUE_TIMES * usualMs);
    const late = sleep(overdueMs, AbortSignal.any([signal, over.signal])).then(() => {
      if (over.signal.aborted || signal.aborted) return;
      state.slow = true;
      turn[Symbol.dispose]();
      whereabouts.overdue(member);
      deps.onNews();
    });
    const one = whereabouts.begin(member);
    const [beganMs, beganAt] = [clock(), deps.now() / 1_000];
    try {
      const times = await gateways.pushTimes(member, signal);
      if (!emptyInstances.knows(member)) await learnSpellings(member, times, signal);
      one.end(times);
      last.set(member, { record, beganMs, beganAt, seconds: (clock() - beganMs) / 1_000 });
      failing.delete(member);
      const past = troubles.over(member);
      if (past) log.info("reading the groups of a member works again", { member, ...past });
      return true;
    } catch (error) {
      if (signal.aborted) return false;
      one.fail();
      fails(member, error);
      return false;
    } finally {
      over.abort();
      await late;
    }
  }

  function fails(member: Member, error: unknown): void {
    deps.metrics.failed("sweep");
    failing.set(member, errorText(error instanceof MemberFailure ? error.cause ?? error : error));
    if (!troubles.isNews(member, error)) return;
    const fields = { member, err: errorText(error) };
    log.warn("reading the groups of a member failed, trying again", fields);
  }

  /**
   * Learns which groups are stored with an empty `instance`. The member is asked only if there may be any.
   */
  async function learnSpellings(
    member: Member,
    { times }: PushTimes,
    signal: AbortSignal,
  ): Promise<void> {
    const some = await cooperate(someLacksInstance(times.keys()), signal);
    const found = some ? (await gateways.traits(member, signal)).emptyInstance : new Set<string>();
    emptyInstances.learn(member, found);
    if (found.size === 0) return;
    log.warn("member holds groups with an empty instance label", { member, groups: found.size });
  }

  return {
    async read(member, record, signal) {
      if (reading.has(member)) return false;
      try {
        return await read(member, record, signal);
      } catch {
        return false; // aborted before its turn came
      } finally {
        reading.delete(member);
        deps.onNews();
      }
    },
    isReading: (member) => reading.has(member),
    get isBusy() {
      return [...reading.values()].some(({ slow }) => !slow);
    },
    last,
    failing,
    forget(member) {
      last.delete(member);
      failing.delete(member);
      troubles.forget(member);
    },
  };
}

/** Groups processed between two yields. */
const GROUPS_A_STEP = 1_000;

/** Whether some group has no `instance`. A generator, because there may be many. */
function* someLacksInstance(ids: Iterable<string>): Generator<void, boolean> {
  let steps = 0;
  for (const id of ids) {
    if (lacksInstanceId(id)) return true;
    if (++steps % GROUPS_A_STEP === 0) yield;
  }
  return false;
}
