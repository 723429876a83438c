/** A flag that one task waits for and others raise; raising it twice before the wait counts once. @module */

export interface Wake {
  /** Ends the present wait, or the next one if nobody waits. */
  raise(): void;
  /** Waits until raised; returns early, without an error, when the signal aborts. */
  wait(signal: AbortSignal): Promise<void>;
}

/** Makes a flag that is not raised. */
export function createWake(): Wake {
  let raised = Promise.withResolvers<void>();
  return {
    raise: () => raised.resolve(),
    async wait(signal) {
      if (signal.aborted) return;
      const abort = () => raised.resolve();
      signal.addEventListener("abort", abort, { once: true });
      await raised.promise;
      signal.removeEventListener("abort", abort);
      raised = Promise.withResolvers();
    },
  };
}
