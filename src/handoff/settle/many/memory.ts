/** How many groups are read at once, by the memory that their contents may take. @module */

/** The memory that moves share. */
export interface MoveMemory {
  /** Takes most of what is left for one move. Disposal gives it back. */
  share(): MemoryShare;
}

/** What one move may take. */
export interface MemoryShare extends Disposable {
  /** Of JSON: a group takes about six times its own. */
  readonly jsonBytesMax: number;
}

/** Others that come in the meantime find something left. */
const PART = 0.75;
/** What groups take while they are read, copied and looked for, as a multiple of their JSON. */
const BYTES_OF_JSON = 6;

/**
 * Creates the memory.
 *
 * @param bytesMax for all moves, now
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
