/** Knows when each member is to be read again. Pure state. The clock is a parameter. @module */

import { type BackoffLimits, backoffMs } from "../../concurrency/backoff.ts";
import type { Member } from "../../member.ts";

/** Which members are due. */
export interface Due {
  /**
   * Whether a member is to be read now. So is one of which nothing is known; one that is being read is not.
   */
  isDue(member: Member, nowMs: number): boolean;
  /** How long until the first of some members is due, in ms. `Infinity` if none will be. */
  leftMs(members: Iterable<Member>, nowMs: number): number;
  /** Makes a member due at once. A member that is being read becomes due when the read has ended. */
  now(member: Member): void;
  /** Makes all members due at once. */
  all(): void;
  /** Makes a member due by this time, unless it is being read. */
  by(member: Member, atMs: number): void;
  /** Called when a read of a member begins. */
  begins(member: Member): void;
  /** Called when a member was read. It is due at this time. */
  wasRead(member: Member, atMs: number): void;
  /** Called when a member could not be read. It is tried again later and later. */
  hasFailed(member: Member, nowMs: number): void;
  /** Called when what a member waits for has not happened. The member is looked at again later and later. */
  waits(member: Member, nowMs: number): void;
  /** Called when a member no longer waits for anything. */
  waitsNoMore(member: Member): void;
  forget(member: Member): void;
}

const AGAIN: BackoffLimits = { firstMs: 1_000, maxMs: 30_000 };

/** Creates the schedule, with every member due. */
export function createDue(random: () => number): Due {
  const dueAt = new Map<Member, number>();
  const reading = new Set<Member>();
  /** Members that have become due since their current read began. */
  const again = new Set<Member>();
  const failures = new Map<Member, number>();
  const looks = new Map<Member, number>();
  /** Members that will be looked at again. Until then nothing new is known of what they wait for. */
  const waiting = new Set<Member>();

  function ended(member: Member, atMs: number): void {
    reading.delete(member);
    if (again.delete(member)) dueAt.delete(member);
    else dueAt.set(member, atMs);
  }

  function later(counts: Map<Member, number>, member: Member, nowMs: number): number {
    const count = (counts.get(member) ?? 0) + 1;
    counts.set(member, count);
    return nowMs + backoffMs(count, AGAIN, random);
  }

  function now(member: Member): void {
    dueAt.delete(member);
    if (reading.has(member)) again.add(member);
  }

  return {
    isDue: (member, nowMs) => !reading.has(member) && (dueAt.get(member) ?? -Infinity) <= nowMs,
    leftMs(members, nowMs) {
      const waiting = [...members].filter((member) => !reading.has(member));
      return Math.min(...waiting.map((member) => Math.max(0, (dueAt.get(member) ?? 0) - nowMs)));
    },
    now,
    all() {
      dueAt.clear();
      for (const member of reading) again.add(member);
    },
    by(member, atMs) {
      if (!reading.has(member)) dueAt.set(member, Math.min(dueAt.get(member) ?? -Infinity, atMs));
    },
    begins(member) {
      reading.add(member);
      for (const set of [again, waiting]) set.delete(member);
    },
    wasRead(member, atMs) {
      failures.delete(member);
      ended(member, atMs);
    },
    hasFailed: (member, nowMs) => ended(member, later(failures, member, nowMs)),
    waits(member, nowMs) {
      if (waiting.has(member)) return;
      waiting.add(member);
      dueAt.set(member, later(looks, member, nowMs));
    },
    waitsNoMore: (member) => void looks.delete(member),
    forget(member) {
      for (const known of [dueAt, reading, again, failures, looks, waiting]) known.delete(member);
    },
  };
}
