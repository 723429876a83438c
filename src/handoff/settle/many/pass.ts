/** What all steps of moving many groups share. @module */

import type { Member } from "../../../member.ts";
import type { BringHomeDeps } from "../bring_home.ts";
import type { Watch } from "../exclusive.ts";
import type { Flows } from "./flow.ts";
import type { MoveMemory } from "./memory.ts";

/** What moving many groups needs. */
export interface MoveManyDeps extends BringHomeDeps {
  /** The writes to each member. */
  readonly flows: Flows<Member>;
  readonly memory: MoveMemory;
  /** Unix time in ms. */
  readonly now: () => number;
}

/** One pass over groups of a member. */
export interface Pass {
  readonly from: Member;
  /** A watch that began before any of the groups was read. */
  readonly since: Watch;
  readonly deps: MoveManyDeps;
  /** Whether the reads are not too old, and the watch can still be relied on. */
  isFresh(): boolean;
  /** Whether a group belongs to a member, and no push of it may go to the former one. */
  isAllowed(id: string, to: Member): boolean;
  /** Called when a group cannot be moved without loss, with the reason. */
  stays(id: string, to: Member, reason: string): void;
  readonly signal: AbortSignal;
}
