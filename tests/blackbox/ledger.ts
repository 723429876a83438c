/** What was pushed, and which pushes were answered 2xx. @module */

import type { Group } from "./groups.ts";

/** A push. */
export interface Push {
  readonly group: Group;
  readonly family: string;
  readonly value: number;
  /** The name of the instance that it went to. */
  readonly instance: string;
  readonly sentUnixMs: number;
}

/** A push that was answered 2xx. */
export interface Acknowledged extends Push {
  readonly answeredUnixMs: number;
}

/** A push that was not. */
export interface Failed extends Push {
  /** A status, or that there was no answer. */
  readonly outcome: number | "connection error" | "no answer in time";
  /** What the answer, or the error, says. */
  readonly why: string;
}

/** How a push ended. */
export type Outcome = Pick<Failed, "outcome" | "why">;

/** The account of all pushes. */
export interface Ledger {
  readonly acknowledged: readonly Acknowledged[];
  readonly failed: readonly Failed[];
  /** Enters a push that has ended. */
  enter(push: Push, outcome: Outcome): void;
  /** Another number, which no push has had yet. */
  nextNumber(): number;
}

/** Opens a ledger without entries. */
export function openLedger(): Ledger {
  const acknowledged: Acknowledged[] = [];
  const failed: Failed[] = [];
  let number = 0;
  return {
    acknowledged,
    failed,
    enter(push, outcome) {
      if (isAcknowledged(outcome)) acknowledged.push({ ...push, answeredUnixMs: Date.now() });
      else failed.push({ ...push, ...outcome });
    },
    nextNumber: () => ++number,
  };
}

/** Whether the client may count on the push. */
export function isAcknowledged({ outcome }: Outcome): boolean {
  return typeof outcome === "number" && outcome >= 200 && outcome < 300;
}
