/** What every discovery answers: who exists, and who is healthy there. @module */

import type { Member } from "../member.ts";

/** What discovery knows of one member. */
export interface Listing {
  /** All of its checks pass, as discovery sees it. */
  readonly healthy: boolean;
  /** What a check says that does not pass; absent where it is healthy, or nothing is said. */
  readonly complaint?: string;
  /** Its operator has put it into maintenance: it is to leave for now. */
  readonly maintenance?: boolean;
  /** Multiplies the member's points on the ring. */
  readonly weight: number;
  /** Where it is; absent where discovery has no datacenters. */
  readonly datacenter?: string;
  /** What of discovery's own lists it: the nodes of Consul's agents; absent where there is no such. */
  readonly nodes?: readonly string[];
}

/** The listing of a member that is named, and nothing more: probes alone say whether it is healthy. */
export const NAMED: Listing = { healthy: true, weight: 1 };

/** One look-up. A failed one is not an empty set of members. */
export type Observation =
  | {
    readonly kind: "members";
    readonly listings: ReadonlyMap<Member, Listing>;
    /**
     * The nodes that there are, told where a member is listed no more: one whose nodes are gone with it
     * was not taken out by anybody. Absent where discovery has no nodes.
     */
    readonly nodes?: ReadonlySet<string>;
  }
  | { readonly kind: "failed"; readonly cause: unknown };

/** A source of members. */
export interface Discovery {
  /**
   * Whether its health is a second opinion beside our own probes. Without one the probes decide
   * alone.
   */
  readonly secondOpinion: boolean;
  /** Whether it lists Pushgateways that run, and no others, as what starts them does. */
  readonly listsRunning?: boolean;
  /**
   * Yields what is known now, and again whenever it changes. Failures are yielded, never thrown.
   * Ends when the signal aborts.
   */
  observe(signal: AbortSignal): AsyncIterable<Observation>;
}
