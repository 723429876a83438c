/** Hands things from one task to another, one at a time, and no faster than they are taken. @module */

/** A channel from a task that gives to a task that takes. */
export interface Handover<T extends object> {
  /**
   * Gives a thing, and waits until the taker has finished with it, that is, until it asks for the next one.
   *
   * @throws the error that was passed to {@linkcode fail}
   */
  give(thing: T): Promise<void>;
  /**
   * Takes the next thing, and finishes with the one before.
   *
   * @returns nothing when there are no more
   * @throws the error that was passed to {@linkcode fail}
   */
  take(): Promise<T | undefined>;
  /** Called when there are no more things. */
  end(): void;
  /** Makes both sides fail from now on. Only the first call counts. */
  fail(error: unknown): void;
}

/** Creates a handover, with nothing given. */
export function createHandover<T extends object>(): Handover<T> {
  /** The thing that was given and not taken yet. */
  let offered: { readonly thing: T; readonly done: PromiseWithResolvers<void> } | undefined;
  /** For the thing that was taken last. */
  let lent: PromiseWithResolvers<void> | undefined;
  let waiting: PromiseWithResolvers<T | undefined> | undefined;
  let isOver = false;
  let failure: { readonly error: unknown } | undefined;

  return {
    give(thing) {
      if (failure) return Promise.reject(failure.error);
      const done = Promise.withResolvers<void>();
      if (waiting) {
        waiting.resolve(thing);
        waiting = undefined;
        lent = done;
      } else offered = { thing, done };
      return done.promise;
    },
    take() {
      lent?.resolve();
      lent = undefined;
      if (failure) return Promise.reject(failure.error);
      if (offered) {
        const { thing, done } = offered;
        offered = undefined;
        lent = done;
        return Promise.resolve(thing);
      }
      if (isOver) return Promise.resolve(undefined);
      waiting = Promise.withResolvers();
      return waiting.promise;
    },
    end() {
      isOver = true;
      waiting?.resolve(undefined);
      waiting = undefined;
    },
    fail(error) {
      if (failure) return;
      failure = { error };
      for (const promise of [offered?.done, lent, waiting]) promise?.reject(error);
      offered = lent = waiting = undefined;
    },
  };
}
