/** What each instance tells the others of the ring that it goes by. Pure. @module */

import { z } from "zod";
import { type Member, parseMember } from "../../member.ts";
import type { HashRing } from "../../ring/hash_ring.ts";

/** The ring of an instance, and what else decides where it pushes. */
export interface AnnouncedRing {
  readonly ring: HashRing;
  /** Of two rings the one with the lower number was announced first. */
  readonly since: number;
  /**
   * Hashes of the rings that it knows others to go by. A group of which those or its own have another
   * owner it does not push without a lock, and no such push is on its way.
   */
  readonly seen: readonly number[];
  /** The number of this word, higher than those before: another one wherever it says, or knows, more. */
  readonly version: number;
  /** The number of the first word in a row with this ring. */
  readonly from: number;
  /** The last word that it has heard of each other instance. */
  readonly heard: ReadonlyMap<string, number>;
  /** A digest of its configuration. Nothing follows from it; earlier versions do not tell it. */
  readonly config?: string;
}

/** What an instance has announced, as it is read. */
export interface Announcement extends AnnouncedRing {
  /** What names the instance in what others have heard. */
  readonly id: string;
  /** We have. */
  readonly isOwn: boolean;
  /** It was killed, or is out of touch and goes on as it has announced. */
  readonly isLost: boolean;
}

/** The same, before its ring is built. */
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
 * Writes it as text.
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
 * Reads such a text.
 *
 * @throws {SyntaxError | z.ZodError | TypeError} where it is none
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
