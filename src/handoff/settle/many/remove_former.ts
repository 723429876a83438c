/** Deletes the sources of copies, each in its group's turn. @module */

import type { Member } from "../../../member.ts";
import type { PushTimes } from "../../../pushgateway/push_times.ts";
import type { Watch } from "../exclusive.ts";
import { inChunks } from "./chunks.ts";
import type { Pass } from "./pass.ts";

/** The source of a copy, to be deleted. */
export interface Former {
  readonly id: string;
  readonly to: Member;
  /** Its push time, by the clock of its member. */
  readonly time: number;
}

/** The last read of the member, after all copies had been made. */
export interface LastLook {
  /** A watch that began before the read. */
  readonly again: Watch;
  readonly present: PushTimes;
}

/**
 * Deletes the sources that have not changed, and calls back for each.
 *
 * @throws {LockFailure} if no locks are available; the signal's reason when it aborts
 */
export async function removeFormer(
  former: readonly Former[],
  { again, present }: LastLook,
  { from, since, deps, isAllowed, signal }: Pass,
  onRemoved: (one: Former) => void,
): Promise<void> {
  const { exclusive, gateways, whereabouts, report } = deps;
  const flow = deps.flows(from);
  let isFailing = false;
  const goesOn = () => !isFailing;
  const options = { exclusive, since: again, beside: since, flow, goesOn, signal };
  await inChunks(former, options, async (one, signal) => {
    const { id, to, time } = one;
    const there = present.times.get(id);
    if (isFailing || !isAllowed(id, to) || (there !== undefined && there !== time)) return;
    let isGone = there === undefined;
    const remove = async () => {
      if (!isAllowed(id, to)) return;
      await gateways.remove(from, id, signal);
      isGone = true;
    };
    try {
      if (!isGone) await flow.run(remove, signal);
      if (!isGone) return;
      whereabouts.removed(id, from);
      onRemoved(one);
    } catch (error) {
      signal.throwIfAborted();
      report.failed("delete", error);
      isFailing = true;
    }
  });
}
