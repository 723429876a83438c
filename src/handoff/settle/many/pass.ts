/** What all steps of moving many groups share. @module */

import type { Member } from "../../../member.ts";
import type { BringHomeDeps } from "../bring_home.ts";
import type { Watch } from "../exclusive.ts";
import type { Flows } from "./flow.ts";
import type { MoveMemory } from "./memory.ts";

/** What moving many needs. */
export interface MoveManyDeps extends BringHomeDeps {
  /** Writes to each member. */
  readonly flows: Flows<Member>;
  readonly memory: MoveMemory;
  /** Unix time in ms. */
  readonly now: () => number;
}

/** One pass over groups of a member. */
export interface Pass {
  readonly from: Member;
  /** Began before any of them was read. */
  readonly since: Watch;
  readonly deps: MoveManyDeps;
  /** Whether what was read is not too old, for as long as the watch can be relied on. */
  isFresh(): boolean;
  /** Whether a group belongs to a member, and nobody pushes it to the former one. */
  isAllowed(id: string, to: Member): boolean;
  /** A group cannot be moved so that nothing is lost; why. */
  stays(id: string, to: Member, reason: string): void;
  readonly signal: AbortSignal;
}
