/**
 * The last events of the fleet, and since when and why each member is in its state: what an operator
 * looks for first. It is lost with the process, as the log is not.
 *
 * @module
 */

import type { Member } from "../member.ts";
import type { MemberState } from "./membership.ts";

/** A member has changed its state, or cannot join. */
export interface MemberChange {
  readonly member: Member;
  readonly from: MemberState | "unknown";
  /** The same as `from` where it cannot join. `unknown`: it is known no more. */
  readonly to: MemberState | "unknown";
  readonly why: string;
  /** What it held when it was last read, where it does not answer. */
  readonly groups?: number;
}

/** What has happened. */
export type Happening =
  | (MemberChange & {
    readonly kind: "member";
    /** Groups that its drain has moved, where it was found empty. */
    readonly moved?: number;
  })
  | {
    readonly kind: "ring";
    readonly hash: number;
    readonly members: number;
    readonly added: readonly Member[];
    readonly removed: readonly Member[];
  }
  /** Another number of groups lies on others than their owners. */
  | { readonly kind: "groups"; readonly misplaced: number; readonly groups: number }
  | { readonly kind: "reload"; readonly problems: readonly string[] };

/** A happening with its number, from 1, and its Unix time in milliseconds. */
export type HistoryEvent = Happening & { readonly id: number; readonly atMs: number };

/** Since when a member is in its state, as Unix time in milliseconds, and why. */
export interface StateOrigin {
  readonly sinceMs: number;
  readonly why: string;
}

/** What has happened. */
export interface History {
  /** The last events, the newest first. */
  readonly events: readonly HistoryEvent[];
  add(happening: Happening): void;
  /** Absent for a member that is not known. */
  originOf(member: Member): StateOrigin | undefined;
}

/** Events that are remembered. */
export const EVENTS_MAX = 200;

/**
 * Creates an empty history.
 *
 * @param now Unix time in milliseconds
 */
export function createHistory(now: () => number): History {
  let events: readonly HistoryEvent[] = [];
  let last = 0;
  const origins = new Map<Member, StateOrigin>();

  function keepOrigin({ member, from, to, why }: MemberChange, atMs: number): void {
    const sinceMs = from === to ? origins.get(member)?.sinceMs ?? atMs : atMs;
    if (to === "unknown") origins.delete(member);
    else origins.set(member, { sinceMs, why });
  }

  return {
    get events() {
      return events;
    },
    add(happening) {
      const atMs = now();
      if (happening.kind === "member") keepOrigin(happening, atMs);
      // While groups are moved their number changes all the time: the last one in a row is enough.
      const isNext = happening.kind === "groups" && events[0]?.kind === "groups";
      const before = isNext ? events.slice(1) : events.slice(0, EVENTS_MAX - 1);
      events = [{ ...happening, id: ++last, atMs }, ...before];
    },
    originOf: (member) => origins.get(member),
  };
}
