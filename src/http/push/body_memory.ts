/** Memory for the bodies of pushes that are under way: all of them together have an upper bound. @module */

/** The memory of all bodies. */
export interface BodyMemory {
  /** Bytes that are taken. */
  readonly taken: number;
  /** Opens the part of one body, which is empty. */
  open(): BodyPart;
}

/** The memory of one body. Disposal gives it back, for good. */
export interface BodyPart extends Disposable {
  /** Takes more for it, or says that there is none, as there is none after disposal. */
  grow(bytes: number): boolean;
}

/**
 * Creates the memory of one proxy.
 *
 * @param bytesMax for all bodies together, now
 */
export function createBodyMemory(bytesMax: () => number): BodyMemory {
  let taken = 0;
  return {
    get taken() {
      return taken;
    },
    open() {
      let own = 0;
      let isOpen = true;
      return {
        grow(bytes) {
          // One that was late may still come, and nobody would give back what it takes then.
          if (!isOpen || taken + bytes > bytesMax()) return false;
          taken += bytes;
          own += bytes;
          return true;
        },
        [Symbol.dispose]() {
          isOpen = false;
          taken -= own;
          own = 0;
        },
      };
    },
  };
}
