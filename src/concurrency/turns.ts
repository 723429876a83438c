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
  readonly name: string;
  taken: number;
  readonly queue: (() => void)[];
}

/** A turn that is taken. */
class Turn implements Disposable {
  readonly #place: Place;
  readonly #onOver: (place: Place) => void;
  #isOver = false;

  constructor(place: Place, onOver: (place: Place) => void) {
    this.#place = place;
    this.#onOver = onOver;
  }

  [Symbol.dispose](): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#onOver(this.#place);
  }
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
    let place = places.get(name);
    if (!place) {
      place = { name, taken: 0, queue: [] };
      places.set(name, place);
    }
    return place;
  }

  function leave(place: Place): void {
    place.taken--;
    while (place.queue.length > 0 && place.taken < atOnce()) {
      place.taken++;
      place.queue.shift()?.();
    }
    if (place.taken === 0) places.delete(place.name);
  }

  return {
    tryTake(name) {
      const place = enter(name);
      if (place.taken >= atOnce()) return undefined;
      place.taken++;
      return new Turn(place, leave);
    },
    async take(name, signal) {
      signal.throwIfAborted();
      const place = enter(name);
      if (place.taken < atOnce()) {
        place.taken++;
        return new Turn(place, leave);
      }
      const { queue } = place;
      await new Promise<void>((resolve, reject) => {
        const go = () => {
          signal.removeEventListener("abort", giveUp);
          resolve();
        };
        const giveUp = () => {
          queue.splice(queue.indexOf(go), 1);
          reject(signal.reason);
        };
        signal.addEventListener("abort", giveUp, { once: true });
        queue.push(go);
      });
      return new Turn(place, leave);
    },
    counts: () => new Map([...places].map(([name, { taken }]) => [name, taken])),
  };
}
