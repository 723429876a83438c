/**
 * Deletes copies that are certainly older than another one, after both have been read again. If the newer
 * copy is marked as partial, content that it lacks is added to it first. If the older copy lies on the owner
 * of the group, the newer one is moved onto it instead: an instance that did not know of the owner yet may
 * have pushed to a member that lacked the group, so the newer copy need not be the more complete one.
 *
 * @module
 */

import { inBatches } from "../../concurrency/batches.ts";
import type { Member } from "../../member.ts";
import type { Gateways } from "../gateways.ts";
import { isNewer, keyOfId, type PushedAt, pushedAt, type StaleCopy } from "../plan/inventory.ts";
import { removeStaleMany, type StaleDeps } from "./many/stale_many.ts";
import { besides, doubtOf } from "../plan/rivals.ts";
import { noting } from "./bring_home.ts";
import { moveGroup, removeUnchanged } from "./move.ts";

/**
 * Deletes stale copies. A copy that cannot be deleted is reported, and left to the next sweep.
 *
 * @returns how many groups have one copy less
 * @throws the signal's reason when it aborts
 */
export async function removeStale(
  stale: readonly StaleCopy[],
  deps: StaleDeps,
  signal: AbortSignal,
): Promise<number> {
  let removed = 0;
  let closer: readonly StaleCopy[] = [];
  try {
    ({ removed, closer } = await removeStaleMany(stale, deps, signal));
  } catch (error) {
    signal.throwIfAborted();
    deps.report.failed("delete", error);
  }
  await inBatches(closer, { signal }, async (copy) => {
    try {
      const work = (signal: AbortSignal) => removeOne(copy, deps, signal);
      if (await deps.exclusive.run(copy.id, work, { signal, alone: false })) removed++;
    } catch (error) {
      signal.throwIfAborted();
      deps.report.failed("delete", error);
    }
  });
  return removed;
}

/** Deletes a stale copy. Returns whether the group has one copy less now. */
async function removeOne(
  copy: StaleCopy,
  deps: StaleDeps,
  signal: AbortSignal,
): Promise<boolean> {
  const { id, member, newer } = copy;
  const { gateways, whereabouts, rings, report } = deps;
  const isFree = () => !rings.isUsed(member, keyOfId(id));
  if (!isFree()) return false;
  const old = await staleness(copy, gateways, signal);
  if (!old) return false;
  if (typeof newer !== "number" && !wasDeletedSince(id, old.pushed, deps.deletions)) {
    const doubt = doubtOf(deps.relationOf(member, newer), member, newer);
    if (doubt !== undefined) {
      report.staysPut({ id, from: member, to: newer, reason: doubt });
      return false;
    }
    if (whereabouts.ownerOf(keyOfId(id)) === member) {
      const brought = await bringTo(copy, newer, deps, signal);
      if (brought !== "stays") return brought === "moved";
    }
    if (await isPart(copy, newer, gateways, signal)) return await addTo(copy, newer, deps, signal);
  }
  const former = { id, from: member, time: old.time };
  if (!await removeUnchanged(former, isFree, gateways, signal)) return false;
  whereabouts.removed(id, member);
  report.staleRemoved({ id, member, newer });
  return true;
}

/**
 * Whether either copy may be incomplete. If instances see different members, both copies may be pushed to,
 * and the newer one need not be the marked one.
 */
async function isPart(
  { id, member }: StaleCopy,
  newer: Member,
  gateways: Gateways,
  signal: AbortSignal,
): Promise<boolean> {
  const traits = await Promise.all([newer, member].map((one) => gateways.traits(one, signal)));
  return traits.some(({ partial }) => partial.has(id));
}

/** Whether the group was deleted after the copy was pushed: then nothing of it belongs to later pushes. */
function wasDeletedSince(
  id: string,
  old: PushedAt,
  deletions: ReadonlyMap<string, number>,
): boolean {
  const deletedAt = deletions.get(id);
  return deletedAt !== undefined && old.max < deletedAt;
}

/** Moves the newer copy to the owner, which holds the older one, unless the newer one has to stay. */
async function bringTo(
  copy: StaleCopy,
  newer: Member,
  { gateways, whereabouts, rings, relationOf, report }: StaleDeps,
  signal: AbortSignal,
): Promise<"moved" | "stays" | "later"> {
  const { id, member } = copy;
  const key = keyOfId(id);
  if (rings.isUsed(newer, key)) return "later";
  const holders = whereabouts.holdersOf({ id, key });
  const others = [...holders?.seen.keys() ?? []]
    .filter((other) => other !== member && other !== newer);
  // A copy counts as pushed when it is made: another copy that is too close to be judged would seem
  // older.
  for (const other of others) {
    if (!await staleness({ id, member: other, newer }, gateways, signal)) return "later";
  }
  const belongs = () => whereabouts.ownerOf(key) === member && !rings.isUsed(newer, key);
  const move = { id, from: newer, to: member, ...besides(holders, [newer, member]) };
  const moving = { gateways, relationOf, belongs, ...noting(id, whereabouts) };
  const { kind } = await moveGroup(move, moving, signal);
  if (kind === "moved" || kind === "outdated") {
    whereabouts.removed(id, newer);
    report.staleRemoved({ id, member, newer });
    return "moved";
  }
  // A copy that cannot be moved is the newer one nevertheless.
  const stays = kind === "stays" && await staleness(copy, gateways, signal) !== undefined;
  return stays ? "stays" : "later";
}

/**
 * Adds to the newer copy what only the older one has, because one is marked as partial. Then deletes the
 * older one.
 */
async function addTo(
  copy: StaleCopy,
  newer: Member,
  { gateways, whereabouts, rings, relationOf, report }: StaleDeps,
  signal: AbortSignal,
): Promise<boolean> {
  const { id, member } = copy;
  const holders = whereabouts.holdersOf({ id, key: keyOfId(id) });
  const others = [...holders?.seen.keys() ?? []]
    .filter((other) => other !== member && other !== newer);
  // A copy that content is added to counts as pushed then: a copy that is newer than it would seem older.
  for (const other of others) {
    if (!await staleness({ id, member: other, newer: member }, gateways, signal)) return false;
  }
  const move = { id, from: member, to: newer };
  const belongs = () => !rings.isUsed(member, keyOfId(id));
  const deps = { gateways, relationOf, belongs, ...noting(id, whereabouts) };
  const outcome = await moveGroup(move, deps, signal);
  if (outcome.kind === "stays") {
    report.staysPut({ id, from: member, to: newer, reason: outcome.reason });
    return false;
  }
  if (outcome.kind === "changed") return false;
  whereabouts.removed(id, member);
  report.staleRemoved({ id, member, newer });
  return true;
}

/** A copy as it was found. */
interface OldCopy {
  readonly pushed: PushedAt;
  /** Its push time, by the clock of its member. */
  readonly time: number;
}

/** Reads a copy again. Returns it if the newer copy, or the deletion, is still newer for certain. */
async function staleness(
  { id, member, newer }: StaleCopy,
  gateways: Gateways,
  signal: AbortSignal,
): Promise<OldCopy | undefined> {
  const copyOn = async (member: Member): Promise<OldCopy | undefined> => {
    const read = await gateways.pushTimes(member, signal);
    const [time, pushed] = [read.times.get(id), pushedAt(id, read)];
    return time === undefined || !pushed ? undefined : { pushed, time };
  };
  const [old, newest] = await Promise.all([
    copyOn(member),
    typeof newer === "number" ? { pushed: { min: newer, max: newer } } : copyOn(newer),
  ]);
  return old && newest && isNewer(newest.pushed, old.pushed) ? old : undefined;
}
