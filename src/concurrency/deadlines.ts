/**
 * Many deadlines that share one timer. A timer for each push, and one for its body, cost a sixth of all
 * that passing it on takes (bench/README.md); nearly all of them are cancelled.
 *
 * @module
 */

/** A deadline that has been set. */
export interface Deadline {
  /** Cancels the deadline. Does nothing if it has passed. */
  clear(): void;
}

/** The deadlines of one app. Disposal cancels all of them. */
export interface Deadlines extends Disposable {
  /** Calls `late` once `ms` have passed, and up to 200 ms later. */
  set(ms: number, late: () => void): Deadline;
}

const TICK_MS = 100;

/** Creates a set of deadlines; its timer runs only while there are some. */
export function createDeadlines(): Deadlines {
  const pending = new Map<Deadline, { readonly tick: number; readonly late: () => void }>();
  let now = 0;
  let timer: ReturnType<typeof setTimeout> | undefined;

  function tick(): void {
    timer = undefined;
    now++;
    for (const [deadline, { tick, late }] of pending) {
      if (tick > now) continue;
      pending.delete(deadline);
      late();
    }
    if (pending.size > 0) timer ??= setTimeout(tick, TICK_MS);
  }

  return {
    set(ms, late) {
      const deadline: Deadline = { clear: () => void pending.delete(deadline) };
      // The current tick may be about to end, so the first one that counts is the next.
      pending.set(deadline, { tick: now + 1 + Math.ceil(ms / TICK_MS), late });
      timer ??= setTimeout(tick, TICK_MS);
      return deadline;
    },
    [Symbol.dispose]() {
      pending.clear();
      clearTimeout(timer);
      timer = undefined;
    },
  };
}
