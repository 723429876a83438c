/** What each instance announces of the ring that it goes by, and its text. Pure. @module */

import * as z from "zod";
import { type Member, parseMember } from "../../member.ts";
import type { HashRing } from "../../ring/hash_ring.ts";

/** The ring of an instance, and what else decides where the instance pushes. */
export interface AnnouncedRing {
  readonly ring: HashRing;
  /** Of two rings, the one with the lower number was announced first. */
  readonly since: number;
  /**
   * Hashes of the rings that the instance knows others to go by. If one of those rings gives a group another
   * owner than its own ring does, the instance does not push the group without a lock, and no such push is on
   * its way.
   */
  readonly seen: readonly number[];
  /**
   * The number of this announcement. It is higher than those before, and changes whenever the instance
   * announces or knows more.
   */
  readonly version: number;
  /** The number of the first announcement in a row with this ring. */
  readonly from: number;
  /** The number of the last announcement that it has heard of each other instance. */
  readonly heard: ReadonlyMap<string, number>;
  /** A digest of its configuration. No decision depends on it. Absent for earlier versions. */
  readonly config?: string;
}

/** An announcement as it was read. */
export interface Announcement extends AnnouncedRing {
  /** The ID of the instance in the `heard` of other instances. */
  readonly id: string;
  /** Whether it is the announcement of this instance. */
  readonly isOwn: boolean;
  /** Whether the instance was killed, or is out of touch and goes on as it has announced. */
  readonly isLost: boolean;
}

/** An announcement whose ring is not built yet. */
export interface AnnouncedText extends Omit<AnnouncedRing, "ring"> {
  readonly weights: ReadonlyMap<Member, number>;
}

const announced = z.object({
  members: z.record(z.string(), z.number()),
  since: z.number(),
  seen: z.array(z.number()),
  version: z.number(),
  from: z.number(),
  heard: z.record(z.string(), z.number()),
  config: z.string().optional(),
});

/**
 * Writes an announcement as text.
 *
 * @example
 * ```ts
 * import { HashRing } from "../../ring/hash_ring.ts";
 * import { parseMember } from "../../member.ts";
 * import { readAnnounced, showAnnounced } from "./announced_ring.ts";
 * import assert from "node:assert/strict";
 *
 * const weights = new Map([[parseMember("10.0.0.1:9091"), 2]]);
 * const said = { since: 7, seen: [], version: 3, from: 2, heard: new Map([["another", 1]]) };
 * const text = showAnnounced({ ring: HashRing.of(weights), ...said });
 * assert.match(text, /"since":7,"seen":\[\],"version":3,"from":2,"heard":\{"another":1\}/);
 * assert.deepEqual(readAnnounced(text), { weights, ...said });
 * ```
 */
export function showAnnounced(
  { ring, since, seen, version, from, heard, config }: AnnouncedRing,
): string {
  const { members, weights } = ring;
  const sorted = members.map((member) => [member, weights.get(member)] as const);
  return JSON.stringify({
    members: Object.fromEntries(sorted),
    since,
    seen,
    version,
    from,
    heard: Object.fromEntries([...heard].sort(([a], [b]) => (a < b ? -1 : 1))),
    config,
  });
}

/**
 * Reads the text of an announcement.
 *
 * @throws {SyntaxError | z.ZodError | TypeError} if it is not one
 */
export function readAnnounced(text: string): AnnouncedText {
  const { members, heard, config, ...said } = announced.parse(JSON.parse(text));
  const weights = Object.entries(members).map(([member, weight]) =>
    [parseMember(member), weight] as const
  );
  return {
    weights: new Map(weights),
    ...said,
    heard: new Map(Object.entries(heard)),
    ...(config !== undefined && { config }),
  };
}
