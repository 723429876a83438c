/**
 * Deletes copies that are certainly older than another one, after a fresh look at both. Where the
 * older one lies on the group's owner, the newer is brought there instead, onto it: an instance that
 * did not know of the owner yet may have pushed to a member that lacked the group, so that the newer
 * copy is not the fuller one.
 *
 * @module
 */

import type { Member } from "../member.ts";
import type { Exclusive } from "./exclusive.ts";
import type { Gateways } from "./gateways.ts";
import { isNewer, keyOfId, type PushedAt, pushedAt, type StaleCopy } from "./inventory.ts";
import type { Misplaced } from "./misplaced.ts";
import { moveGroup } from "./move.ts";
import { inPool } from "./pool.ts";
import type { HandoffReport } from "./report.ts";

/** What deleting takes. */
export interface StaleDeps {
  readonly exclusive: Exclusive;
  readonly gateways: Gateways;
  readonly misplaced: Misplaced;
  readonly ownerOf: (key: string) => Member | undefined;
  readonly report: HandoffReport;
}

/** As many share a read of a member. */
const AT_ONCE_MAX = 64;

/**
 * Deletes stale copies. One that cannot be deleted is told, and left to the next sweep.
 *
 * @throws the signal's reason when it aborts
 */
export async function removeStale(
  stale: readonly StaleCopy[],
  deps: StaleDeps,
  signal: AbortSignal,
): Promise<void> {
  await inPool(stale, { size: AT_ONCE_MAX, signal }, async (copy) => {
    try {
      await deps.exclusive.run(copy.id, (signal) => removeOne(copy, deps, signal), {
        signal,
        alone: false,
      });
    } catch (error) {
      signal.throwIfAborted();
      deps.report.failed("delete", error);
    }
  });
}

async function removeOne(
  { id, member, newer }: StaleCopy,
  { gateways, misplaced, report, ownerOf }: StaleDeps,
  signal: AbortSignal,
): Promise<void> {
  const belongs = () => ownerOf(keyOfId(id)) === member;
  if (typeof newer !== "number" && belongs()) {
    const move = { id, from: newer, to: member };
    const { kind } = await moveGroup(move, { gateways, belongs }, signal);
    if (kind === "moved" || kind === "outdated") {
      misplaced.removed(id, newer);
      report.staleRemoved({ id, member, newer });
    }
    // One that cannot be copied is the newer all the same.
    if (kind !== "stays") return;
  }
  const [old, newest] = await Promise.all([
    gateways.pushTimes(member, signal),
    typeof newer === "number" ? { min: newer, max: newer } : copyOn(newer, id),
  ]);
  const pushed = pushedAt(id, old);
  // What is newer still stands, and is still newer.
  if (!pushed || !newest || !isNewer(newest, pushed)) return;
  await gateways.remove(member, id, { signal });
  misplaced.removed(id, member);
  report.staleRemoved({ id, member, newer });

  async function copyOn(member: Member, id: string): Promise<PushedAt | undefined> {
    return pushedAt(id, await gateways.pushTimes(member, signal));
  }
}
