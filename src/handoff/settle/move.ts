/**
 * Brings one group from a member to its owner: copied, checked, and only then deleted. Never the last
 * copy, never one that has changed meanwhile. Callers see to it that nothing else handles the group.
 *
 * @module
 */

import { sleep } from "../../concurrency/backoff.ts";
import type { Member } from "../../member.ts";
import {
  type GroupContent,
  type GroupReading,
  holdsContent,
  sameContent,
} from "../../pushgateway/group_content.ts";
import type { PushTimes } from "../../pushgateway/push_times.ts";
import { type Gateways, MemberFailure } from "../gateways.ts";
import { pushedAt } from "../plan/inventory.ts";

/** Which group, from where to where. */
export interface Move {
  readonly id: string;
  readonly from: Member;
  readonly to: Member;
  /** Others that may hold it. A copy counts as pushed when it is made: it must not outdate theirs. */
  readonly others?: readonly Member[];
}

/** How a copy ended. */
type CopyOutcome =
  /** Both hold it: `content` is what was copied, `copy` what was made of it where nothing was before. */
  | { readonly kind: "copied"; readonly content: GroupContent; readonly copy?: GroupContent }
  /** Somebody pushed to it while it was read. */
  | { readonly kind: "changed" }
  /** It cannot be copied so that nothing is lost. */
  | { readonly kind: "stays"; readonly reason: string };

/** How a move ended. */
export type MoveOutcome =
  /** It was copied and deleted. */
  | { readonly kind: "moved" }
  /** Its owner, or another member, had a newer copy; the old one was deleted. */
  | { readonly kind: "outdated" }
  | { readonly kind: "gone" }
  /** Somebody pushed to the former holder meanwhile, or the ring changed: to be moved again. */
  | { readonly kind: "changed" }
  | { readonly kind: "stays"; readonly reason: string };

/**
 * A Pushgateway deletes after it has answered, and one that checks no push takes it so, too: in turn,
 * milliseconds later, or seconds where it is at its limit.
 */
const QUEUE_TRIES_MAX = 20;
const QUEUE_MS = 100;

/**
 * Copies a group to a member that lacks it or holds an older copy, and reads it back. An older copy is
 * added to, not replaced: another instance may have pushed to a member that lacked the group, so that
 * the newer copy is not the fuller one.
 *
 * @param onto whether the other member holds an older copy
 * @throws where a member cannot be read or written; both copies are left then
 */
async function copyGroup(
  reading: GroupReading,
  { id, to, onto }: Move & { readonly onto: boolean },
  { gateways, signal }: { readonly gateways: Gateways; readonly signal: AbortSignal },
): Promise<CopyOutcome> {
  if (reading.kind === "unfaithful") return { kind: "stays", reason: reading.reason };
  if (reading.kind === "changed") return { kind: "changed" };
  const { content } = reading;

  const refused = await (onto ? gateways.merge : gateways.put)(to, content, signal);
  const isCopy = onto ? holdsContent : sameContent;
  let copy: GroupReading | undefined;
  for (let tries = 0; refused === undefined && tries < QUEUE_TRIES_MAX; tries++) {
    if (tries > 0) await sleep(QUEUE_MS, signal);
    copy = await gateways.group(to, id, signal);
    if (copy?.kind !== "content" || !isCopy(copy.content, content)) continue;
    return { kind: "copied", content, ...(!onto && { copy: copy.content }) };
  }
  if (!onto) {
    // What was made of it there is worse than nothing: it would count as the newer one.
    const paths = copy?.kind === "content" ? copy.content.deletePaths : undefined;
    await removeSeen({ id, from: to, ...(paths && { paths }) }, gateways, signal);
  }
  const reason = refused ?? (copy ? "its copy came out different" : "its copy is not to be found");
  return { kind: "stays", reason: `${to}: ${reason}` };
}

/**
 * Deletes a copy that counts as newer than another one, and waits until it is gone: a Pushgateway
 * deletes after it has answered, and as long as this copy is seen the other one seems to be stale.
 *
 * @throws {MemberFailure} where it is still there after a while
 */
async function removeSeen(
  { id, from, paths }: Omit<FormerCopy, "time">,
  gateways: Gateways,
  signal: AbortSignal,
): Promise<void> {
  const before = (await gateways.pushTimes(from, signal)).times.get(id);
  if (before === undefined) return;
  await gateways.remove(from, id, { ...(paths && { paths }), signal });
  for (let tries = 0; tries < QUEUE_TRIES_MAX; tries++) {
    const { times } = await gateways.pushTimes(from, signal);
    if (times.get(id) !== before) return;
    await sleep(QUEUE_MS, signal);
  }
  throw new MemberFailure(`${from}: a group is still there after it was deleted`);
}

/** A copy as it was when it was read. */
export interface FormerCopy {
  readonly id: string;
  readonly from: Member;
  /** Its push time. */
  readonly time: number;
  /** Where it has more than its usual one to delete it by. */
  readonly paths?: readonly string[];
}

/**
 * Deletes a copy unless it has changed since it was read. Between this look and the deletion lies
 * one request: a Pushgateway deletes on no condition.
 *
 * @returns whether it is gone
 */
export async function removeUnchanged(
  { id, from, time, paths }: FormerCopy,
  gateways: Gateways,
  signal: AbortSignal,
): Promise<boolean> {
  const { times } = await gateways.pushTimes(from, signal);
  const found = times.get(id);
  if (found === undefined) return true;
  if (found !== time) return false;
  await gateways.remove(from, id, { ...(paths && { paths }), signal });
  return true;
}

/**
 * Moves a group off a member that is about to leave.
 *
 * @param deps.belongs whether the ring still gives the group to its new member: asked once more when
 *   it has been copied, for a sweep may have missed the copy and found the group in place where it was
 * @throws where a member cannot be read or written; no copy is lost by that
 */
export async function moveGroup(
  move: Move,
  { gateways, belongs }: { readonly gateways: Gateways; readonly belongs: () => boolean },
  signal: AbortSignal,
): Promise<MoveOutcome> {
  const { id, from, to, others = [] } = move;
  const [reading, target, ...further] = await Promise.all([
    gateways.group(from, id, signal),
    gateways.pushTimes(to, signal),
    ...others.map((member) => readable(member, gateways, signal)),
  ]);
  if (!reading) return { kind: "gone" };
  const rivals = [target, ...further].filter((other) => other?.times.has(id));
  if (rivals.length > 0) {
    const source = await gateways.pushTimes(from, signal);
    const time = source.times.get(id);
    if (time === undefined) return { kind: "gone" };
    if (rivals.some((other) => other && isOutdated(id, source, other))) {
      const removed = await removeUnchanged({ id, from, time }, gateways, signal);
      return { kind: removed ? "outdated" : "changed" };
    }
  }
  const onto = target.times.has(id);
  const copied = await copyGroup(reading, { ...move, onto }, { gateways, signal });
  if (copied.kind !== "copied") return copied;
  if (belongs() && await removeUnchanged(formerCopy(from, copied.content), gateways, signal)) {
    return { kind: "moved" };
  }
  if (copied.copy) await takeBack(move, copied.copy, { gateways, signal });
  return { kind: "changed" };
}

/**
 * Deletes a copy that was made and shall not stay, unless it is the last one: it counts as newer than
 * what has been pushed to its source meanwhile.
 */
async function takeBack(
  { id, from, to }: Move,
  copy: GroupContent,
  { gateways, signal }: { readonly gateways: Gateways; readonly signal: AbortSignal },
): Promise<void> {
  const [source, target] = await Promise.all([
    gateways.pushTimes(from, signal),
    gateways.pushTimes(to, signal),
  ]);
  if (!source.times.has(id) || target.times.get(id) !== copy.pushTime) return;
  await removeSeen(formerCopy(to, copy), gateways, signal);
}

function formerCopy(from: Member, { id, pushTime, deletePaths }: GroupContent): FormerCopy {
  return { id, from, time: pushTime, paths: deletePaths };
}

/** One that cannot be read now is left out: the move does not depend on it. */
async function readable(
  member: Member,
  gateways: Gateways,
  signal: AbortSignal,
): Promise<PushTimes | undefined> {
  try {
    return await gateways.pushTimes(member, signal);
  } catch {
    signal.throwIfAborted();
    return undefined;
  }
}

/** Whether another copy is the newer one: a drain has to decide, however close the two are. */
function isOutdated(id: string, source: PushTimes, target: PushTimes): boolean {
  const theirs = likelyPushedAt(id, target);
  return theirs !== undefined && theirs >= (likelyPushedAt(id, source) ?? -Infinity);
}

function likelyPushedAt(id: string, read: PushTimes): number | undefined {
  const pushed = pushedAt(id, read);
  if (!pushed) return undefined;
  const middle = (pushed.min + pushed.max) / 2;
  return Number.isFinite(middle) ? middle : read.times.get(id);
}
