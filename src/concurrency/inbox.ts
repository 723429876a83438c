/** What some put in and one task takes out, in order. @module */

import { createWake } from "./wake.ts";

export interface Inbox<T> {
  put(item: T): void;
  /** Yields what was put in, and waits for more until the signal aborts. */
  take(signal: AbortSignal): AsyncIterable<T>;
}

/** Makes an empty one. */
export function createInbox<T>(): Inbox<T> {
  const items: T[] = [];
  const arrived = createWake();
  return {
    put(item) {
      items.push(item);
      arrived.raise();
    },
    async *take(signal) {
      while (!signal.aborted) {
        yield* items.splice(0);
        await arrived.wait(signal);
      }
    },
  };
}
