/**
 * Notes that this process has left without the keys of their locks. As long as they are few, they stay until
 * they are deleted as traces are. If many are left in a short time, only the last ones stay: whoever waits for
 * a lock finds its note, and a list of all keys does not get long.
 *
 * @module
 */

import { createWake } from "../../concurrency/wake.ts";
import type { ConsulClient, FreeKey } from "../client.ts";

/** Loose notes of this process. */
export interface LooseNotes {
  /** Called when notes were left. */
  left(notes: readonly FreeKey[]): void;
  /** Deletes the oldest notes while there are too many, until the signal aborts. */
  run(signal: AbortSignal): Promise<void>;
}

/** Options of loose notes. */
export interface LooseNotesOptions {
  /** How many stay: 10,000 by default. */
  readonly max?: number;
}

/**
 * Each instance lists all keys of locks twice a minute. A list of 10,000 takes a tenth of a second, one of
 * 80,000 half a second.
 */
const LOOSE_MAX = 10_000;

/** Creates the record, without any note. */
export function createLooseNotes(
  consul: Pick<ConsulClient, "deleteUnchanged">,
  { max = LOOSE_MAX }: LooseNotesOptions = {},
): LooseNotes {
  /** The oldest first. Some may have been taken in the meantime: then deleting them does nothing. */
  let notes: FreeKey[] = [];
  const wake = createWake();

  return {
    left(some) {
      notes.push(...some);
      if (notes.length > max) wake.raise();
    },
    async run(signal) {
      while (!signal.aborted) {
        const oldest = notes.slice(0, Math.max(0, notes.length - max));
        notes = notes.slice(oldest.length);
        if (oldest.length === 0) await wake.wait(signal);
        // A note that is not deleted goes when traces do.
        else await consul.deleteUnchanged(oldest, signal).catch(() => {});
      }
    },
  };
}
