/** Long work in slices, so that pushes are passed on between them. @module */

import { setImmediate } from "node:timers";

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

/**
 * Long against what a rest costs. Several members that are read at once rest together: a push then
 * waits for a slice of each.
 */
const SLICE_MS = 4;

/** Begins a slice. */
export function createPace(signal: AbortSignal): Pace {
  let began = performance.now();
  return {
    get tired() {
      return performance.now() - began >= SLICE_MS;
    },
    async rest() {
      // A timer of 0 ms is one of 1 ms: a fifth of all time spent idle.
      await new Promise<void>((resolve) => setImmediate(resolve));
      signal.throwIfAborted();
      began = performance.now();
    },
  };
}
