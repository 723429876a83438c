/** Logs that pushes to a member fail, and that they work again, without a line for each push. @module */

import { errorText, type Logger } from "../../log.ts";
import { createTroubles } from "../../log/trouble.ts";
import type { Member } from "../../member.ts";
import type { Membership } from "../../membership/membership.ts";
import type { Metrics, UpstreamFailureKind } from "../../metrics/metrics.ts";

/** Records the outcomes of pushes. Each failure is counted by a metric. */
export interface FailureLog {
  tell(member: Member, kind: UpstreamFailureKind, cause: unknown): void;
  /** Records that a push was answered. */
  works(member: Member): void;
  /** Returns how many pushes have failed at a member. */
  readonly countOf: (member: Member) => number;
  /** Forgets members that no longer exist. */
  membershipChanged(membership: Membership): void;
}

/**
 * Creates the log of failed pushes. Each kind of failure of a member is logged once, until pushes to the
 * member work again.
 *
 * @param now a clock in milliseconds
 */
export function createFailureLog(
  { log, metrics, now }: { log: Logger; metrics: Metrics; now: () => number },
): FailureLog {
  const failing = new Set<Member>();
  const troubles = createTroubles(now);
  const counts = new Map<Member, number>();
  return {
    tell(member, kind, cause) {
      metrics.upstreamFailed(member, kind);
      counts.set(member, (counts.get(member) ?? 0) + 1);
      failing.add(member);
      if (!troubles.isNews(member, kind)) return;
      log.warn("push to a member failed", { member, kind, err: errorText(cause) });
    },
    works(member) {
      if (!failing.has(member)) return;
      const past = troubles.over(member);
      if (!past) return;
      failing.delete(member);
      log.info("pushes to a member work again", { member, ...past });
    },
    countOf: (member) => counts.get(member) ?? 0,
    membershipChanged({ records }) {
      for (const member of counts.keys()) {
        if (records.has(member)) continue;
        counts.delete(member);
        failing.delete(member);
        troubles.forget(member);
      }
    },
  };
}
