/**
 * One at a time for each group: in this process by a queue, among processes by a lock in Consul where
 * there is one.
 *
 * @module
 */

import { LockFailure, type Locks, type Notes } from "../../consul/locks/locks.ts";
import type { CopyNotes } from "../plan/copy_notes.ts";
import type { Member } from "../../member.ts";
import { TRACED_MS } from "../../consul/trace_times.ts";
import { murmur3 } from "../../ring/murmur3.ts";
import { sleep } from "../../concurrency/backoff.ts";
import { abandonable } from "../../concurrency/abort.ts";

/** Runs what must not overlap with anything else of the same group. */
export interface Exclusive {
  /**
   * Waits for its turn, then runs.
   *
   * @param work's signal aborts when the turn can no longer be relied on, or the caller's aborts.
   *   `isAlone` where it goes on without the lock: other instances may do so, too
   * @param options.alone goes on without a lock where Consul cannot be asked: pushes do, and only they go
   *   on beside {@linkcode runAlone}, too
   * @throws {TurnFailure} where its turn does not come; work has not begun then
   * @throws {LockFailure} `unavailable` or `lost`
   */
  run<T>(
    id: string,
    work: (signal: AbortSignal, isAlone: boolean) => Promise<T>,
    options: { readonly signal: AbortSignal; readonly alone: boolean },
  ): Promise<T>;
  /** Begins to watch which groups have a turn. Disposal ends that. */
  watch(): Watch;
  /**
   * Runs work that may change any group, once all turns of {@linkcode runUntouched} have ended, and those of
   * {@linkcode run} that are no pushes, and before others begin. For every watch all groups are touched then.
   */
  runAlone<T>(work: () => Promise<T>): Promise<T>;
  /**
   * Runs work for those of some groups of which nobody else has, waits for, or has had a turn since a
   * watch began, here or in another process. The others are left out, without a wait, and count as
   * touched for that watch.
   *
   * @param ids at most {@linkcode KEYS_AT_ONCE_MAX}, each once
   * @param work of one group, whose turn ends with it; as for {@linkcode run}
   * @throws what work throws, once all of it has ended; {@linkcode LockFailure} as `run`
   */
  runUntouched(
    ids: readonly string[],
    work: (id: string, signal: AbortSignal) => Promise<void>,
    options: UntouchedOptions,
  ): Promise<void>;
  /**
   * Runs work that moves many groups off a member, while no other process does so. Others are told what is
   * copied in the meantime, when they handle such a group.
   *
   * @returns `undefined` where that cannot be had now: another process is at it, or there are others that
   *   cannot be told. Work has not begun then
   * @throws what work throws; {@linkcode LockFailure} `lost`
   */
  whileMoving<T>(
    from: Member,
    work: (signal: AbortSignal) => Promise<T>,
    signal: AbortSignal,
  ): Promise<T | undefined>;
}

/** Whose turns are taken without a wait. */
export interface UntouchedOptions {
  /** Nobody else has had a turn since it began. */
  readonly since: Watch;
  /** Another watch of the one that asks, which is not told either. */
  readonly beside?: Watch;
  /** The turns are told to other processes, as those of {@linkcode Exclusive.run} are. */
  readonly leavesTraces?: boolean;
  /**
   * The locks' keys stay in Consul: in its next turn of a group this process sees by them whether another
   * process has had one since.
   */
  readonly keepsKeys?: boolean;
  readonly signal: AbortSignal;
}

/**
 * Which groups have had a turn since it began, or shortly before, in this process, or may have had one
 * in another.
 */
export interface Watch extends Disposable {
  has(id: string): boolean;
  /** When it began, by the clock of `performance.now()`. */
  readonly beganMs: number;
  /** Until when it may tell what other processes have done; then all groups are left out. */
  readonly untilMs: number;
}

/** Its turn did not come. */
export class TurnFailure extends Error {
  override readonly name = "TurnFailure";
}

/** Those of one group that wait for one another in this process; more are refused at once. */
const WAITING_MAX = 256;
/**
 * Who holds a lock when Consul goes out of reach learns of it, or the others do, and deletes nothing
 * more: before that nobody goes on without a lock.
 */
const STOPPING_MS = 3_000;
/** Before the next try for a lock that could not be had though Consul can be asked. */
const AGAIN_MS = 100;
/**
 * A Pushgateway that checks nothing answers a push before it is done: what was pushed so long before
 * a watch began may not be seen yet by a read that begins with it.
 */
const QUEUED_MS = 500;
/** A process that died frees its locks within 20 s: Consul ends its session late, and then waits. */
const OTHERS_MS_MAX = 30_000;

/** Another process is moving groups off the same member: theirs are moved one by one in the meantime. */
const MOVING_WAIT_MS = 1_000;

/**
 * Creates the turns of groups.
 *
 * @param locks those of the present configuration; `undefined`: this process is the only one
 * @param copyNotes what instances tell one another of copies; nothing by default
 */
export function createExclusive(
  locks: () => Locks | undefined,
  copyNotes: CopyNotes = { take() {}, leave: () => undefined },
): Exclusive {
  const queues = new Map<string, { tail: Promise<unknown>; waiting: number }>();
  const watches = new Map<Watch, Set<string>>();
  /** When groups had their last turn that ended lately; the oldest first. */
  const recent = new Map<string, number>();

  /**
   * Whether who has had a lock since the watch began has left a trace that is there still. While Consul
   * is out of reach others go on without a lock, and a session that was lost may have been so for long.
   */
  function canTell({ beganMs, untilMs }: Watch, { state, sessions }: Locks): boolean {
    return performance.now() <= untilMs && state === "yes" && sessions.since <= beganMs;
  }

  function touch(id: string, except: readonly (Watch | undefined)[] = []): void {
    for (const [watch, touched] of watches) if (!except.includes(watch)) touched.add(id);
  }

  /** Turns that are under way, those of pushes left out. */
  const ours = new Set<Promise<unknown>>();
  /** Ends when they may begin; absent where they may. */
  let alone: Promise<unknown> | undefined;
  /** Watches for which every group is touched. */
  const voided = new WeakSet<Watch>();

  /** A turn has ended that was somebody's own. */
  function ended(id: string): void {
    const nowMs = performance.now();
    recent.delete(id); // to the end of the order
    recent.set(id, nowMs);
    for (const [oldest, endedMs] of recent) {
      if (nowMs - endedMs < QUEUED_MS) break;
      recent.delete(oldest);
    }
  }

  async function noneAlone(signal: AbortSignal): Promise<void> {
    while (alone) await abandonable(alone, signal);
  }

  /** Runs what is not to overlap with {@linkcode Exclusive.runAlone}. */
  async function notBeside<T>(work: () => Promise<T>, signal: AbortSignal): Promise<T> {
    await noneAlone(signal);
    const running = work();
    const ended = running.catch(() => {}).finally(() => ours.delete(ended));
    ours.add(ended);
    return await running;
  }

  /** Takes the turn of a group. */
  function enter(id: string): { readonly before: Promise<unknown>; leave(): void } {
    const queue = queues.get(id) ?? { tail: Promise.resolve(), waiting: 0 };
    if (queue.waiting >= WAITING_MAX) {
      throw new TurnFailure(`${queue.waiting} others wait to handle the same group`);
    }
    queues.set(id, queue);
    queue.waiting++;
    const before = queue.tail;
    const turn = Promise.withResolvers<void>();
    queue.tail = before.then(() => turn.promise);
    return {
      before,
      leave() {
        turn.resolve();
        if (--queue.waiting === 0) queues.delete(id);
      },
    };
  }

  async function locked<T>(
    id: string,
    work: (signal: AbortSignal, isAlone: boolean) => Promise<T>,
    { signal, alone }: { signal: AbortSignal; alone: boolean },
  ): Promise<T> {
    let done: { readonly result: T } | undefined;
    const goOn = () => {
      copyNotes.take(id, undefined); // others may have pushed the group, and cannot tell
      return work(signal, true);
    };
    const notes: Notes = {
      take: (_, note) => copyNotes.take(id, note),
      leave: () => copyNotes.leave(id),
    };
    const remember = async (signal: AbortSignal) => {
      const result = await work(signal, false);
      done = { result };
      return result;
    };
    for (;;) {
      const present = locks();
      if (!present) return await work(signal, false);
      try {
        const options = { waitMs: OTHERS_MS_MAX, signal, leavesTrace: true, notes };
        return await present.hold(lockName(id), remember, options);
      } catch (failure) {
        if (done) return done.result; // lost at the very end: what was done is done
        if (!(failure instanceof LockFailure)) throw failure;
        if (failure.kind === "busy") throw new TurnFailure(failure.message, { cause: failure });
        if (failure.kind !== "unavailable") throw failure;
        if (present.state === "forbidden") return await goOn();
        if (!alone) throw failure;
        const stoppedMs = present.sessions.since + STOPPING_MS;
        // Where Consul can be asked again others rely on the lock.
        const leftMs = present.state === "yes" ? AGAIN_MS : stoppedMs - performance.now();
        if (leftMs <= 0) return await goOn();
        const changed = new AbortController();
        using _watch = present.sessions.watch(() => changed.abort());
        await sleep(leftMs, AbortSignal.any([signal, changed.signal]));
        signal.throwIfAborted();
      }
    }
  }

  return {
    async run(id, work, options) {
      // Before its turn, for which pushes wait.
      if (!options.alone) await noneAlone(options.signal);
      const { before, leave } = enter(id);
      touch(id);
      try {
        await abandonable(before, options.signal);
        if (options.alone) return await locked(id, work, options);
        return await notBeside(() => locked(id, work, options), options.signal);
      } finally {
        ended(id);
        leave();
      }
    },
    watch() {
      const nowMs = performance.now();
      const lately = [...recent].filter(([, endedMs]) => nowMs - endedMs < QUEUED_MS);
      const touched = new Set([...queues.keys(), ...lately.map(([id]) => id)]);
      const watch: Watch = {
        has: (id) => touched.has(id) || voided.has(watch),
        beganMs: nowMs,
        untilMs: locks() ? nowMs + TRACED_MS : Infinity,
        [Symbol.dispose]: () => void watches.delete(watch),
      };
      watches.set(watch, touched);
      return watch;
    },
    async runAlone(work) {
      const voidAll = () => watches.keys().forEach((watch) => void voided.add(watch));
      const before = alone;
      const done = Promise.withResolvers<void>();
      const mine = Promise.resolve(before).then(() => done.promise);
      alone = mine;
      try {
        await before;
        voidAll();
        await Promise.allSettled(ours);
        return await work();
      } finally {
        voidAll();
        done.resolve();
        if (alone === mine) alone = undefined;
      }
    },
    async whileMoving<T>(
      from: Member,
      work: (signal: AbortSignal) => Promise<T>,
      signal: AbortSignal,
    ) {
      const present = locks();
      if (!present) return await work(signal);
      let begun = false;
      let done: { readonly result: T } | undefined;
      const moves = async (signal: AbortSignal) => {
        begun = true;
        const result = await work(signal);
        done = { result };
        return result;
      };
      try {
        return await present.hold(`moves-${from}`, moves, { waitMs: MOVING_WAIT_MS, signal });
      } catch (error) {
        if (done) return done.result; // lost at the very end: what was done is done
        if (begun || !(error instanceof LockFailure)) throw error;
        return undefined;
      }
    },
    async runUntouched(ids, work, options) {
      await notBeside(() => untouched(ids, work, options), options.signal);
    },
  };

  async function untouched(
    ids: readonly string[],
    work: (id: string, signal: AbortSignal) => Promise<void>,
    { since, beside, leavesTraces = false, keepsKeys = false, signal }: UntouchedOptions,
  ): Promise<void> {
    const touched = watches.get(since);
    const turns = new Map<string, { leave(): void }>();
    for (const id of ids) {
      if (since.has(id)) continue;
      if (queues.has(id)) touched?.add(id);
      else turns.set(id, enter(id));
    }
    const leave = (id: string) => {
      turns.get(id)?.leave();
      turns.delete(id);
    };
    const leaveOut = (id: string) => {
      touched?.add(id);
      leave(id);
    };
    const runAll = async (ids: Iterable<string>, signal: AbortSignal) => {
      const works = [...ids].map(async (id) => {
        touch(id, [since, beside]);
        try {
          await work(id, signal);
        } finally {
          leave(id);
        }
      });
      const outcomes = await Promise.allSettled(works);
      const failed = outcomes.find(({ status }) => status === "rejected");
      if (failed?.status === "rejected") throw failed.reason;
    };
    try {
      if (turns.size === 0) return;
      const present = locks();
      if (!present || present.state === "forbidden") return await runAll(turns.keys(), signal);
      if (present.state === "yes" && !canTell(since, present)) {
        return [...turns.keys()].forEach(leaveOut);
      }
      const byName = new Map([...turns.keys()].map((id) => [lockName(id), id]));
      const notes = { leave: (name: string) => copyNotes.leave(byName.get(name) ?? "") };
      const sinceMs = since.beganMs - QUEUED_MS;
      const options = { sinceMs, notes, leavesTraces, keepsKeys, signal };
      await present.holdMany([...byName.keys()], async (names, signal) => {
        const sure = canTell(since, present) ? names : new Set<string>();
        const held = new Set([...byName].flatMap(([name, id]) => sure.has(name) ? [id] : []));
        [...turns.keys()].filter((id) => !held.has(id)).forEach(leaveOut);
        await runAll(held, signal);
      }, options);
    } finally {
      for (const id of [...turns.keys()]) leave(id);
    }
  }
}

/** Two groups that share one only wait for each other. A key in Consul has 512 bytes at most. */
function lockName(id: string): string {
  return `group-${murmur3(id).toString(16).padStart(8, "0")}`;
}
