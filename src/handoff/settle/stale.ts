/**
 * Deletes copies that are certainly older than another one, after a fresh look at both. Where the
 * older one lies on the group's owner, the newer is brought there instead, onto it: an instance that
 * did not know of the owner yet may have pushed to a member that lacked the group, so that the newer
 * copy is not the fuller one.
 *
 * @module
 */

import type { Member } from "../../member.ts";
import { inBatches } from "../../concurrency/batches.ts";
import type { Exclusive } from "./exclusive.ts";
import type { Gateways } from "../gateways.ts";
import { isNewer, keyOfId, type PushedAt, pushedAt, type StaleCopy } from "../plan/inventory.ts";
import type { Misplaced } from "../plan/misplaced.ts";
import { moveGroup } from "./move.ts";
import type { HandoffReport } from "../report.ts";

/** What deleting takes. */
export interface StaleDeps {
  readonly exclusive: Exclusive;
  readonly gateways: Gateways;
  readonly misplaced: Misplaced;
  readonly ownerOf: (key: string) => Member | undefined;
  readonly report: HandoffReport;
}

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
  await inBatches(stale, { signal }, async (copy) => {
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

async function removeOne(copy: StaleCopy, deps: StaleDeps, signal: AbortSignal): Promise<void> {
  const { id, member, newer } = copy;
  const { gateways, misplaced, report, ownerOf } = deps;
  if (!await isStale(copy, gateways, signal)) return;
  const key = keyOfId(id);
  const belongs = () => ownerOf(key) === member;
  if (typeof newer !== "number" && belongs()) {
    const others = [...misplaced.holdersOf({ id, key })?.seen.keys() ?? []]
      .filter((other) => other !== member && other !== newer);
    // A copy counts as pushed when it is made: one too close to be judged would seem older then.
    for (const other of others) {
      if (!await isStale({ id, member: other, newer }, gateways, signal)) return;
    }
    const move = { id, from: newer, to: member };
    const { kind } = await moveGroup(move, { gateways, belongs }, signal);
    if (kind === "moved" || kind === "outdated") {
      misplaced.removed(id, newer);
      report.staleRemoved({ id, member, newer });
    }
    // One that cannot be copied is the newer all the same.
    if (kind !== "stays" || !await isStale(copy, gateways, signal)) return;
  }
  await gateways.remove(member, id, { signal });
  misplaced.removed(id, member);
  report.staleRemoved({ id, member, newer });
}

/** Whether what is newer still stands, and is still newer for certain. */
async function isStale(
  { id, member, newer }: StaleCopy,
  gateways: Gateways,
  signal: AbortSignal,
): Promise<boolean> {
  const copyOn = async (member: Member): Promise<PushedAt | undefined> =>
    pushedAt(id, await gateways.pushTimes(member, signal));
  const [old, newest] = await Promise.all([
    copyOn(member),
    typeof newer === "number" ? { min: newer, max: newer } : copyOn(newer),
  ]);
  return old !== undefined && newest !== undefined && isNewer(newest, old);
}
