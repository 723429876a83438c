/**
 * When each group of a member was pushed last, and what else a sweep learns. The text of `/metrics` tells it in a third of the bytes
 * of the JSON API and packed; but a push can spoil that page, and not the API.
 *
 * @module
 */

import { groupId, groupOfLabels } from "../group/group.ts";
import type { Member } from "../member.ts";
import { bothBounds, type ClockBounds } from "./clock.ts";
import { readJsonGroups } from "./pages/json_page.ts";
import { LargeMap } from "../concurrency/large_map.ts";
import { readPage, type ReadWay } from "./pages/page.ts";
import type { KnownIds } from "./pages/known_ids.ts";
import { createPushTimePage } from "./pages/push_time_page.ts";

export { createKnownIds, type KnownIds } from "./pages/known_ids.ts";
export type { ReadWay } from "./pages/page.ts";

/** What a member says of its groups, and of its clock. */
export interface PushTimes {
  /** Unix seconds by the member's own clock, by group ID. 0: none succeeded. */
  readonly times: ReadonlyMap<string, number>;
  /**
   * By how many seconds the member's clock is ahead of ours: the truth lies between. Infinite
   * bounds where the member does not tell.
   */
  readonly clockAhead: ClockBounds;
  /** When a push last failed, Unix seconds by group ID; only of groups where one has. */
  readonly failures: ReadonlyMap<string, number>;
  /** The types of its metric families by name, as `gauge`; absent where only the JSON API told. */
  readonly types?: ReadonlyMap<string, string>;
  /** When its process started, Unix seconds by its own clock, where it tells. */
  readonly started?: number;
}

/** Later Pushgateways may want the first of these for names in UTF-8, earlier ones know the second. */
const TEXT = "text/plain;version=1.0.0;escaping=allow-utf-8," +
  "text/plain;version=0.0.4;escaping=allow-utf-8;q=0.5";

/**
 * Reads the push times of all groups, from one moment. Two groups with one ID, as they are where an
 * explicit empty `instance` is beside none, count as one with the later time.
 *
 * @param way.known the IDs of the groups of its last reads
 * @throws {SendFailure} where the member does not answer
 * @throws {TypeError | SyntaxError} where what it answers is not all of its push times; why, without
 *   the member's name
 * @throws the signal's reason when it aborts
 */
export async function readPushTimes(
  member: Member,
  { known, ...way }: ReadWay & { readonly known?: KnownIds },
  signal: AbortSignal,
): Promise<PushTimes> {
  const page = createPushTimePage(known);
  const { status, clockAhead } = await readPage(member, {
    target: "/metrics",
    accept: TEXT,
    take: page.take,
  }, { ...way, signal });
  if (status === 200 && page.complete) {
    const { times, failures, types, started } = page;
    known?.read(times.size);
    return { times, clockAhead, failures, types, ...(started !== undefined && { started }) };
  }
  const times = new LargeMap<number>();
  const failures = new Map<string, number>();
  const answer = await readJsonGroups(member, ({ labels, pushTime, failureTime }) => {
    const id = groupId(groupOfLabels(labels));
    times.set(id, Math.max(pushTime, times.get(id) ?? 0));
    if (failureTime > 0) failures.set(id, failureTime);
  }, { ...way, signal });
  return { times, clockAhead: bothBounds(clockAhead, answer.clockAhead), failures };
}
