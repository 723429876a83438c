/**
 * Tells membership what the reads of the members mean: which may be admitted, and which are empty. @module
 */

import type { Member } from "../../member.ts";
import type { MemberRecord, Membership, MembershipEvent } from "../../membership/membership.ts";
import type { PushTimes } from "../../pushgateway/push_times.ts";
import type { HashRing } from "../../ring/hash_ring.ts";
import type { StaleCopy } from "../plan/inventory.ts";
import type { Due } from "./due.ts";
import type { LastRead } from "./reader.ts";

/** What judging needs. */
export interface JudgeDeps {
  readonly membership: () => Membership;
  /** Returns the rings by which groups are pushed, here or elsewhere. */
  readonly ringsInUse: () => readonly HashRing[];
  readonly due: Due;
  /** Whether this instance empties a member now, and will ask for a read of it when that has ended. */
  readonly isEmptiedHere: (member: Member) => boolean;
  /** When the state of each member last changed. */
  readonly changedMs: ReadonlyMap<Member, number>;
  readonly tell: (event: MembershipEvent) => void;
  /** A clock in milliseconds. */
  readonly clock: () => number;
}

/** Judges members by what was read. */
export interface Judge {
  /** Called when the reads have been compared with the ring. */
  compared(comparison: Comparison): void;
}

/** A comparison with the ring, and its result. */
export interface Comparison {
  /** What the members that could be read hold. */
  readonly inventories: ReadonlyMap<Member, PushTimes>;
  /** The reads of those members. */
  readonly reads: ReadonlyMap<Member, LastRead>;
  readonly stale: readonly StaleCopy[];
}

/** Delay before a member that is about to be admitted, or to be found empty, is read again. */
const WAITING_MS = 500;
/**
 * Delay before a member that another instance drains is read again. Longer if a read takes long, because it
 * costs the member time.
 */
const DRAINING_MS = { min: 5_000, max: 30_000 };
const DRAINING_READS = 10;
/** A leaving member is empty for good when other instances had this time to learn that it leaves. */
const LEFT_MS_MIN = 2_000;

/** Creates the judge. */
export function createJudge(deps: JudgeDeps): Judge {
  const { due, changedMs, tell, clock } = deps;
  /** Since when members have been leaving and out of all rings in use, by our clock. */
  const leftAt = new Map<Member, number>();

  /** Returns the members that have not been read since another member has come. */
  function notReadSince(comer: Member, { inventories, reads }: Comparison): Member[] {
    const cameMs = changedMs.get(comer) ?? -Infinity;
    const isBehind = (member: Member) => (reads.get(member)?.beganMs ?? -Infinity) < cameMs;
    return [...inventories.keys()].filter(isBehind);
  }

  /** Admits a joining member when no stale copy is left on it. */
  function judgeJoining(member: Member, record: MemberRecord, comparison: Comparison): void {
    // What was pushed to other members in its place shows when they have been read again.
    const behind = notReadSince(member, comparison);
    for (const other of behind) due.now(other);
    // A member that failed a probe since it was read may have come back with other data.
    const isAsRead = comparison.reads.get(member)?.record === record;
    if (isAsRead && behind.length === 0) tell({ kind: "admitted", member });
    else due.by(member, clock() + WAITING_MS);
  }

  function judgeLeaving(
    member: Member,
    record: MemberRecord,
    { inventories, reads }: Comparison,
  ): void {
    const isEmpty = inventories.get(member)?.times.size === 0;
    const since = leftAt.get(member) ?? clock();
    leftAt.set(member, since);
    if (record.state === "draining") {
      const { beganMs = -Infinity, seconds = 0 } = reads.get(member) ?? {};
      const { min, max } = DRAINING_MS;
      const drainingMs = Math.min(max, Math.max(min, DRAINING_READS * seconds * 1_000));
      if (isEmpty) due.by(member, clock() + WAITING_MS);
      else if (!deps.isEmptiedHere(member)) due.by(member, clock() + drainingMs);
      if (isEmpty && beganMs - since >= LEFT_MS_MIN) {
        tell({ kind: "drained", member, empty: true });
      }
    } else if (record.drained && !isEmpty) tell({ kind: "drained", member, empty: false });
  }

  function isLeaving(member: Member, { state, verdict }: MemberRecord): boolean {
    const leaves = state === "draining" || state === "departed";
    const isOut = () => deps.ringsInUse().every(({ weights }) => !weights.has(member));
    return leaves && verdict === "up" && isOut();
  }

  return {
    compared(comparison) {
      const burdened = new Set(comparison.stale.map(({ member }) => member));
      const { records } = deps.membership();
      for (const member of leftAt.keys()) {
        const record = records.get(member);
        if (!record || !isLeaving(member, record)) leftAt.delete(member);
      }
      for (const member of comparison.inventories.keys()) {
        const record = records.get(member);
        if (!record) continue;
        if (isLeaving(member, record)) judgeLeaving(member, record, comparison);
        if (burdened.has(member)) continue;
        due.waitsNoMore(member);
        if (record.state === "joining") judgeJoining(member, record, comparison);
      }
    },
  };
}
