/** A queue: any task puts items in, and one task takes them out in order. @module */

import { createWake } from "./wake.ts";

export interface Inbox<T extends object> {
  put(item: T): void;
  /** Yields what was put in, and waits for more until the signal aborts. */
  take(signal: AbortSignal): AsyncIterable<T>;
}

/** Creates an empty inbox. */
export function createInbox<T extends object>(): Inbox<T> {
  const items: T[] = [];
  const arrived = createWake();
  return {
    put(item) {
      items.push(item);
      arrived.raise();
    },
    async *take(signal) {
      while (!signal.aborted) {
        // One by one, so that the items left when this reader ends go to the next one.
        for (let item = items.shift(); item !== undefined; item = items.shift()) {
          yield item;
          if (signal.aborted) return;
        }
        await arrived.wait(signal);
      }
    },
  };
}
