/**
 * One at a time for each group: in this process by a queue, among processes by a lock in Consul where
 * there is one.
 *
 * @module
 */

import { LockFailure, type Locks } from "../../consul/locks/locks.ts";
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
/** A process that died frees its locks within 20 s: Consul ends its session late, and then waits. */
const OTHERS_MS_MAX = 30_000;

/**
 * Creates the turns of groups.
 *
 * @param locks those of the present configuration; `undefined`: this process is the only one
 */
export function createExclusive(locks: () => Locks | undefined): Exclusive {
  const queues = new Map<string, { tail: Promise<unknown>; waiting: number }>();

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
        return await present.hold(lockName(id), remember, { waitMs: OTHERS_MS_MAX, signal });
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
      const queue = queues.get(id) ?? { tail: Promise.resolve(), waiting: 0 };
      if (queue.waiting >= WAITING_MAX) {
        throw new TurnFailure(`${queue.waiting} others wait to handle the same group`);
      }
      queues.set(id, queue);
      queue.waiting++;
      const before = queue.tail;
      const turn = Promise.withResolvers<void>();
      queue.tail = before.then(() => turn.promise);
      try {
        await abandonable(before, options.signal);
        return await locked(id, work, options);
      } finally {
        turn.resolve();
        if (--queue.waiting === 0) queues.delete(id);
      }
    },
  };
}

/** Two groups that share one only wait for each other. A key in Consul has 512 bytes at most. */
function lockName(id: string): string {
  return `group-${murmur3(id).toString(16).padStart(8, "0")}`;
}
