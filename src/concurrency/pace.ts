/** Long work in slices, so that pushes are passed on between them. @module */

/** Between two pieces of work. */
export interface Pace {
  /** Whether a slice has been worked through; `rest` is due. */
  readonly tired: boolean;
  /**
   * Lets everything else that waits have its turn.
   *
   * @throws the signal's reason once it has aborted
   */
  rest(): Promise<void>;
}

/** Long against what a rest costs. A push waits for a slice of each that works at the same time. */
const SLICE_MS = 4;
/** Half of the shortest timer. */
const IDLE_MS = 0.5;

/**
 * Deno looks for what has arrived from outside when its event loop has nothing to do, or else once in
 * 61 turns: with `setImmediate`, or a timer for each, four that read at once kept pushes and probes
 * waiting for a second. So all rest together, until a moment has passed in which none has worked. It
 * is one for the process, as the event loop is.
 */
let idle: Promise<void> | undefined;
let workedAt = 0;

function untilIdle(): Promise<void> {
  workedAt = performance.now();
  idle ??= (async () => {
    // Once at least: if this ended before it is kept in `idle`, it would stay there, and nobody would
    // ever rest again.
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
