/** Empties the members that are to leave, and keeps the progress of it. @module */

import { sleep } from "../../concurrency/backoff.ts";
import { deadline } from "../../concurrency/deadline.ts";
import { createWake, type Wake } from "../../concurrency/wake.ts";
import { isBusy, LockFailure, type Locks } from "../../consul/locks/locks.ts";
import type { Logger } from "../../log.ts";
import type { Member } from "../../member.ts";
import type { Membership } from "../../membership/membership.ts";
import type { PushTimes } from "../../pushgateway/push_times.ts";
import { REDIRECTS_OVER_MS, type Rings } from "../plan/rings.ts";
import type { HashRing } from "../../ring/hash_ring.ts";
import { drainMember, type DrainProgress } from "./drain.ts";
import { createDrainRate, secondsLeft } from "./drain_rate.ts";
import type { MoveManyDeps } from "./many/pass.ts";
import { createPushChecks, type PushChecks } from "./push_checks.ts";

/** What emptying members needs. */
export interface DrainsDeps extends MoveManyDeps {
  readonly rings: MoveManyDeps["rings"] & Pick<Rings, "inUse">;
  readonly membership: () => Membership;
  readonly ring: () => HashRing;
  readonly locks: () => Locks | undefined;
  /** Whether members are to be emptied, by the configuration. */
  readonly enabled: () => boolean;
  /** Makes a sweep read a member: it was found empty, or this instance no longer empties it. */
  readonly readNow: (member: Member) => void;
  readonly log: Logger;
  /** A clock in milliseconds. */
  readonly clock: () => number;
}

/** What ends a drain. */
interface Ends {
  /** Aborts when the member is no longer to leave, or has left. Work that is under way is finished. */
  readonly stop: AbortSignal;
  /** Ends the drain at once. */
  readonly signal: AbortSignal;
}

/** Empties members that leave. */
export interface Drains {
  /** Empties each draining member, one instance at a time, until the signal aborts. */
  run(signal: AbortSignal): Promise<void>;
  /** Whether a member is being emptied, by this instance or another one. */
  empties(member: Member): boolean;
  /** Whether this instance empties a member now. It then reads the member itself, and reports the end. */
  emptiesHere(member: Member): boolean;
  /** Called when members may have begun or ceased to leave, or the configuration has changed. */
  wake(): void;
  /** Takes over what members held when they were last read: another instance may be emptying them. */
  read(inventories: ReadonlyMap<Member, Pick<PushTimes, "times">>): void;
  /** The progress of the drains, whichever instance runs them. */
  readonly progress: ReadonlyMap<Member, DrainProgress>;
}

/** Delay after a failure, or while another instance drains the member. */
const AGAIN_MS = 2_000;
const LOCK_WAIT_MS = 60_000;
/**
 * Another instance may go by a ring with the member for long. After this time the groups are looked at
 * anyway.
 */
const RINGS_MS_MAX = 10_000;
/** Time between two lines of progress in the log. The first one is logged as soon as the rate is known. */
const PROGRESS_MS = 10_000;
/** Time between two measurements of a drain. */
const MEASURE_MS = 1_000;
/** Time between two questions to the members that take the groups: they may change, or answer later. */
const TARGETS_MS = 5_000;

/** Creates the drains; nothing is moved yet. */
export function createDrains(deps: DrainsDeps): Drains {
  const progress = new Map<Member, DrainProgress>();
  /**
   * Members whose groups this instance counts as it moves them. The read of a sweep from a moment before
   * would count some of them twice.
   */
  const counting = new Set<Member>();
  const changed = createWake();
  const running = new Map<Member, { stop: AbortController; woken: Wake; done: Promise<void> }>();

  const stateOf = (member: Member) => deps.membership().records.get(member)?.state;
  const isDue = (member: Member) => deps.enabled() && stateOf(member) === "draining";

  function progressOf(member: Member): DrainProgress {
    const known = progress.get(member) ?? { groups: 0, moved: 0, early: 0, staying: new Map() };
    progress.set(member, known);
    return known;
  }

  /**
   * Waits, for 10 s at most, until no instance goes by a ring with the member: before that nothing can be
   * moved.
   */
  async function untilOutOfRings(member: Member, woken: Wake, signal: AbortSignal): Promise<void> {
    const isIn = () =>
      [deps.ring(), ...deps.rings.inUse].some(({ weights }) => weights.has(member));
    using late = deadline(RINGS_MS_MAX, signal);
    while (!late.signal.aborted && isIn()) await woken.wait(late.signal);
    await sleep(REDIRECTS_OVER_MS, signal);
  }

  async function keepDraining(
    member: Member,
    woken: Wake,
    { stop, signal }: Ends,
  ): Promise<void> {
    const over = AbortSignal.any([stop, signal]);
    counting.delete(member);
    await untilOutOfRings(member, woken, over);
    while (!over.aborted) {
      try {
        // If the member is in the ring because there is no other, its groups cannot be moved.
        if (!deps.ring().weights.has(member)) {
          await locked(`drain-${member}`, (signal) => drain(member, { stop, signal }), signal);
        }
      } catch (error) {
        const wasCounting = counting.delete(member);
        if (over.aborted) return;
        if (wasCounting) deps.readNow(member);
        if (!isBusy(error)) {
          deps.report.failed(error instanceof LockFailure ? "lock" : "copy", error);
        }
      }
      await sleep(AGAIN_MS, over);
    }
  }

  async function locked(
    name: string,
    work: (signal: AbortSignal) => Promise<void>,
    signal: AbortSignal,
  ): Promise<void> {
    const locks = deps.locks();
    if (!locks || locks.state === "forbidden") return await work(signal);
    await locks.hold(name, work, { waitMs: LOCK_WAIT_MS, signal });
  }

  async function drain(member: Member, { stop, signal }: Ends): Promise<void> {
    if (stop.aborted) return; // it was stopped while it waited for the lock
    const present = progressOf(member);
    const before = present.moved;
    counting.add(member);
    const done = new AbortController();
    const narrating = narrate(member, present, AbortSignal.any([signal, done.signal]));
    let isEmpty = false;
    try {
      isEmpty = await drainMember(member, present, { deps, stop, signal });
    } finally {
      done.abort();
      await narrating;
    }
    if (!isEmpty) return;
    if (present.moved > before) {
      deps.log.info("drain finished: all groups were moved", {
        member,
        groups: present.moved - before,
      });
    }
    deps.readNow(member);
  }

  async function narrate(member: Member, present: DrainProgress, signal: AbortSignal) {
    for (let told = false, sinceMs = deps.clock();;) {
      await sleep(MEASURE_MS, signal);
      if (signal.aborted) return;
      const isFirst = !told && present.rate !== undefined;
      if (!isFirst && deps.clock() - sinceMs < PROGRESS_MS) continue;
      told = true;
      sinceMs = deps.clock();
      const { groups, moved, early, staying, rate, secondsLeft, targetsCheck } = present;
      deps.log.info("drain in progress", {
        member,
        moved,
        groups,
        staying: staying.size,
        ...(early > 0 && { early }),
        ...(rate !== undefined && { rate }),
        ...(secondsLeft !== undefined && { seconds_left: secondsLeft }),
        ...(targetsCheck && { targets_check: true }),
      });
    }
  }

  /** Keeps the figures of a drain up to date, whichever instance runs it. */
  async function measure(member: Member, checks: PushChecks, signal: AbortSignal): Promise<void> {
    const rate = createDrainRate();
    while (!signal.aborted) {
      const present = progress.get(member);
      if (present) {
        const now = deps.clock();
        rate.note(present.moved, now);
        present.rate = rate.at(now);
        present.secondsLeft = secondsLeft(present, present.rate);
        present.targetsCheck = checks.anyOf(targetsOf(member));
      }
      await sleep(MEASURE_MS, signal);
    }
    const present = progress.get(member);
    if (present) present.rate = present.secondsLeft = undefined;
  }

  const targetsOf = (member: Member) => deps.ring().members.filter((other) => other !== member);

  async function askTargets(member: Member, checks: PushChecks, signal: AbortSignal) {
    while (!signal.aborted) {
      try {
        await checks.ask(targetsOf(member), signal);
      } catch (error) {
        if (!signal.aborted) throw error;
      }
      await sleep(TARGETS_MS, signal);
    }
  }

  async function follow(member: Member, woken: Wake, ends: Ends): Promise<void> {
    const checks = createPushChecks(deps);
    const over = AbortSignal.any([ends.stop, ends.signal]);
    await Promise.all([
      keepDraining(member, woken, ends),
      measure(member, checks, over),
      askTargets(member, checks, over),
    ]);
  }

  return {
    async run(signal) {
      try {
        while (!signal.aborted) {
          for (const member of deps.membership().records.keys()) {
            if (running.has(member) || !isDue(member)) continue;
            const [stop, woken] = [new AbortController(), createWake()];
            const done = follow(member, woken, { stop: stop.signal, signal }).finally(() => {
              running.delete(member);
              changed.raise(); // it may be due again
            });
            running.set(member, { stop, woken, done });
          }
          for (const [member, { stop }] of running) if (!isDue(member)) stop.abort();
          // The last figures of a member that has left are kept until it comes back.
          for (const member of progress.keys()) {
            const state = stateOf(member);
            if (state !== "draining" && state !== "departed") progress.delete(member);
          }
          await changed.wait(signal);
        }
      } finally {
        for (const { stop } of running.values()) stop.abort();
        await Promise.all([...running.values()].map(({ done }) => done));
      }
    },
    empties: isDue,
    emptiesHere: (member) => counting.has(member),
    wake() {
      changed.raise();
      for (const { woken } of running.values()) woken.raise();
    },
    read(inventories) {
      for (const [member, { times }] of inventories) {
        if (stateOf(member) !== "draining" || counting.has(member)) continue;
        const known = progressOf(member);
        known.groups = Math.max(known.groups, known.moved + times.size);
        known.moved = known.groups - times.size;
      }
    },
    progress,
  };
}
