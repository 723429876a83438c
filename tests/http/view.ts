/** Snapshots for the tests of answers, made of short member names. @module */

import type { Snapshot } from "../../src/http/snapshot.ts";
import { HashRing } from "../../src/ring/hash_ring.ts";
import { consulPolicy, tell } from "../membership/story.ts";

/** The snapshot after some membership events, with the ring that they ask for. */
export function view(...events: string[]): Snapshot {
  const membership = tell(events, consulPolicy());
  return { membership, ring: HashRing.of(membership.ring) };
}

/** One member, `a:9091`, which owns everything. */
export const ONE_ACTIVE = view("list a", "a ok");
/** Before anything is known. */
export const UNKNOWN = view();
