/**
 * What one handling of a group (a push, a removal, a move) has done so far: by it a loss is judged.
 *
 * @module
 */

import type { Exclusive } from "../../../src/handoff/settle/exclusive.ts";
import type { PushedAt } from "../../../src/handoff/plan/inventory.ts";
import type { Member } from "../../../src/member.ts";

/** Something that it did, and when it happened on the member. */
export interface Deed {
  readonly kind: "look" | "put" | "removal" | "delivery";
  readonly member: Member;
  readonly step: number;
  /** Of a client's push. */
  readonly method?: "PUT" | "POST" | "DELETE";
  /** When the copy that it saw had been pushed, as far as could be told. */
  readonly pushed?: PushedAt;
}

export type OperationKind = "push" | "stale" | "drain" | "follow-up";

/** One handling of a group, from the beginning of its turn to the end. */
export interface Operation {
  readonly id: string;
  readonly kind: OperationKind;
  /** Nothing else handles the group meanwhile. */
  readonly isLocked: () => boolean;
  readonly deeds: Deed[];
  /** Where its instance knew copies to be when it began. */
  readonly known: ReadonlySet<Member>;
  /** Something else did handle the group meanwhile, for one of them had no lock. */
  disturbed: boolean;
}

/** Knows which operation a call belongs to. */
export interface Operations {
  /** The same turns, followed. */
  exclusive(kind: OperationKind): Exclusive;
  /** By the signal that it was given. */
  bySignal(signal: AbortSignal): Operation | undefined;
  /** The one that handles the group at present, in this process. */
  byGroup(id: string): Operation | undefined;
}

/** Those of all instances that are under way. */
export type RunningOperations = Set<Operation>;

/**
 * Follows the turns.
 *
 * @param options.isLocked whether a signal came with a lock that is still held
 * @param options.holdersOf where copies are known to be
 */
export function followOperations(
  exclusive: Exclusive,
  running: RunningOperations,
  { isLocked, holdersOf }: {
    isLocked: (signal: AbortSignal) => boolean;
    holdersOf: (id: string) => Iterable<Member>;
  },
): Operations {
  const signals = new WeakMap<AbortSignal, Operation>();
  const present = new Map<string, Operation>();
  return {
    exclusive: (kind) => ({
      run: (id, work, options) =>
        exclusive.run(id, async (signal) => {
          const operation: Operation = {
            id,
            kind,
            isLocked: () => isLocked(signal),
            deeds: [],
            known: new Set(holdersOf(id)),
            disturbed: false,
          };
          for (const other of running) {
            if (other.id !== id || (other.isLocked() && operation.isLocked())) continue;
            other.disturbed = operation.disturbed = true;
          }
          running.add(operation);
          const own = AbortSignal.any([signal]);
          signals.set(own, operation);
          present.set(id, operation);
          try {
            return await work(own);
          } finally {
            running.delete(operation);
            if (present.get(id) === operation) present.delete(id);
          }
        }, options),
    }),
    bySignal: (signal) => signals.get(signal),
    byGroup: (id) => present.get(id),
  };
}
