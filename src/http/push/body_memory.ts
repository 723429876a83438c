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

/** The part of one body. A class, because every push opens one (bench/README.md). */
class Part implements BodyPart {
  readonly #all: { taken: number };
  readonly #bytesMax: () => number;
  #own = 0;
  #isOpen = true;

  constructor(all: { taken: number }, bytesMax: () => number) {
    this.#all = all;
    this.#bytesMax = bytesMax;
  }

  grow(bytes: number): boolean {
    // A late part of the body may still arrive, and nobody would give back its memory.
    if (!this.#isOpen || this.#all.taken + bytes > this.#bytesMax()) return false;
    this.#all.taken += bytes;
    this.#own += bytes;
    return true;
  }

  [Symbol.dispose](): void {
    this.#isOpen = false;
    this.#all.taken -= this.#own;
    this.#own = 0;
  }
}

/**
 * Creates the memory of one proxy.
 *
 * @param bytesMax the current bound for all bodies together
 */
export function createBodyMemory(bytesMax: () => number): BodyMemory {
  const all = { taken: 0 };
  return {
    get taken() {
      return all.taken;
    },
    open: () => new Part(all, bytesMax),
  };
}
