/**
 * Many deadlines that share one timer. A timer for each push, and one for its body, cost a sixth of all
 * that passing it on takes (bench/README.md); nearly all of them are cancelled.
 *
 * @module
 */

/** A deadline. It passes at most once each time that it is set. */
export interface Deadline {
  /** Sets it: it passes once `ms` have gone by, and up to 200 ms later. Replaces an earlier time. */
  set(ms: number): void;
  /** Cancels it. Does nothing if it has passed. */
  clear(): void;
}

/** The deadlines of one app. Disposal cancels all of them. */
export interface Deadlines extends Disposable {
  /** Creates a deadline that is not set. It may be set again and again. @param late called as it passes */
  create(late: () => void): Deadline;
  /** Creates a deadline and sets it. */
  set(ms: number, late: () => void): Deadline;
}

const TICK_MS = 100;
const NEVER = Infinity;

/** Puts a deadline on the list of those that are looked at. @returns the tick of a time from now */
type Enlist = (deadline: SharedDeadline, ms: number) => number;

/**
 * One deadline. It stays on the list until the first tick at which it is not set, which costs less than taking
 * it off at once, and nothing at all if it is set again before.
 */
class SharedDeadline implements Deadline {
  /** When it passes. */
  tick = NEVER;
  isListed = false;
  readonly #enlist: Enlist;
  readonly #late: () => void;

  constructor(enlist: Enlist, late: () => void) {
    this.#enlist = enlist;
    this.#late = late;
  }

  set(ms: number): void {
    this.tick = this.#enlist(this, ms);
  }

  clear(): void {
    this.tick = NEVER;
  }

  pass(): void {
    this.clear();
    this.#late();
  }
}

/** Creates a set of deadlines; its timer runs only while there are some. */
export function createDeadlines(): Deadlines {
  let all: SharedDeadline[] = [];
  let now = 0;
  let timer: ReturnType<typeof setTimeout> | undefined;

  function tick(): void {
    timer = undefined;
    now++;
    // `all` may grow meanwhile, by deadlines that do not pass yet.
    try {
      for (const deadline of all) if (deadline.tick <= now) deadline.pass();
    } finally {
      for (const deadline of all) deadline.isListed = deadline.tick !== NEVER;
      all = all.filter(({ isListed }) => isListed);
      if (all.length > 0) timer ??= setTimeout(tick, TICK_MS);
    }
  }

  const enlist: Enlist = (deadline, ms) => {
    if (!deadline.isListed) {
      deadline.isListed = true;
      all.push(deadline);
      timer ??= setTimeout(tick, TICK_MS);
    }
    // The current tick may be about to end, so the first one that counts is the next.
    return now + 1 + Math.ceil(ms / TICK_MS);
  };

  return {
    create: (late) => new SharedDeadline(enlist, late),
    set(ms, late) {
      const deadline = new SharedDeadline(enlist, late);
      deadline.set(ms);
      return deadline;
    },
    [Symbol.dispose]() {
      for (const deadline of all) {
        deadline.clear();
        deadline.isListed = false;
      }
      all = [];
      clearTimeout(timer);
      timer = undefined;
    },
  };
}
