/**
 * What instances have heard of each other. News may take any time to arrive, so nobody relies on a word
 * of which some instance has not told that it has heard it. Pure.
 *
 * @module
 */

import type { Announcement } from "./announced_ring.ts";

/**
 * The last word of an instance that all others have heard.
 *
 * @returns absent where one of them has not heard of it at all
 */
export function heardByAll(id: string, all: readonly Announcement[]): number | undefined {
  let oldest = Infinity;
  for (const other of all) {
    if (other.id === id || other.isLost) continue;
    const version = other.heard.get(id);
    if (version === undefined) return undefined;
    oldest = Math.min(oldest, version);
  }
  return oldest;
}

/**
 * The announcement of the ring that contested groups go by: the first one of which all have heard, or the
 * first one where there is none; in the given order, of two at once. One that is lost does not count,
 * nor does a ring without members.
 */
export function leading(
  all: readonly Announcement[],
): { readonly announcement: Announcement; readonly isHeard: boolean } | undefined {
  let first: { readonly announcement: Announcement; readonly isHeard: boolean } | undefined;
  for (const announcement of all) {
    if (announcement.isLost || announcement.ring.members.length === 0) continue;
    const isHeard = unheardBy(announcement, all).length === 0;
    const isEarlier = first !== undefined && announcement.since < first.announcement.since;
    if (!first || (isHeard === first.isHeard ? isEarlier : isHeard)) {
      first = { announcement, isHeard };
    }
  }
  return first;
}

/**
 * The instances that have not said that they have heard of the ring that one of them announces. Of what
 * we read, we have.
 */
export function unheardBy({ id, from }: Announcement, all: readonly Announcement[]): string[] {
  return all.filter((other) =>
    other.id !== id && !other.isLost && !other.isOwn && (other.heard.get(id) ?? 0) < from
  ).map((other) => other.id);
}
