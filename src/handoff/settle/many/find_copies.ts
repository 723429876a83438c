/** Looks whether copies arrived as they were sent. @module */

import { sleep } from "../../../concurrency/backoff.ts";
import type { Member } from "../../../member.ts";
import type { FoundCopies, FoundCopy } from "../../../pushgateway/copies.ts";
import { type GroupContent, holdsContent } from "../../../pushgateway/group_content.ts";
import type { Gateways } from "../../gateways.ts";
import type { Watch } from "../exclusive.ts";
import type { Copy } from "./plan_moves.ts";

/** What was found of one copy. */
export type Finding =
  /** The copy is there, and holds what was sent. `touched`: somebody has had the group's turn since. */
  | {
    readonly kind: "there";
    readonly copy: Copy;
    readonly found: FoundCopy;
    readonly touched: boolean;
  }
  /** The copy is not there as it was sent, and nobody else has had the group's turn. */
  | { readonly kind: "wrong"; readonly copy: Copy; readonly found?: FoundCopy }
  /**
   * Somebody has had the group's turn, and the copy is not there or its member is another process than
   * before: nothing can be said of it.
   */
  | { readonly kind: "unclear"; readonly copy: Copy };

/** What looking for copies needs. */
export interface FindCopiesOptions {
  readonly gateways: Pick<Gateways, "copies" | "contents">;
  /** A watch that began before the copies were made. */
  readonly since: Watch;
  /** When the member's process had started, by the read before the copies were made. */
  readonly started: number | undefined;
  readonly signal: AbortSignal;
}

/**
 * A member that does not check pushes stores them milliseconds after it has acknowledged them, or seconds.
 */
const LOOKS_MAX = 20;
const LOOK_MS = 100;

/**
 * Looks for copies on a member until all are there, or for some seconds.
 *
 * @throws {MemberFailure} if it cannot be read
 * @throws the signal's reason when it aborts
 */
export async function findCopies(
  member: Member,
  copies: readonly Copy[],
  options: FindCopiesOptions,
): Promise<Finding[]> {
  const { gateways, signal } = options;
  const findings: Finding[] = [];
  let left = copies;
  for (let looks = 1; left.length > 0; looks++) {
    const read = await gateways.copies(member, left.map(({ content }) => content), signal);
    const whole = await wholeByJson(member, left, read, options);
    const judged = left.map((copy) => judge(copy, { read, whole }, options));
    const wrong = judged.filter(({ kind }) => kind === "wrong");
    findings.push(...judged.filter(({ kind }) => kind !== "wrong"));
    if (looks >= LOOKS_MAX) findings.push(...wrong);
    left = looks >= LOOKS_MAX ? [] : wrong.map(({ copy }) => copy);
    if (left.length > 0) await sleep(LOOK_MS, signal);
    signal.throwIfAborted();
  }
  return findings;
}

/**
 * Returns those copies which protobuf alone does not show completely, and which are complete by the JSON API.
 */
async function wholeByJson(
  member: Member,
  copies: readonly Copy[],
  { copies: found }: FoundCopies,
  { gateways, signal }: FindCopiesOptions,
): Promise<ReadonlySet<string>> {
  const contents = new Map<string, GroupContent>();
  for (const { id, content } of copies) {
    if (found.get(id)?.isWhole === "unknown") contents.set(id, content);
  }
  if (contents.size === 0) return new Set();
  const readings = await gateways.contents(member, { ids: contents, bytesMax: Infinity }, signal);
  const isThere = ([id, content]: readonly [string, GroupContent]) => {
    const reading = readings.get(id);
    return reading?.kind === "content" && holdsContent(reading.content, content);
  };
  return new Set([...contents].filter(isThere).map(([id]) => id));
}

function judge(
  copy: Copy,
  { read, whole }: { readonly read: FoundCopies; readonly whole: ReadonlySet<string> },
  { since, started }: FindCopiesOptions,
): Finding {
  const { id, content, isOnto } = copy;
  const found = read.copies.get(id);
  const touched = since.has(id);
  if (touched) {
    // The same process has stored all that it has acknowledged: our copy, and then what was pushed later.
    const isSame = started !== undefined && read.started === started;
    return found && isSame ? { kind: "there", copy, found, touched } : { kind: "unclear", copy };
  }
  const isWhole = found?.isWhole === true || whole.has(id);
  const isAlike = found && (found.failureTime > found.pushTime) ===
      (content.failureTime > content.pushTime);
  if (found && isWhole && (isAlike || isOnto)) return { kind: "there", copy, found, touched };
  return { kind: "wrong", copy, ...(found && { found }) };
}
