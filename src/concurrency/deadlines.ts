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

/** One deadline. A cancelled one is dropped at the next tick, which costs less than finding it at once. */
class SetDeadline implements Deadline {
  readonly tick: number;
  #late: (() => void) | undefined;

  constructor(tick: number, late: () => void) {
    this.tick = tick;
    this.#late = late;
  }

  get isSet(): boolean {
    return this.#late !== undefined;
  }

  clear(): void {
    this.#late = undefined;
  }

  pass(): void {
    const late = this.#late;
    this.clear();
    late?.();
  }
}

/** Creates a set of deadlines; its timer runs only while there are some. */
export function createDeadlines(): Deadlines {
  let all: SetDeadline[] = [];
  let now = 0;
  let timer: ReturnType<typeof setTimeout> | undefined;

  function tick(): void {
    timer = undefined;
    now++;
    // `all` may grow meanwhile, by deadlines that do not pass yet.
    for (const deadline of all) if (deadline.tick <= now) deadline.pass();
    all = all.filter(({ isSet }) => isSet);
    if (all.length > 0) timer ??= setTimeout(tick, TICK_MS);
  }

  return {
    set(ms, late) {
      // The current tick may be about to end, so the first one that counts is the next.
      const deadline = new SetDeadline(now + 1 + Math.ceil(ms / TICK_MS), late);
      all.push(deadline);
      timer ??= setTimeout(tick, TICK_MS);
      return deadline;
    },
    [Symbol.dispose]() {
      for (const deadline of all) deadline.clear();
      clearTimeout(timer);
      timer = undefined;
    },
  };
}
