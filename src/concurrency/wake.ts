/** A flag that one task waits for and other tasks raise. Raising it twice counts once. @module */

export interface Wake {
  /** Ends the present wait, or the next one if nobody waits. */
  raise(): void;
  /** Waits until raised; returns early, without an error, when the signal aborts. */
  wait(signal: AbortSignal): Promise<void>;
}

/** Creates a flag that is not raised. */
export function createWake(): Wake {
  let raised = Promise.withResolvers<void>();
  return {
    raise: () => raised.resolve(),
    async wait(signal) {
      if (signal.aborted) return;
      const awaited = raised;
      const abort = () => awaited.resolve();
      signal.addEventListener("abort", abort, { once: true });
      await awaited.promise;
      signal.removeEventListener("abort", abort);
      // Another task that waited too, for example one that is about to end, may have replaced it already.
      if (raised === awaited) raised = Promise.withResolvers();
    },
  };
}
