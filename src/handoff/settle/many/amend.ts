/** Corrects copies whose source has changed after it was read. @module */

import type { Member } from "../../../member.ts";
import { contentSince, type GroupContent, isPartOf } from "../../../pushgateway/group_content.ts";
import { keyOfId } from "../../plan/inventory.ts";
import type { Rings } from "../../plan/rings.ts";
import type { Exclusive, Watch } from "../exclusive.ts";
import type { Gateways } from "../../gateways.ts";
import type { Whereabouts } from "../../plan/whereabouts.ts";
import { removeSeen, seePushes } from "../move.ts";

/** A copy that differs from its source now. */
export interface WrongCopy {
  readonly id: string;
  readonly from: Member;
  readonly to: Member;
  /** The content that was copied. */
  readonly content: GroupContent;
  /** The push time of the copy, by the clock of its member. Absent if somebody else has pushed to it. */
  readonly time?: number;
}

/** What correcting a copy needs. */
export interface AmendDeps {
  readonly exclusive: Pick<Exclusive, "run" | "runUntouched">;
  /** A watch that began before the source was read. */
  readonly since: Watch;
  readonly gateways: Gateways;
  readonly whereabouts: Pick<Whereabouts, "removed">;
  readonly rings: Pick<Rings, "isUsed">;
}

/**
 * Deletes the copy, which counts as newer than its source and is older. If somebody has pushed to the copy
 * since, here or through another instance, adds what is new in the source instead.
 *
 * @returns whether the copy is gone
 * @throws {MemberFailure} if a member cannot be read or written
 * @throws {LockFailure} if no locks are available
 * @throws the signal's reason when it aborts
 */
export async function amendCopy(
  { id, from, to, content, time }: WrongCopy,
  { exclusive, since, gateways, whereabouts, rings }: AmendDeps,
  signal: AbortSignal,
): Promise<boolean> {
  let isGone = false;
  if (time !== undefined) {
    await exclusive.runUntouched([id], async (id, signal) => {
      // Instances that push without locks may have pushed to it, which leaves no trace.
      if (rings.isUsed(from, keyOfId(id))) return;
      await seePushes([to], gateways, signal);
      const there = await gateways.group(to, id, signal);
      if (there?.kind !== "content" || there.content.pushTime !== time) return;
      if (!isPartOf(there.content, content)) return;
      await removeSeen({ id, from: to }, gateways, signal);
      // Otherwise a push would go to the deleted copy, as to the newest one.
      whereabouts.removed(id, to);
      isGone = true;
      // With a trace: an instance that has read both copies before would delete the source as the older one.
    }, { since, leavesTraces: true, signal });
    if (isGone) return true;
  }
  await exclusive.run(id, async (signal) => {
    await seePushes([from, to], gateways, signal);
    const [source, target] = await Promise.all([
      gateways.group(from, id, signal),
      gateways.group(to, id, signal),
    ]);
    if (source?.kind !== "content" || target?.kind !== "content") return;
    const missing = contentSince(source.content, { before: content, there: target.content });
    if (missing) await gateways.merge(to, missing, signal);
  }, { signal, alone: false });
  return false;
}
