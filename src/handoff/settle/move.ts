/**
 * Moves one group from a member to its owner: it is copied, the copy is checked, and only then the source is
 * deleted. The last copy is never deleted, and neither is one that has changed in the meantime. Callers make
 * sure that nothing else handles the group.
 *
 * @module
 */

import { sleep } from "../../concurrency/backoff.ts";
import type { Member } from "../../member.ts";
import {
  contentBeside,
  type GroupContent,
  type GroupReading,
  holdsContent,
  isPartOf,
  markedPartial,
  sameContent,
} from "../../pushgateway/group_content.ts";
import type { PushTimes } from "../../pushgateway/push_times.ts";
import { type Gateways, MemberFailure } from "../gateways.ts";
import type { RelationOf } from "../plan/processes.ts";
import { doubtOf, isOutdated, newestOfRivals } from "../plan/rivals.ts";

/** The group, and the members that it is moved from and to. */
export interface Move {
  readonly id: string;
  readonly from: Member;
  readonly to: Member;
  /**
   * Other members that may hold it. A copy counts as pushed when it is made, so it must not outdate their
   * copies. If one of them cannot be read, the copy is marked as partial.
   */
  readonly others?: readonly Member[];
  /** Whether some member that cannot be read may hold families of the group. */
  readonly partial?: boolean;
}

/** What moving needs. */
export interface MoveDeps {
  readonly gateways: Gateways;
  readonly relationOf: RelationOf;
  /**
   * Whether the ring still gives the group to its new member. It is called again after the group was copied,
   * because a sweep may have missed the copy and found the group in place at its source.
   */
  readonly belongs: () => boolean;
  /** Called before a copy is made on a member: the owner of the group may change in the meantime. */
  readonly places: (member: Member) => void;
  /** Called when a bad copy was deleted from a member. */
  readonly tookBack: (member: Member) => void;
}

/** How a copy ended. */
type CopyOutcome =
  /**
   * Both members hold it. `content` is what was copied; `copy` is the copy, if the member holds nothing else
   * of it.
   */
  | { readonly kind: "copied"; readonly content: GroupContent; readonly copy?: GroupContent }
  /** Somebody pushed to it in the meantime. */
  | { readonly kind: "changed" }
  /** It cannot be copied without loss. */
  | { readonly kind: "stays"; readonly reason: string };

/** How a move ended. */
export type MoveOutcome =
  /** It was copied and deleted. */
  | { readonly kind: "moved" }
  /** The owner, or another member, had a newer copy. The old copy was deleted. */
  | { readonly kind: "outdated" }
  | { readonly kind: "gone" }
  /** Somebody pushed to the source in the meantime, or the ring changed. It is to be moved again. */
  | { readonly kind: "changed" }
  | { readonly kind: "stays"; readonly reason: string };

/**
 * A Pushgateway deletes after it has answered. One that does not check pushes also stores them after it has
 * answered: in order, milliseconds later, or seconds later if it is at its limit.
 */
const QUEUE_TRIES_MAX = 20;
const QUEUE_MS = 100;
/** By this time a Pushgateway that does not check pushes has stored a push. An earlier read may lack it. */
const UNSEEN_MS = 500;

/**
 * Moves a group off a member that is about to leave, or to its owner.
 *
 * @throws if a member cannot be read or written; no copy is lost
 */
export async function moveGroup(
  move: Move,
  { gateways, relationOf, belongs, places, tookBack }: MoveDeps,
  signal: AbortSignal,
): Promise<MoveOutcome> {
  const { id, from, to, others = [] } = move;
  await seePushes([from, to], gateways, signal);
  const [reading, ...times] = await Promise.all([
    gateways.group(from, id, signal),
    gateways.pushTimes(to, signal),
    ...others.map((member) => readable(member, gateways, signal)),
  ]);
  if (!reading) return { kind: "gone" };
  const rivals = [to, ...others].flatMap((member, i) => {
    const read = times[i];
    return read?.times.has(id) ? [{ member, read }] : [];
  });
  for (const { member } of [{ member: to }, ...rivals]) {
    const doubt = doubtOf(relationOf(from, member), from, member);
    if (doubt !== undefined) return { kind: "stays", reason: doubt };
  }
  if (rivals.length > 0) {
    const source = await gateways.pushTimes(from, signal);
    const time = source.times.get(id);
    if (time === undefined) return { kind: "gone" };
    const newer = newestOfRivals(id, rivals.filter(({ read }) => isOutdated(id, source, read)));
    if (newer) {
      const copy = { id, from, time, newer: newer.member };
      return await retire(reading, copy, { gateways, belongs, places, tookBack }, signal);
    }
  }
  const onto = rivals.some(({ member }) => member === to);
  const partial = move.partial || times.includes(undefined);
  const copying = { gateways, places, tookBack, signal };
  const copied = await copyGroup(reading, { ...move, onto, partial }, copying);
  if (copied.kind !== "copied") return copied;
  const former = { id, from, time: copied.content.pushTime };
  if (await removeUnchanged(former, belongs, gateways, signal)) return { kind: "moved" };
  if (copied.copy) {
    await takeBack(move, { copy: copied.copy, source: copied.content }, copying);
  }
  return { kind: "changed" };
}

/**
 * Deletes a copy that is older than another one. If either is marked as partial, content that the newer one
 * lacks is added to it first.
 */
async function retire(
  reading: GroupReading,
  { newer, ...copy }: FormerCopy & { readonly newer: Member },
  { gateways, belongs, places, tookBack }: Omit<MoveDeps, "relationOf">,
  signal: AbortSignal,
): Promise<MoveOutcome> {
  const { id, from } = copy;
  const traits = await Promise.all([newer, from].map((member) => gateways.traits(member, signal)));
  let added = false;
  if (traits.some(({ partial }) => partial.has(id))) {
    const target = await gateways.group(newer, id, signal);
    for (const one of [reading, target]) {
      if (one?.kind === "unfaithful") return { kind: "stays", reason: one.reason };
    }
    if (reading.kind !== "content" || target?.kind !== "content") return { kind: "changed" };
    const missing = contentBeside(target.content, reading.content);
    if (missing) {
      const copied = await copyGroup({ kind: "content", content: missing }, {
        id,
        from,
        to: newer,
        onto: true,
      }, { gateways, places, tookBack, signal });
      if (copied.kind !== "copied") return copied;
      added = true;
    }
  }
  const removed = await removeUnchanged(copy, belongs, gateways, signal);
  if (!removed) return { kind: "changed" };
  return { kind: added ? "moved" : "outdated" };
}

/** What copying needs. */
interface CopyingOptions extends Pick<MoveDeps, "gateways" | "places" | "tookBack"> {
  readonly signal: AbortSignal;
}

/**
 * Copies a group to a member that lacks it or holds an older copy, and reads it back. An older copy is added
 * to and not replaced: another instance may have pushed to a member that lacked the group, so the newer copy
 * need not be the more complete one.
 *
 * @param onto whether the other member holds another copy
 * @throws if a member cannot be read or written; both copies are left
 */
async function copyGroup(
  reading: GroupReading,
  { id, to, partial = false, onto }: Move & { readonly onto: boolean },
  { gateways, places, tookBack, signal }: CopyingOptions,
): Promise<CopyOutcome> {
  if (reading.kind === "unfaithful") return { kind: "stays", reason: reading.reason };
  if (reading.kind === "changed") return { kind: "changed" };
  const content = partial ? markedPartial(reading.content) : reading.content;

  // It is merged even if nothing is there yet, because somebody may push to it at this moment.
  places(to);
  const refused = await gateways.merge(to, content, signal);
  let copy: GroupReading | undefined;
  for (let tries = 0; refused === undefined && tries < QUEUE_TRIES_MAX; tries++) {
    if (tries > 0) await sleep(QUEUE_MS, signal);
    copy = await gateways.group(to, id, signal);
    if (copy?.kind !== "content" || !holdsContent(copy.content, content)) continue;
    const isExact = !onto && sameContent(copy.content, content);
    if (isExact && hasFailed(copy.content) !== hasFailed(content)) continue;
    return { kind: "copied", content, ...(isExact && { copy: copy.content }) };
  }
  if (!onto && copy?.kind === "content") {
    // Somebody has pushed to it in the meantime.
    if (!isPartOf(copy.content, content)) return { kind: "changed" };
    // A bad copy is worse than none, because it would count as the newer one.
    await removeSeen({ id, from: to }, gateways, signal);
    tookBack(to);
  }
  const reason = refused ?? (copy ? "its copy is different" : "its copy cannot be found");
  return { kind: "stays", reason: `${to}: ${reason}` };
}

/** Whether the last push of a group has failed. Alerts depend on it. */
function hasFailed({ failureTime, pushTime }: GroupContent): boolean {
  return failureTime > pushTime;
}

/**
 * Deletes a copy that counts as newer than another one, and waits until it is gone: a Pushgateway deletes
 * after it has answered, and while this copy is seen the other one seems to be stale.
 *
 * @throws {MemberFailure} if it is still there after a while
 */
export async function removeSeen(
  { id, from }: Omit<FormerCopy, "time">,
  gateways: Gateways,
  signal: AbortSignal,
): Promise<void> {
  const before = (await gateways.pushTimes(from, signal)).times.get(id);
  if (before === undefined) return;
  await gateways.remove(from, id, signal);
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
}

/**
 * Deletes a copy unless it has changed since it was read. One request lies between this check and the
 * deletion, because a Pushgateway cannot delete on a condition.
 *
 * @param isAllowed called after the check, because the reason to delete the copy may be out of date by then
 * @returns whether it is gone
 */
export async function removeUnchanged(
  { id, from, time }: FormerCopy,
  isAllowed: () => boolean,
  gateways: Gateways,
  signal: AbortSignal,
): Promise<boolean> {
  const { times } = await gateways.pushTimes(from, signal);
  const found = times.get(id);
  if (found === undefined) return true;
  if (found !== time || !isAllowed()) return false;
  await gateways.remove(from, id, signal);
  return true;
}

/**
 * Deletes a copy whose source was pushed to in the meantime, because the copy counts as newer than that push.
 * If nothing was pushed, the two are alike, and either may stay.
 */
async function takeBack(
  { id, from, to }: Move,
  { copy, source }: { readonly copy: GroupContent; readonly source: GroupContent },
  { gateways, tookBack, signal }: Omit<CopyingOptions, "places">,
): Promise<void> {
  const [former, target] = await Promise.all([
    gateways.pushTimes(from, signal),
    gateways.pushTimes(to, signal),
  ]);
  const time = former.times.get(id);
  if (time === undefined || time === source.pushTime) return;
  if (target.times.get(id) !== copy.pushTime) return;
  await removeSeen({ id, from: to }, gateways, signal);
  tookBack(to);
}

/** Reads the groups of a member, if it can be read now. The move does not depend on it. */
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

/**
 * Waits until pushes that members have acknowledged can be read. A member that does not check pushes shows
 * them later. A push that a read lacks would be deleted, or overwritten with an older value.
 *
 * @throws {MemberFailure} if a member does not answer
 */
export async function seePushes(
  members: readonly Member[],
  gateways: Gateways,
  signal: AbortSignal,
): Promise<void> {
  const check = await Promise.all(members.map((member) => gateways.checksPushes(member, signal)));
  if (!check.includes(false)) return;
  await sleep(UNSEEN_MS, signal);
  signal.throwIfAborted();
}
