/**
 * Gives turns, so that one task at a time handles a group: within this process by a queue, and among
 * processes by a lock in Consul, if there is one.
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

/** Runs work that must not overlap with other work on the same group. */
export interface Exclusive {
  /**
   * Waits for the turn of a group, then runs work.
   *
   * @param work its signal aborts when the turn can no longer be relied on, or when the caller's signal
   *   aborts. `isAlone`: the work runs without the lock, and other instances may do so too
   * @param options.alone goes on without a lock if Consul cannot be asked. Only pushes do so, and only they
   *   also run beside {@linkcode runAlone}
   * @throws {TurnFailure} if the turn does not come; the work has not begun
   * @throws {LockFailure} `unavailable` or `lost`
   */
  run<T>(
    id: string,
    work: (signal: AbortSignal, isAlone: boolean) => Promise<T>,
    options: { readonly signal: AbortSignal; readonly alone: boolean },
  ): Promise<T>;
  /** Begins to watch which groups have a turn. Disposal ends it. */
  watch(): Watch;
  /**
   * Runs work that may change any group. Before it begins, all turns of {@linkcode runUntouched} have ended,
   * and those of {@linkcode run} that are not pushes. Later turns begin after it. For every watch all groups
   * are touched then.
   */
  runAlone<T>(work: () => Promise<T>): Promise<T>;
  /**
   * Runs work for some groups, without a wait. A group is left out, and counts as touched for the watch, if
   * somebody else in this process or another has its turn, waits for it, or has had it since the watch began.
   *
   * @param ids at most {@linkcode KEYS_AT_ONCE_MAX}, each once
   * @param work handles one group, whose turn ends with it. Its signal is that of {@linkcode run}
   * @throws what the work throws, when all of it has ended; {@linkcode LockFailure} as `run`
   */
  runUntouched(
    ids: readonly string[],
    work: (id: string, signal: AbortSignal) => Promise<void>,
    options: UntouchedOptions,
  ): Promise<void>;
  /**
   * Runs work that moves many groups off a member, while no other process does so. When other instances
   * handle such a group, they are told of copies that were made in the meantime.
   *
   * @returns `undefined` if the work cannot run now: another process is moving groups off the member, or
   *   there are instances that cannot be told. The work has not begun
   * @throws what the work throws; {@linkcode LockFailure} `lost`
   */
  whileMoving<T>(
    from: Member,
    work: (signal: AbortSignal) => Promise<T>,
    signal: AbortSignal,
  ): Promise<T | undefined>;
}

/** Options for turns that are taken without a wait. */
export interface UntouchedOptions {
  /** A group is left out if somebody else has had its turn since this watch began. */
  readonly since: Watch;
  /** Another watch of the caller, for which these turns do not count either. */
  readonly beside?: Watch;
  /** Whether other processes are told of the turns, as of those of {@linkcode Exclusive.run}. */
  readonly leavesTraces?: boolean;
  /**
   * Whether the keys of the locks stay in Consul. In its next turn of a group, this process then sees by the
   * key whether another process has had a turn since.
   */
  readonly keepsKeys?: boolean;
  readonly signal: AbortSignal;
}

/**
 * Knows which groups have had a turn in this process since it began, or shortly before, or may have had one
 * in another process.
 */
export interface Watch extends Disposable {
  has(id: string): boolean;
  /** When it began, by the clock of `performance.now()`. */
  readonly beganMs: number;
  /** Until when it can tell what other processes have done. After that all groups are left out. */
  readonly untilMs: number;
}

/** The turn of a group did not come. */
export class TurnFailure extends Error {
  override readonly name = "TurnFailure";
}

/** How many may wait for the turn of one group in this process. More are refused at once. */
const WAITING_MAX = 256;
/**
 * How long it takes, when Consul goes out of reach, until the holder of a lock or the other instances have
 * learnt of it, and the holder deletes nothing more. Before that nobody goes on without a lock.
 */
const STOPPING_MS = 3_000;
/** Delay before the next try for a lock that was not available although Consul can be asked. */
const AGAIN_MS = 100;
/**
 * A Pushgateway that does not check pushes answers a push before it has stored it. A push within this time
 * before a watch began may be missing in a read that begins with the watch.
 */
const QUEUED_MS = 500;
/** A process that died frees its locks within 20 s, because Consul ends its session late and then waits. */
const OTHERS_MS_MAX = 30_000;

/**
 * How long to wait while another process moves groups off the same member. Then groups are moved one by one.
 */
const MOVING_WAIT_MS = 1_000;

/**
 * Creates the turns of groups.
 *
 * @param locks the locks of the current configuration. `undefined`: this process is the only one
 * @param copyNotes tells other instances of copies. Does nothing by default
 */
export function createExclusive(
  locks: () => Locks | undefined,
  copyNotes: CopyNotes = { take() {}, leave: () => undefined },
): Exclusive {
  const queues = new Map<string, { tail: Promise<unknown>; waiting: number }>();
  const watches = new Map<Watch, Set<string>>();
  /** When the turns ended that have ended lately, the oldest first. */
  const recent = new Map<string, number>();

  /**
   * Whether every holder of a lock since the watch began has left a trace that is still there. While Consul
   * is out of reach, other instances go on without a lock, and a lost session may have been lost for long.
   */
  function canTell({ beganMs, untilMs }: Watch, { state, sessions }: Locks): boolean {
    return performance.now() <= untilMs && state === "yes" && sessions.since <= beganMs;
  }

  function touch(id: string, except: readonly (Watch | undefined)[] = []): void {
    for (const [watch, touched] of watches) if (!except.includes(watch)) touched.add(id);
  }

  /** Turns that are under way, except those of pushes. */
  const ours = new Set<Promise<unknown>>();
  /** Resolves when these turns may begin. Absent if they may begin now. */
  let alone: Promise<unknown> | undefined;
  /** Watches for which every group is touched. */
  const voided = new WeakSet<Watch>();

  /** Notes the end of a turn of {@linkcode Exclusive.run}. */
  function ended(id: string): void {
    const nowMs = performance.now();
    recent.delete(id); // moves it to the end of the order
    recent.set(id, nowMs);
    for (const [oldest, endedMs] of recent) {
      if (nowMs - endedMs < QUEUED_MS) break;
      recent.delete(oldest);
    }
  }

  async function noneAlone(signal: AbortSignal): Promise<void> {
    while (alone) await abandonable(alone, signal);
  }

  /** Runs work that must not overlap with {@linkcode Exclusive.runAlone}. */
  async function notBeside<T>(work: () => Promise<T>, signal: AbortSignal): Promise<T> {
    await noneAlone(signal);
    const running = work();
    const ended = running.catch(() => {}).finally(() => ours.delete(ended));
    ours.add(ended);
    return await running;
  }

  /** Joins the queue for the turn of a group. */
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
      copyNotes.take(id, undefined); // other instances may have pushed the group, and cannot tell
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
        if (done) return done.result; // the lock was lost after the work was done
        if (!(failure instanceof LockFailure)) throw failure;
        if (failure.kind === "busy") throw new TurnFailure(failure.message, { cause: failure });
        if (failure.kind !== "unavailable") throw failure;
        if (present.state === "forbidden") return await goOn();
        if (!alone) throw failure;
        const stoppedMs = present.sessions.since + STOPPING_MS;
        // If Consul can be asked again, other instances rely on the lock.
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
      // It waits here and not in its turn, because pushes wait for its turn.
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
        if (done) return done.result; // the lock was lost after the work was done
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

/**
 * Returns the name of a group's lock. Two groups with the same name only wait for each other. A key in Consul
 * has 512 bytes at most.
 */
function lockName(id: string): string {
  return `group-${murmur3(id).toString(16).padStart(8, "0")}`;
}
