/** What every discovery yields: which members exist, and which are healthy. @module */

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
  /** Its datacenter. Absent if discovery has no datacenters. */
  readonly datacenter?: string;
  /** The nodes of Consul's agents that list it. Absent if discovery has no nodes. */
  readonly nodes?: readonly string[];
}

/** The listing of a member of which only the name is known: probes alone decide whether it is healthy. */
export const NAMED: Listing = { healthy: true, weight: 1 };

/** One look-up. A failed one is not an empty set of members. */
export type Observation =
  | {
    readonly kind: "members";
    readonly listings: ReadonlyMap<Member, Listing>;
    /**
     * The nodes that exist, if a member is not listed any more: a member whose nodes are gone as well was
     * not removed by an operator. Absent if discovery has no nodes.
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
  /**
   * Whether it lists Pushgateways that run, and no others: what starts them names them in DNS or in files,
   * and Consul reaps those that are dead.
   */
  readonly listsRunning?: boolean;
  /**
   * Yields what is known now, and again whenever it changes. Failures are yielded, never thrown.
   * Ends when the signal aborts.
   */
  observe(signal: AbortSignal): AsyncIterable<Observation>;
}
