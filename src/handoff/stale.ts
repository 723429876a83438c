/** Deletes copies that are certainly older than another one, after a fresh look at both. @module */

import type { Member } from "../member.ts";
import type { Exclusive } from "./exclusive.ts";
import type { Gateways } from "./gateways.ts";
import { isNewer, type PushedAt, pushedAt, type StaleCopy } from "./inventory.ts";
import type { Misplaced } from "./misplaced.ts";
import { inPool } from "./pool.ts";
import type { HandoffReport } from "./report.ts";

/** What deleting takes. */
export interface StaleDeps {
  readonly exclusive: Exclusive;
  readonly gateways: Gateways;
  readonly misplaced: Misplaced;
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
  { gateways, misplaced, report }: StaleDeps,
  signal: AbortSignal,
): Promise<void> {
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
