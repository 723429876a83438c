/**
 * One at a time for each group: in this process by a queue, among processes by a lock in Consul where
 * there is one.
 *
 * @module
 */

import { LockFailure, type Locks } from "../../consul/locks/locks.ts";
import { TRACE_MS } from "../../consul/locks/traces.ts";
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
   * @param options.alone goes on without a lock where Consul cannot be asked: pushes do
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
   * Runs work for those of some groups of which nobody else has, waits for, or has had a turn since a
   * watch began, here or in another process. The others are left out, without a wait.
   *
   * @param ids at most {@linkcode KEYS_AT_ONCE_MAX}
   * @param work of one group, whose turn ends with it; as for {@linkcode run}
   * @returns those that were left out
   * @throws what work throws, once all of it has ended; {@linkcode LockFailure} as `run`
   */
  runUntouched(
    ids: readonly string[],
    work: (id: string, signal: AbortSignal) => Promise<void>,
    options: { readonly since: Watch; readonly signal: AbortSignal },
  ): Promise<ReadonlySet<string>>;
}

/** Which groups have had a turn since it began, or shortly before, in this process. */
export interface Watch extends Disposable {
  has(id: string): boolean;
  /** When it began, by the clock of `performance.now()`. */
  readonly beganMs: number;
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
/** After that a trace that another process has left may be gone again, by clocks that differ a bit. */
const WATCH_MS_MAX = 0.8 * TRACE_MS;
/** A process that died frees its locks within 20 s: Consul ends its session late, and then waits. */
const OTHERS_MS_MAX = 30_000;

/**
 * Creates the turns of groups.
 *
 * @param locks those of the present configuration; `undefined`: this process is the only one
 */
export function createExclusive(locks: () => Locks | undefined): Exclusive {
  const queues = new Map<string, { tail: Promise<unknown>; waiting: number }>();
  const watches = new Map<Watch, Set<string>>();
  /** When groups had their last turn that ended lately; the oldest first. */
  const recent = new Map<string, number>();

  function touch(id: string, except?: Watch): void {
    for (const [watch, touched] of watches) if (watch !== except) touched.add(id);
  }

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
    const remember = async (signal: AbortSignal) => {
      const result = await work(signal, false);
      done = { result };
      return result;
    };
    for (;;) {
      const present = locks();
      if (!present) return await work(signal, false);
      try {
        const options = { waitMs: OTHERS_MS_MAX, signal, leavesTrace: true };
        return await present.hold(lockName(id), remember, options);
      } catch (failure) {
        if (done) return done.result; // lost at the very end: what was done is done
        if (!(failure instanceof LockFailure)) throw failure;
        if (failure.kind === "busy") throw new TurnFailure(failure.message, { cause: failure });
        if (failure.kind !== "unavailable") throw failure;
        if (present.state === "forbidden") return await work(signal, true);
        if (!alone) throw failure;
        const stoppedMs = present.sessions.since + STOPPING_MS;
        // Where Consul can be asked again others rely on the lock.
        const leftMs = present.state === "yes" ? AGAIN_MS : stoppedMs - performance.now();
        if (leftMs <= 0) return await work(signal, true);
        const changed = new AbortController();
        using _watch = present.sessions.watch(() => changed.abort());
        await sleep(leftMs, AbortSignal.any([signal, changed.signal]));
        signal.throwIfAborted();
      }
    }
  }

  return {
    async run(id, work, options) {
      const { before, leave } = enter(id);
      touch(id);
      try {
        await abandonable(before, options.signal);
        return await locked(id, work, options);
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
        has: (id) => touched.has(id),
        beganMs: nowMs,
        [Symbol.dispose]: () => void watches.delete(watch),
      };
      watches.set(watch, touched);
      return watch;
    },
    async runUntouched(ids, work, { since, signal }) {
      const turns = new Map(
        ids.filter((id) => !since.has(id) && !queues.has(id)).map((id) => [id, enter(id)]),
      );
      const leave = (id: string) => {
        turns.get(id)?.leave();
        turns.delete(id);
      };
      const leftOut = new Set(ids);
      const runAll = async (ids: Iterable<string>, signal: AbortSignal) => {
        const works = [...ids].map(async (id) => {
          touch(id, since);
          leftOut.delete(id);
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
        if (turns.size === 0) return leftOut;
        const present = locks();
        if (!present || present.state === "forbidden") {
          await runAll(turns.keys(), signal);
          return leftOut;
        }
        const byName = new Map([...turns.keys()].map((id) => [lockName(id), id]));
        await present.holdMany([...byName.keys()], async (names, signal) => {
          const isOld = performance.now() - since.beganMs > WATCH_MS_MAX;
          const held = [...byName].filter(([name]) => names.has(name) && !isOld).map(([, id]) =>
            id
          );
          for (const id of [...turns.keys()]) if (!held.includes(id)) leave(id);
          await runAll(held, signal);
        }, { signal });
        return leftOut;
      } finally {
        for (const id of [...turns.keys()]) leave(id);
      }
    },
  };
}

/** Two groups that share one only wait for each other. A key in Consul has 512 bytes at most. */
function lockName(id: string): string {
  return `group-${murmur3(id).toString(16).padStart(8, "0")}`;
}
