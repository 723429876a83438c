/** One round of sweeps: every member is read, and what is out of place is known then. @module */

import type { Member } from "../../member.ts";
import type { PushTimes } from "../../pushgateway/push_times.ts";
import type { HashRing } from "../../ring/hash_ring.ts";
import { cooperate } from "../../concurrency/cooperate.ts";
import type { Gateways } from "../gateways.ts";
import { type Findings, planSweep } from "../plan/inventory.ts";
import type { Misplaced } from "../plan/misplaced.ts";
import { inPool } from "../../concurrency/pool.ts";
import type { HandoffReport } from "../report.ts";

/** What a round takes. */
export interface RoundDeps {
  readonly gateways: Pick<Gateways, "pushTimes">;
  readonly misplaced: Misplaced;
  readonly ring: () => HashRing;
  readonly report: Pick<HandoffReport, "failed">;
  /** What each member held when it was last read: brought up to date. */
  readonly inventories: Map<Member, PushTimes>;
  /** Groups that were deleted while some member did not answer, and when. */
  readonly deletions?: ReadonlyMap<string, number>;
}

/** What a round has found. */
export interface RoundOutcome {
  readonly swept: ReadonlySet<Member>;
  /** What these hold is as unknown as before: a failed sweep is not an empty member. */
  readonly failed: ReadonlySet<Member>;
  readonly findings: Findings;
}

/** Members that are read at once. */
const AT_ONCE_MAX = 4;

/**
 * Reads members, compares what all hold with the ring, and tells it to pushes.
 *
 * @param members those that answer; what is known of any other is forgotten
 * @throws the signal's reason when it aborts
 */
export async function sweepRound(
  members: readonly Member[],
  { gateways, misplaced, ring, report, inventories, deletions }: RoundDeps,
  signal: AbortSignal,
): Promise<RoundOutcome> {
  for (const member of inventories.keys()) {
    if (!members.includes(member)) inventories.delete(member);
  }
  const round = misplaced.begin();
  using stack = new DisposableStack();
  stack.defer(round.abandon);
  const swept = new Set<Member>();
  const failed = new Set<Member>();
  await inPool(members, { size: AT_ONCE_MAX, signal }, async (member) => {
    try {
      inventories.set(member, await gateways.pushTimes(member, signal));
      swept.add(member);
    } catch (error) {
      signal.throwIfAborted();
      failed.add(member);
      report.failed("sweep", error);
    }
  });
  const findings = await cooperate(planSweep(inventories, ring(), deletions), signal);
  round.end(findings, { swept, failed });
  return { swept, failed, findings };
}
