/** Turns within this process: a few at a time for each name, first come, first served. @module */

export interface Turns {
  /**
   * Waits for a turn. Disposal ends it, once.
   *
   * @throws the signal's reason when it aborts first
   */
  take(name: string, signal: AbortSignal): Promise<Disposable>;
  /** Takes a turn only if that needs no wait. */
  tryTake(name: string): Disposable | undefined;
  /** Returns how many turns are taken of each name, if any. */
  counts(): Map<string, number>;
}

/** The turns that are taken of one name, and those that wait for one. */
interface Place {
  taken: number;
  readonly queue: (() => void)[];
}

/**
 * Creates turns, with none taken.
 *
 * @param options.atOnce returns how many turns of one name may be taken at once, now
 */
export function createTurns(
  { atOnce = () => 1 }: { readonly atOnce?: () => number } = {},
): Turns {
  /** A name without a turn taken is not in here. */
  const places = new Map<string, Place>();

  function enter(name: string): Place {
    const place = places.get(name) ?? { taken: 0, queue: [] };
    places.set(name, place);
    return place;
  }

  function turn(name: string, place: Place): Disposable {
    let over = false;
    return {
      [Symbol.dispose]() {
        if (over) return;
        over = true;
        place.taken--;
        while (place.queue.length > 0 && place.taken < atOnce()) {
          place.taken++;
          place.queue.shift()?.();
        }
        if (place.taken === 0) places.delete(name);
      },
    };
  }

  return {
    tryTake(name) {
      const place = enter(name);
      if (place.taken >= atOnce()) return undefined;
      place.taken++;
      return turn(name, place);
    },
    async take(name, signal) {
      signal.throwIfAborted();
      const place = enter(name);
      if (place.taken < atOnce()) {
        place.taken++;
        return turn(name, place);
      }
      const { queue } = place;
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
      return turn(name, place);
    },
    counts: () => new Map([...places].map(([name, { taken }]) => [name, taken])),
  };
}
