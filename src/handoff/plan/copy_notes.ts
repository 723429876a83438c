/**
 * Notes by which one instance tells others of copies of a group: those that it has made and whose source is
 * not deleted yet, and those that it has deleted. A note lies beside the group's lock. The next push of the
 * group deletes a source that is still there first, and does not go to a member whose copy was deleted before
 * it goes to the owner.
 *
 * A note holds until another holder has the group's turn: before that nobody pushes to these copies with the
 * lock. Somebody may do so without it. So nothing is lost by a note that does not hold any more: a source is
 * only deleted where another copy is, and a member whose copy was deleted counts as a holder all the same.
 *
 * @module
 */

import * as z from "zod";
import type { Note } from "../../consul/locks/locks.ts";
import { parseMember } from "../../member.ts";
import type { Whereabouts } from "./whereabouts.ts";

/** Notes of groups. */
export interface CopyNotes {
  /**
   * Takes over the note that the last holder of a group's turn has left. What was known before no longer
   * counts.
   */
  take(id: string, note: string | undefined): void;
  /** Returns the note for the next holder of the turn. */
  leave(id: string): Note | undefined;
}

const member = z.string().transform((text) => parseMember(text));
/**
 * Two groups may share a lock, so a note says which group it is about. Version 1.1.0 knows no deletions: it
 * leaves them out, and reads notes that have some.
 */
const notes = z.object({
  id: z.string(),
  copies: z.array(z.object({ from: member, to: member, started: z.string() })),
  removals: z.array(z.object({ from: member, started: z.string() })).default([]),
});

/** Creates the notes of this instance. */
export function createCopyNotes(
  whereabouts: Pick<
    Whereabouts,
    | "copied"
    | "copiesMade"
    | "forgetCopied"
    | "forgetTold"
    | "found"
    | "isCopied"
    | "removals"
    | "toldRemoved"
  >,
): CopyNotes {
  return {
    take(id, note) {
      whereabouts.forgetCopied(id);
      whereabouts.forgetTold(id);
      const read = note === undefined ? undefined : parse(note);
      if (read?.id !== id) return;
      for (const copy of read.copies) {
        whereabouts.copied(id, copy);
        if (!whereabouts.isCopied(id, copy)) continue; // the member is another process now, without the copy
        for (const member of [copy.from, copy.to]) whereabouts.found(id, member);
      }
      for (const removal of read.removals) whereabouts.toldRemoved(id, removal);
    },
    leave(id) {
      const copies = whereabouts.copiesMade(id).filter(isTold);
      const removals = whereabouts.removals(id).filter(isTold);
      whereabouts.forgetTold(id);
      if (copies.length + removals.length === 0) return undefined;
      return { text: JSON.stringify({ id, copies, removals }), isLoose: copies.length === 0 };
    },
  };
}

/**
 * Whether a copy is noted: if the start of its process is not known, no other instance can tell whether the
 * process is still the same.
 */
function isTold({ started }: { readonly started?: string }): boolean {
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
