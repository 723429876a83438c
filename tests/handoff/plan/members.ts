/** Members with short names, and rings of them. @module */

import { type Member, parseMember } from "../../../src/member.ts";
import { HashRing } from "../../../src/ring/hash_ring.ts";

/** Four members. */
export const [a, b, c, d] = ["a", "b", "c", "d"].map((name) => parseMember(name, 9091));

/** A ring of some members, each of weight 1: that of one member gives it every group. */
export function ringOf(...members: readonly Member[]): HashRing {
  return HashRing.of(new Map(members.map((member) => [member, 1])));
}

/** The first of some keys that have these owners by these rings. */
export function keyWith(owners: readonly (readonly [HashRing, Member])[]): string {
  for (let i = 0;; i++) {
    const key = `/metrics/job/job${i}`;
    if (owners.every(([ring, owner]) => ring.ownerOf(key) === owner)) return key;
  }
}
