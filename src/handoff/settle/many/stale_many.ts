/**
 * Deletes many copies that are certainly older than another one, after one read of each member, if nothing
 * else has to be done for them.
 *
 * @module
 */

import type { Member } from "../../../member.ts";
import type { HandoffReport } from "../../report.ts";
import type { Gateways } from "../../gateways.ts";
import type { RelationOf } from "../../plan/processes.ts";
import type { Rings } from "../../plan/rings.ts";
import type { Whereabouts } from "../../plan/whereabouts.ts";
import type { Exclusive } from "../exclusive.ts";
import type { Flows } from "./flow.ts";
import { isNewer, keyOfId, pushedAt, type StaleCopy } from "../../plan/inventory.ts";
import { doubtOf } from "../../plan/rivals.ts";
import { inChunks } from "./chunks.ts";

/** What deleting needs. */
export interface StaleDeps {
  readonly exclusive: Exclusive;
  readonly gateways: Gateways;
  readonly whereabouts: Whereabouts;
  readonly rings: Pick<Rings, "isUsed">;
  readonly relationOf: RelationOf;
  /** When groups were deleted while the deletion did not reach some member, Unix seconds of our clock. */
  readonly deletions: ReadonlyMap<string, number>;
  readonly report: HandoffReport;
  /** The writes to each member. */
  readonly flows: Flows<Member>;
}

/** The outcome. */
export interface RemovedMany {
  readonly removed: number;
  /** Copies that need a closer look: the newer copy has to be added to, or has to be moved. */
  readonly closer: readonly StaleCopy[];
}

/** Nothing is deleted on the basis of reads that are older. */
const DELETE_MS_MAX = 40_000;

/**
 * Deletes the copies that can be deleted now. A copy that cannot be deleted is reported, and left to the next
 * sweep.
 *
 * @throws {MemberFailure} if a member cannot be read
 * @throws {LockFailure} if no locks are available
 * @throws the signal's reason when it aborts
 */
export async function removeStaleMany(
  stale: readonly StaleCopy[],
  deps: StaleDeps,
  signal: AbortSignal,
): Promise<RemovedMany> {
  const { exclusive, gateways, whereabouts, rings, report, deletions, flows } = deps;
  using since = exclusive.watch();
  const members = stale.flatMap(({ member, newer }) =>
    typeof newer === "number" ? [member] : [member, newer]
  );
  const readAll = async <T>(read: (member: Member) => Promise<T>) =>
    new Map(
      await Promise.all(
        [...new Set(members)].map(async (member) => [member, await read(member)] as const),
      ),
    );
  const traits = await readAll((member) => gateways.traits(member, signal));
  // The last read. A later push has the turn of its group.
  const times = await readAll((member) => gateways.pushTimes(member, signal));
  const plain: StaleCopy[] = [];
  const closer: StaleCopy[] = [];
  for (const copy of stale) {
    const judged = judge(copy);
    if (judged === "plain") plain.push(copy);
    else if (judged === "closer") closer.push(copy);
  }
  let removed = 0;
  await Promise.all(
    [...Map.groupBy(plain, ({ member }) => member)].map(async ([member, copies]) => {
      const flow = flows(member);
      let isFailing = false;
      const goesOn = () => !isFailing && performance.now() - since.beganMs < DELETE_MS_MAX;
      const options = { exclusive, since, flow, goesOn, signal };
      await inChunks(copies, options, async ({ id, newer }, signal) => {
        if (!goesOn()) return;
        let isGone = false;
        const remove = async () => {
          if (rings.isUsed(member, keyOfId(id))) return;
          await gateways.remove(member, id, signal);
          isGone = true;
        };
        try {
          await flow.run(remove, signal);
          if (!isGone) return;
          removed++;
          whereabouts.removed(id, member);
          report.staleRemoved({ id, member, newer });
        } catch (error) {
          signal.throwIfAborted();
          report.failed("delete", error);
          isFailing = true;
        }
      });
    }),
  );
  return { removed, closer };

  function judge({ id, member, newer }: StaleCopy): "plain" | "closer" | "leave" {
    const key = keyOfId(id);
    const own = times.get(member);
    const old = own && pushedAt(id, own);
    if (!old || rings.isUsed(member, key)) return "leave";
    if (typeof newer === "number") {
      return isNewer({ min: newer, max: newer }, old) ? "plain" : "leave";
    }
    const theirs = times.get(newer);
    const newest = theirs && pushedAt(id, theirs);
    if (!newest || !isNewer(newest, old)) return "leave";
    const deletedAt = deletions.get(id);
    if (deletedAt !== undefined && old.max < deletedAt) return "plain";
    const isPart = [member, newer].some((one) => traits.get(one)?.partial.has(id));
    const isDoubtful = doubtOf(deps.relationOf(member, newer), member, newer) !== undefined;
    return isPart || isDoubtful || whereabouts.ownerOf(key) === member ? "closer" : "plain";
  }
}
