/** Long work in slices, so that pushes are passed on between them. @module */

/** Decides when long work has to rest. */
export interface Pace {
  /** Whether a slice has been worked through, so that `rest` is due. */
  readonly tired: boolean;
  /**
   * Lets all tasks run that are waiting.
   *
   * @throws the signal's reason if it has aborted
   */
  rest(): Promise<void>;
}

/**
 * Long compared with the cost of a rest. A push waits for a slice of each task that works at the same time.
 */
const SLICE_MS = 4;
/** Half of the shortest timer. */
const IDLE_MS = 0.5;

/**
 * Deno looks for events from outside when its event loop has nothing to do, or otherwise once in 61 turns.
 * With `setImmediate`, or a timer for each task, four tasks that read at once kept pushes and probes waiting
 * for a second. So all tasks rest together, until a moment has passed in which none has worked. The promise
 * is one for the process, as the event loop is.
 */
let idle: Promise<void> | undefined;
let workedAt = 0;

function untilIdle(): Promise<void> {
  workedAt = performance.now();
  idle ??= (async () => {
    // At least once: if this ended before it is kept in `idle`, it would stay there, and no task would ever
    // rest again.
    do {
      await new Promise<void>((resolve) => setTimeout(resolve));
    } while (performance.now() - workedAt < IDLE_MS);
    idle = undefined;
  })();
  return idle;
}

/** Begins a slice. */
export function createPace(signal: AbortSignal): Pace {
  let began = performance.now();
  return {
    get tired() {
      return performance.now() - began >= SLICE_MS;
    },
    async rest() {
      await untilIdle();
      signal.throwIfAborted();
      began = performance.now();
    },
  };
}
