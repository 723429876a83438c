/** Turns within this process: one at a time for each name, first come, first served. @module */

export interface Turns {
  /**
   * Waits for a turn; disposal ends it.
   *
   * @throws the signal's reason when it aborts first
   */
  take(name: string, signal: AbortSignal): Promise<Disposable>;
  /** Takes a turn only where that needs no wait. */
  tryTake(name: string): Disposable | undefined;
}

/** Makes turns that nobody has. */
export function createTurns(): Turns {
  /** Who waits for each name; a name that nobody has is not in here. */
  const queues = new Map<string, (() => void)[]>();

  function turn(name: string, queue: (() => void)[]): Disposable {
    queues.set(name, queue);
    return {
      [Symbol.dispose]() {
        const next = queue.shift();
        if (next) next();
        else queues.delete(name);
      },
    };
  }

  return {
    tryTake(name) {
      return queues.has(name) ? undefined : turn(name, []);
    },
    async take(name, signal) {
      signal.throwIfAborted();
      const queue = queues.get(name);
      if (!queue) return turn(name, []);
      await new Promise<void>((resolve, reject) => {
        const go = () => {
          signal.removeEventListener("abort", leave);
          resolve();
        };
        const leave = () => {
          queue.splice(queue.indexOf(go), 1);
          reject(signal.reason);
        };
        signal.addEventListener("abort", leave, { once: true });
        queue.push(go);
      });
      return turn(name, queue);
    },
  };
}
