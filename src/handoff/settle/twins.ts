/**
 * Deletes copies that hold nothing but what the owner's copy holds as well, whichever was pushed first. Such
 * a copy is left if a copy was made and its source was not deleted.
 *
 * @module
 */

import { inBatches } from "../../concurrency/batches.ts";
import { holdsContent } from "../../pushgateway/group_content.ts";
import { keyOfId, type TwinCopy } from "../plan/inventory.ts";
import type { BringHomeDeps } from "./bring_home.ts";
import { doubtOf } from "../plan/rivals.ts";
import { removeUnchanged } from "./move.ts";

/**
 * Deletes twins. A twin that differs from the owner's copy stays until the group is pushed again.
 *
 * @returns how many were deleted
 * @throws the signal's reason when it aborts
 */
export async function removeTwins(
  twins: readonly TwinCopy[],
  deps: BringHomeDeps,
  signal: AbortSignal,
): Promise<number> {
  let removed = 0;
  await inBatches(twins, { signal }, async (twin) => {
    try {
      const work = (signal: AbortSignal) => removeOne(twin, deps, signal);
      if (await deps.exclusive.run(twin.id, work, { signal, alone: false })) removed++;
    } catch (error) {
      signal.throwIfAborted();
      deps.report.failed("delete", error);
    }
  });
  return removed;
}

async function removeOne(
  { id, member, owner }: TwinCopy,
  { gateways, whereabouts, rings, relationOf, report }: BringHomeDeps,
  signal: AbortSignal,
): Promise<boolean> {
  const key = keyOfId(id);
  const isLeftOver = () => whereabouts.ownerOf(key) === owner && !rings.isUsed(member, key);
  if (!isLeftOver()) return false;
  if (doubtOf(relationOf(member, owner), member, owner) !== undefined) return false;
  const [copy, owners] = await Promise.all([
    gateways.group(member, id, signal),
    gateways.group(owner, id, signal),
  ]);
  if (copy?.kind !== "content" || owners?.kind !== "content") return false;
  if (!holdsContent(owners.content, copy.content)) return false;
  const time = copy.content.pushTime;
  if (!await removeUnchanged({ id, from: member, time }, isLeftOver, gateways, signal)) {
    return false;
  }
  whereabouts.removed(id, member);
  report.staleRemoved({ id, member, newer: owner });
  return true;
}
