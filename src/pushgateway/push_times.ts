/**
 * Reads when each group of a member was last pushed, and what else a sweep needs. The text of `/metrics` has
 * it in a third of the bytes of the JSON API, and compressed. But a push can spoil that page, which it cannot
 * do to the API.
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

/** The push times of a member's groups, and its clock. */
export interface PushTimes {
  /**
   * The last successful push of each group, in Unix seconds of the member's clock, by group ID. 0: none has
   * succeeded.
   */
  readonly times: ReadonlyMap<string, number>;
  /**
   * The bounds of how many seconds the member's clock is ahead of ours. Infinite if the member does not say.
   */
  readonly clockAhead: ClockBounds;
  /** The last failed push, in Unix seconds by group ID. Only groups with a failed push. */
  readonly failures: ReadonlyMap<string, number>;
  /** The types of its metric families by name, as `gauge`. Absent if only the JSON API could be read. */
  readonly types?: ReadonlyMap<string, string>;
  /** When its process started, in Unix seconds of its clock, if it says so. */
  readonly started?: number;
}

/**
 * The text page with all names as they are. Later Pushgateways may require the first of these for names in
 * UTF-8. Earlier ones know the second.
 */
export const TEXT_ACCEPT = "text/plain;version=1.0.0;escaping=allow-utf-8," +
  "text/plain;version=0.0.4;escaping=allow-utf-8;q=0.5";

/**
 * Reads the push times of all groups at one moment. Two groups with one ID, one of them with an explicit
 * empty `instance`, count as one with the later time.
 *
 * @param way.known the IDs of the groups of its last reads
 * @throws {SendFailure} if the member does not answer
 * @throws {TypeError | SyntaxError} if its answer does not have all push times. The message does not name the
 *   member.
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
    accept: TEXT_ACCEPT,
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
