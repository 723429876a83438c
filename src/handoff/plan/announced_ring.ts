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
}

/** The same, before its ring is built. */
export interface AnnouncedText extends Omit<AnnouncedRing, "ring"> {
  readonly weights: ReadonlyMap<Member, number>;
}

const announced = z.object({
  members: z.record(z.string(), z.number()),
  since: z.number(),
  seen: z.array(z.number()),
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
 * const text = showAnnounced({ ring: HashRing.of(weights), since: 7, seen: [] });
 * assert.equal(text, '{"members":{"10.0.0.1:9091":2},"since":7,"seen":[]}');
 * assert.deepEqual(readAnnounced(text), { weights, since: 7, seen: [] });
 * ```
 */
export function showAnnounced({ ring: { members, weights }, since, seen }: AnnouncedRing): string {
  const sorted = members.map((member) => [member, weights.get(member)] as const);
  return JSON.stringify({ members: Object.fromEntries(sorted), since, seen });
}

/**
 * Reads such a text.
 *
 * @throws {SyntaxError | z.ZodError | TypeError} where it is none
 */
export function readAnnounced(text: string): AnnouncedText {
  const { members, since, seen } = announced.parse(JSON.parse(text));
  const weights = Object.entries(members).map(([member, weight]) =>
    [parseMember(member), weight] as const
  );
  return { weights: new Map(weights), since, seen };
}
