/** Tells the operator of pushes that members failed, without a line for each push. @module */

import { errorText, type Logger } from "../../log.ts";
import type { Member } from "../../member.ts";
import type { Membership } from "../../membership/membership.ts";
import type { Metrics, UpstreamFailureKind } from "../../metrics/metrics.ts";

/** Takes failures: counts every one, and logs them as often as somebody can read. */
export interface FailureLog {
  tell(member: Member, kind: UpstreamFailureKind, cause: unknown): void;
  /** How many pushes a member has failed. */
  readonly countOf: (member: Member) => number;
  /** Forgets the members that are gone. */
  membershipChanged(membership: Membership): void;
}

/** A line for each member and kind at most this often; the next one says how many there were. */
const QUIET_MS = 10_000;

/** @param now a clock in milliseconds */
export function createFailureLog(
  { log, metrics, now }: { log: Logger; metrics: Metrics; now: () => number },
): FailureLog {
  const told = new Map<Member, Map<UpstreamFailureKind, { atMs: number; unsaid: number }>>();
  const counts = new Map<Member, number>();
  return {
    tell(member, kind, cause) {
      metrics.upstreamFailed(member, kind);
      counts.set(member, (counts.get(member) ?? 0) + 1);
      const ofMember = told.get(member) ?? new Map();
      told.set(member, ofMember);
      const last = ofMember.get(kind);
      if (last && now() - last.atMs < QUIET_MS) {
        last.unsaid++;
        return;
      }
      const since = last?.unsaid ? { unsaidBefore: last.unsaid } : {};
      log.warn("push to a member failed", { member, kind, why: errorText(cause), ...since });
      ofMember.set(kind, { atMs: now(), unsaid: 0 });
    },
    countOf: (member) => counts.get(member) ?? 0,
    membershipChanged({ records }) {
      for (const member of counts.keys()) {
        if (records.has(member)) continue;
        for (const known of [told, counts]) known.delete(member);
      }
    },
  };
}
