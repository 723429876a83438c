/**
 * Brings one group from a member to its owner: copied, checked, and only then deleted. Never the last
 * copy, never one that has changed meanwhile. Callers see to it that nothing else handles the group.
 *
 * @module
 */

import type { Member } from "../member.ts";
import { type GroupContent, sameContent } from "../pushgateway/group_content.ts";
import type { PushTimes } from "../pushgateway/push_times.ts";
import type { Gateways } from "./gateways.ts";
import { pushedAt } from "./inventory.ts";

/** Which group, from where to where. */
export interface Move {
  readonly id: string;
  readonly from: Member;
  readonly to: Member;
}

/** How a copy ended. */
export type CopyOutcome =
  /** Both hold it; `content` is what was copied. */
  | { readonly kind: "copied"; readonly content: GroupContent }
  /** The former holder does not hold it any more. */
  | { readonly kind: "gone" }
  /** Somebody pushed to it while it was read. */
  | { readonly kind: "changed" }
  /** It cannot be copied so that nothing is lost. */
  | { readonly kind: "stays"; readonly reason: string };

/** How a move ended. */
export type MoveOutcome =
  /** It was copied and deleted. */
  | { readonly kind: "moved" }
  /** Its owner had a newer copy; the old one was deleted. */
  | { readonly kind: "outdated" }
  | { readonly kind: "gone" }
  /** Somebody pushed to the former holder meanwhile: to be moved again. */
  | { readonly kind: "changed" }
  | { readonly kind: "stays"; readonly reason: string };

/**
 * Copies a group to a member that lacks it or holds an older copy, and reads it back.
 *
 * @throws where a member cannot be read or written; both copies are left then
 */
export async function copyGroup(
  { id, from, to }: Move,
  gateways: Gateways,
  signal: AbortSignal,
): Promise<CopyOutcome> {
  const reading = await gateways.group(from, id, signal);
  if (!reading) return { kind: "gone" };
  if (reading.kind === "unfaithful") return { kind: "stays", reason: reading.reason };
  if (reading.kind === "changed") return { kind: "changed" };
  const { content } = reading;

  const refused = await gateways.put(to, content, signal);
  const copy = await gateways.group(to, id, signal);
  if (refused === undefined && copy?.kind === "content" && sameContent(content, copy.content)) {
    return { kind: "copied", content };
  }
  // What was made of it there is worse than nothing: it would count as the newer one.
  await gateways.remove(to, id, {
    ...(copy?.kind === "content" && { paths: copy.content.deletePaths }),
    signal,
  });
  const reason = refused ?? (copy ? "its copy came out different" : "its copy is not to be found");
  return { kind: "stays", reason: `${to}: ${reason}` };
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
 * @throws where a member cannot be read or written; no copy is lost by that
 */
export async function moveGroup(
  move: Move,
  gateways: Gateways,
  signal: AbortSignal,
): Promise<MoveOutcome> {
  const { id, from, to } = move;
  const [source, target] = await Promise.all([
    gateways.pushTimes(from, signal),
    gateways.pushTimes(to, signal),
  ]);
  const time = source.times.get(id);
  if (time === undefined) return { kind: "gone" };
  if (isOutdated(id, source, target)) {
    const removed = await removeUnchanged({ id, from, time }, gateways, signal);
    return { kind: removed ? "outdated" : "changed" };
  }
  const copied = await copyGroup(move, gateways, signal);
  if (copied.kind !== "copied") return copied;
  const { pushTime, deletePaths } = copied.content;
  const former = { id, from, time: pushTime, paths: deletePaths };
  const removed = await removeUnchanged(former, gateways, signal);
  return { kind: removed ? "moved" : "changed" };
}

/** Whether the owner's copy is the newer one: a drain has to decide, however close the two are. */
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
