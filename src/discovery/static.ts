/** The servers of the configuration file as the members: no Consul needed. @module */

import { untilAborted } from "../concurrency/abort.ts";
import type { Member } from "../member.ts";
import { type Discovery, NAMED } from "./discovery.ts";

/** Yields the given members once. Probes alone decide which are healthy. */
export function staticDiscovery(members: readonly Member[]): Discovery {
  return {
    secondOpinion: false,
    async *observe(signal) {
      if (signal.aborted) return;
      const listings = new Map(members.map((member) => [member, NAMED]));
      yield { kind: "members", listings };
      await untilAborted(signal);
    },
  };
}
