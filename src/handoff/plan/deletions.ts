/**
 * What was deleted while a member that may hold it did not answer: when that one returns, its copy
 * would be the only one, and so a live one.
 *
 * @module
 */

/** Deletions that some member has not heard of. */
export interface Deletions {
  /** Unix seconds of our clock, by group ID. */
  readonly pending: ReadonlyMap<string, number>;
  /** A group was deleted wherever it could be, at this time. */
  note(id: string, at: number): void;
  /** Every member has been swept, and none had anything of those before this time. */
  settle(before: number): void;
}

/** The oldest are given up: a thousand are deleted by a script, ten thousand by a mistake. */
const PENDING_MAX = 10_000;

/** Makes one that knows of none. */
export function createDeletions(): Deletions {
  const pending = new Map<string, number>();
  return {
    pending,
    note(id, at) {
      pending.delete(id);
      pending.set(id, at);
      const [oldest] = pending.keys();
      if (pending.size > PENDING_MAX) pending.delete(oldest);
    },
    settle(before) {
      for (const [id, at] of pending) if (at < before) pending.delete(id);
    },
  };
}
