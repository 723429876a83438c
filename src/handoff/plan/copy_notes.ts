/**
 * Notes by which one instance tells others of a group that it has copied and not yet deleted at the source. A
 * note lies beside the group's lock. The next push of the group deletes the source first.
 *
 * A note holds until another holder has the group's turn: before that nobody pushes to either copy.
 *
 * @module
 */

import { z } from "zod";
import { parseMember } from "../../member.ts";
import type { MadeCopy } from "./made_copies.ts";
import type { Whereabouts } from "./whereabouts.ts";

/** Notes of groups. */
export interface CopyNotes {
  /**
   * Takes over the note that the last holder of a group's turn has left. What was known before no longer
   * counts.
   */
  take(id: string, note: string | undefined): void;
  /** Returns the note for the next holder of the turn. */
  leave(id: string): string | undefined;
}

const member = z.string().transform((text) => parseMember(text));
/** Two groups may share a lock, so a note says which group it is about. */
const notes = z.object({
  id: z.string(),
  copies: z.array(z.object({ from: member, to: member, started: z.string() })),
});

/** Creates the notes of this instance. */
export function createCopyNotes(
  whereabouts: Pick<Whereabouts, "copied" | "copiesMade" | "forgetCopied" | "found" | "isCopied">,
): CopyNotes {
  return {
    take(id, note) {
      whereabouts.forgetCopied(id);
      const read = note === undefined ? undefined : parse(note);
      if (read?.id !== id) return;
      for (const copy of read.copies) {
        whereabouts.copied(id, copy);
        if (!whereabouts.isCopied(id, copy)) continue; // the member is another process now, without the copy
        for (const member of [copy.from, copy.to]) whereabouts.found(id, member);
      }
    },
    leave(id) {
      const copies = whereabouts.copiesMade(id).filter(isTold);
      return copies.length === 0 ? undefined : JSON.stringify({ id, copies });
    },
  };
}

/**
 * Whether a copy is noted: if the start of its process is not known, no other instance can tell whether the
 * copy is still there.
 */
function isTold({ started }: MadeCopy): boolean {
  return started !== undefined;
}

/** Reads a note. A note of another version may have another form: it counts as none. */
function parse(note: string) {
  try {
    return notes.parse(JSON.parse(note));
  } catch {
    return undefined;
  }
}
