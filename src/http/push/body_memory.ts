/** Memory for the bodies of pushes that are under way: all of them together have an upper bound. @module */

/** The memory of all bodies. */
export interface BodyMemory {
  /** Bytes that are taken. */
  readonly taken: number;
  /** Opens the part of one body, which is empty. */
  open(): BodyPart;
}

/** The memory of one body. Disposal gives it back. */
export interface BodyPart extends Disposable {
  /** Takes more for it, or says that there is none. */
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
      return {
        grow(bytes) {
          if (taken + bytes > bytesMax()) return false;
          taken += bytes;
          own += bytes;
          return true;
        },
        [Symbol.dispose]() {
          taken -= own;
          own = 0;
        },
      };
    },
  };
}
