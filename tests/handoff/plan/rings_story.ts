/** Rings as one instance sees them, by a clock of the test. @module */

import { type Announcement, createRings, type Rings } from "../../../src/handoff/plan/rings.ts";
import type { Member } from "../../../src/member.ts";
import type { HashRing } from "../../../src/ring/hash_ring.ts";
import { a, b, c, ringOf } from "./members.ts";

/** Any key: rings of one member give it all of them. */
export const KEY = "/metrics/job/backup";
/** Rings of one member each, and one of none. */
export const [A, B, C, NONE] = [ringOf(a), ringOf(b), ringOf(c), ringOf()];

/** Rings by a clock that stands until it is told to go on. */
export function createStory(initial = A) {
  let [nowMs, freed] = [0, 0];
  const rings = createRings(initial, { clock: () => nowMs, onAnnounceable: () => freed++ });
  return {
    rings,
    pass: (ms: number) => void (nowMs += ms),
    /** How often it was told that more may be announced. */
    get freed() {
      return freed;
    },
  };
}

/** What an instance announces. */
export function announces(
  ring: HashRing,
  since: number,
  { seen = [], own = false, lost = false }: {
    readonly seen?: readonly HashRing[];
    readonly own?: boolean;
    readonly lost?: boolean;
  } = {},
): Announcement {
  return { ring, since, seen: seen.map(({ hash }) => hash).sort(), isOwn: own, isLost: lost };
}

/** Members that somebody may push the key to without its lock. */
export function usedIn(rings: Rings): Member[] {
  return [a, b, c].filter((member) => rings.isUsed(member, KEY));
}
