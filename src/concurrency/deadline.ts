/** A signal that aborts after a time. @module */

import { sleep } from "./backoff.ts";
import { follow } from "./follow.ts";

/** A signal with its timer. Disposal cancels the timer. */
export interface Deadline extends Disposable {
  readonly signal: AbortSignal;
}

/**
 * Creates a signal that aborts after a time, or with another signal if one is given.
 *
 * @example
 * ```ts
 * import { deadline } from "./deadline.ts";
 * import { untilAborted } from "./abort.ts";
 *
 * using late = deadline(10);
 * await untilAborted(late.signal);
 * ```
 */
export function deadline(ms: number, signal?: AbortSignal): Deadline {
  const [late, over] = [new AbortController(), new AbortController()];
  const following = follow(signal ? [signal, late.signal] : [late.signal]);
  void sleep(ms, over.signal).then(() => {
    if (!over.signal.aborted) late.abort(new Error(`not done within ${ms} ms`));
  });
  return {
    signal: following.signal,
    [Symbol.dispose]() {
      over.abort();
      following[Symbol.dispose]();
    },
  };
}
