/** What a request is answered from: one immutable view, swapped as a whole. @module */

import type { Membership } from "../membership/state.ts";
import type { HashRing } from "../ring/hash_ring.ts";

/** The members and the ring at one moment. */
export interface Snapshot {
  readonly membership: Membership;
  readonly ring: HashRing;
}
