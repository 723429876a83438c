/** Runs long work in slices, so that pushes are answered in between. @module */

import { createPace } from "./pace.ts";

/**
 * Runs a generator to its end, and lets other tasks run every few milliseconds.
 *
 * @throws the signal's reason when it aborts, and what the generator throws
 */
export async function cooperate<T>(work: Generator<void, T>, signal: AbortSignal): Promise<T> {
  const pace = createPace(signal);
  for (;;) {
    const { done, value } = work.next();
    if (done) return value;
    if (pace.tired) await pace.rest();
  }
}
