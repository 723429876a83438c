/** Limits how many groups are read at once, by the memory that their contents may take. @module */

/** The memory that moves share. */
export interface MoveMemory {
  /** Takes most of the memory that is left for one move. Disposal gives it back. */
  share(): MemoryShare;
}

/** The memory that one move may take. */
export interface MemoryShare extends Disposable {
  /** In bytes of JSON. A group takes about six times its JSON. */
  readonly jsonBytesMax: number;
}

/** The part of the free memory that one move takes, so that some is left for later ones. */
const PART = 0.75;
/**
 * What groups take while they are read, copied and looked for, as a multiple of their JSON: two to four times
 * as much, and half of that again for garbage (`--heap-growing-percent=50`).
 */
const BYTES_OF_JSON = 6;

/**
 * Creates the memory.
 *
 * @param bytesMax the limit for all moves, now
 */
export function createMoveMemory(bytesMax: () => number): MoveMemory {
  const shares = new Set<number[]>();
  return {
    share() {
      const taken = [...shares].reduce((sum, [bytes]) => sum + bytes, 0);
      const share = [Math.max(0, bytesMax() - taken) * PART];
      shares.add(share);
      return {
        jsonBytesMax: share[0] / BYTES_OF_JSON,
        [Symbol.dispose]: () => void shares.delete(share),
      };
    },
  };
}
