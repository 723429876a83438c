/** Memory for the bodies of pushes in progress, with an upper bound for all of them together. @module */

/** The memory of all bodies. */
export interface BodyMemory {
  /** Bytes in use. */
  readonly taken: number;
  /** Opens an empty part, for one body. */
  open(): BodyPart;
}

/** The memory of one body. Disposal gives it back and closes the part. */
export interface BodyPart extends Disposable {
  /**
   * Takes more memory for the body.
   *
   * @returns `false` if there is none, or after disposal
   */
  grow(bytes: number): boolean;
}

/**
 * Creates the memory of one proxy.
 *
 * @param bytesMax the current bound for all bodies together
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
          // A late part of the body may still arrive, and nobody would give back its memory.
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
