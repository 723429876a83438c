/**
 * Computes what instances have heard of each other. News may take any time to arrive, so no instance relies
 * on an announcement that some instance has not confirmed. Pure.
 *
 * @module
 */

import type { Announcement } from "./announced_ring.ts";

/**
 * Returns the number of the last announcement of an instance that all other instances have heard.
 *
 * @returns `undefined` if one of them has not heard of the instance at all
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
 * Returns the announcement of the ring that should take precedence: the first one that all instances have
 * heard, or the first one if there is none that all have heard. If two were made at the same time, the order
 * of the argument decides. Announcements of lost instances and of rings without members do not count.
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
 * Returns the instances that have not confirmed the ring that one of them announces. This instance has heard
 * everything that it has read.
 */
export function unheardBy({ id, from }: Announcement, all: readonly Announcement[]): string[] {
  return all.filter((other) =>
    other.id !== id && !other.isLost && !other.isOwn && (other.heard.get(id) ?? 0) < from
  ).map((other) => other.id);
}
