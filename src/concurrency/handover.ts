/** Hands things from one task to another, one at a time, and no faster than they are taken. @module */

/** A way from a task that gives to one that takes. */
export interface Handover<T extends object> {
  /**
   * Gives a thing, and waits until the taker is done with it: until it asks for the next one.
   *
   * @throws what {@linkcode fail} was told
   */
  give(thing: T): Promise<void>;
  /**
   * Takes the next thing; the one before is done with.
   *
   * @returns nothing once there is no more
   * @throws what {@linkcode fail} was told
   */
  take(): Promise<T | undefined>;
  /** There is no more. */
  end(): void;
  /** Both sides fail from now on; only the first call counts. */
  fail(error: unknown): void;
}

/** Creates a handover to which nothing was given. */
export function createHandover<T extends object>(): Handover<T> {
  /** Given, and not taken yet. */
  let offered: { readonly thing: T; readonly done: PromiseWithResolvers<void> } | undefined;
  /** Of the thing that was taken last. */
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
