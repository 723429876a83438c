/** Rings as one instance sees them, by a clock of the test. @module */

import type { Announcement } from "../../../src/handoff/plan/announced_ring.ts";
import { createRings, type Rings } from "../../../src/handoff/plan/rings.ts";
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

/** The ID of the instance of which the stories are; others are named after their rings. */
export const OWN_ID = "ours";

/** An instance has heard every word there is. */
class HeardAll extends Map<string, number> {
  override get = () => Infinity;
}

/** What an instance announces. It has heard all of all others, unless it is told what it has heard. */
export function announces(
  ring: HashRing,
  since: number,
  { seen = [], own = false, lost = false, version = 1, heard }: {
    readonly seen?: readonly HashRing[];
    readonly own?: boolean;
    readonly lost?: boolean;
    readonly version?: number;
    readonly heard?: Readonly<Record<string, number>>;
  } = {},
): Announcement {
  return {
    id: own ? OWN_ID : `${ring.members}`,
    ring,
    since,
    seen: seen.map(({ hash }) => hash).sort(),
    version,
    from: 1,
    heard: heard ? new Map(Object.entries(heard)) : new HeardAll(),
    isOwn: own,
    isLost: lost,
  };
}

/** Members that somebody may push the key to without its lock. */
export function usedIn(rings: Rings): Member[] {
  return [a, b, c].filter((member) => rings.isUsed(member, KEY));
}
