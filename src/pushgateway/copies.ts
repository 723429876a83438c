/**
 * Checks whether a member holds copies as they were sent, many copies with one read: its `/metrics` in
 * protobuf has every metric with the labels of its group, in the same bytes as the copy.
 *
 * @module
 */

import { cooperate } from "../concurrency/cooperate.ts";
import { lacksInstance, parseGroupId } from "../group/group.ts";
import type { Member } from "../member.ts";
import type { GroupContent } from "./group_join.ts";
import { readPage, type ReadWay } from "./pages/page.ts";
import { createProtobufPage, type FamilyHead, PROTOBUF_ACCEPT } from "./pages/protobuf_page.ts";
import { gaugeValue, keyOfLabels, keyOfMetric, latin1Of } from "./pages/series.ts";

/** A copy as found on the member. */
export interface FoundCopy {
  /** When the copy was pushed, in Unix seconds of the member's clock. */
  readonly pushTime: number;
  /** When the last push failed, in Unix seconds; 0 if none has. */
  readonly failureTime: number;
  /**
   * Whether all metrics of the copy are there as they were sent, and of the same types; `unknown` if it has a
   * family without metrics, which only the JSON API shows.
   */
  readonly isWhole: boolean | "unknown";
}

/** What a member holds of the copies. */
export interface FoundCopies {
  /** The copies by group ID; a group that the member does not hold is absent. */
  readonly copies: ReadonlyMap<string, FoundCopy>;
  /** When the member's process started, in Unix seconds, if it says so. */
  readonly started?: number;
}

/** A copy to find on the member. */
interface Sought {
  readonly id: string;
  pushTime?: number;
  failureTime: number;
  /** How many metrics of the copy have not been found yet. */
  left: number;
  hasBareFamily: boolean;
  hasOtherType: boolean;
}

/** The metrics to find in one family, with one character for each byte, and their copies. */
interface SoughtFamily {
  readonly metrics: Map<string, Sought>;
  /** The types that its copies have, usually one. */
  readonly types: Set<number>;
}

const [PUSH_TIME, FAILURE_TIME] = ["push_time_seconds", "push_failure_time_seconds"];
const START_TIME = "process_start_time_seconds";

/**
 * Reads the page of a member and finds copies on it.
 *
 * @param contents what was sent, as returned by `readGroups`
 * @throws {SendFailure} if the member does not answer
 * @throws {TypeError | SyntaxError} if its answer is not a Pushgateway's
 * @throws the signal's reason when it aborts
 */
export async function readCopies(
  member: Member,
  contents: Iterable<GroupContent>,
  way: ReadWay,
  signal: AbortSignal,
): Promise<FoundCopies> {
  const { sought, families, times } = await cooperate(seek(contents), signal);
  let started: number | undefined;
  let latest: { readonly head: FamilyHead; readonly family: SoughtFamily | undefined } | undefined;
  const page = createProtobufPage({
    metric(bytes, head) {
      if (head.name === START_TIME) started = gaugeValue(bytes);
      if (head.name === PUSH_TIME || head.name === FAILURE_TIME) {
        takeTime(bytes, head.name);
        return;
      }
      if (latest?.head !== head) latest = { head, family: families.get(head.name) };
      const { family } = latest;
      const metric = latin1Of(bytes);
      const one = family?.metrics.get(metric);
      if (!one || !family) return;
      family.metrics.delete(metric);
      one.left--;
      one.hasOtherType ||= family.types.size > 1 || !family.types.has(head.type ?? 0);
    },
  });

  function takeTime(bytes: Uint8Array, name: string): void {
    const one = times.get(keyOfMetric(bytes));
    if (!one) return;
    if (name === PUSH_TIME) one.pushTime = gaugeValue(bytes);
    else one.failureTime = gaugeValue(bytes);
  }

  const { status } = await readPage(member, {
    target: "/metrics",
    accept: PROTOBUF_ACCEPT,
    take: page.take,
  }, { ...way, signal });
  if (status !== 200) throw new TypeError(`expected its /metrics, found status ${status}`);
  page.end();
  const copies = new Map<string, FoundCopy>();
  for (const [id, one] of sought) {
    const { pushTime, failureTime, left, hasBareFamily, hasOtherType } = one;
    if (pushTime === undefined) continue;
    const isWhole = left === 0 && !hasOtherType;
    copies.set(id, {
      pushTime,
      failureTime,
      isWhole: isWhole && hasBareFamily ? "unknown" : isWhole,
    });
  }
  return { copies, ...(started !== undefined && { started }) };
}

/** Contents between two pauses for other work. */
const CONTENTS_A_STEP = 64;

/** Splits contents into metrics. It is a generator because there may be many. */
function* seek(contents: Iterable<GroupContent>): Generator<void, {
  readonly sought: ReadonlyMap<string, Sought>;
  readonly families: ReadonlyMap<string, SoughtFamily>;
  /** By the keys of their push times. */
  readonly times: ReadonlyMap<string, Sought>;
}> {
  const sought = new Map<string, Sought>();
  const families = new Map<string, SoughtFamily>();
  const times = new Map<string, Sought>();
  for (const { id, body } of contents) {
    const one: Sought = { id, failureTime: 0, left: 0, hasBareFamily: false, hasOtherType: false };
    sought.set(id, one);
    times.set(timeKey(id), one);
    let metrics = 0;
    const page = createProtobufPage({
      metric(bytes, { name, type = 0 }) {
        const family = families.get(name) ??
          { metrics: new Map<string, Sought>(), types: new Set() };
        families.set(name, family);
        family.metrics.set(latin1Of(bytes), one);
        family.types.add(type);
        one.left++;
        metrics++;
      },
      familyEnd() {
        one.hasBareFamily ||= metrics === 0;
        metrics = 0;
      },
    });
    page.take(body);
    page.end();
    if (sought.size % CONTENTS_A_STEP === 0) yield;
  }
  return { sought, families, times };
}

/**
 * Returns the key of a group's push time, which has the labels of the group, and an empty `instance` if the
 * group has none.
 */
function timeKey(id: string): string {
  const group = parseGroupId(id);
  const labels: [string, string][] = [["job", group.job], ...group.labels];
  if (lacksInstance(group)) labels.push(["instance", ""]);
  return keyOfLabels(labels);
}
