/** Members from Consul's catalogue, followed by blocking queries. @module */

import { backoffMs, sleep } from "../backoff.ts";
import type { ConsulClient, ServiceEntry } from "../consul/client.ts";
import { type Member, parseMember } from "../member.ts";
import type { Discovery, Listing } from "./discovery.ts";

/** How long one blocking query waits for news; also how soon a silently dead connection is noticed. */
const WAIT_SECONDS = 60;
/** Queries are at least this far apart, whatever Consul's index does. */
const QUERY_INTERVAL_MS_MIN = 100;
const RETRY = { firstMs: 500, maxMs: 10_000 };

/**
 * Follows a service of Consul.
 *
 * The query asks for unhealthy instances too: a member that is critical and one that is gone are
 * different things to registration.
 *
 * @param onBadEntry is told of an instance whose address cannot be a member; the rest still count
 */
export function consulDiscovery({ consul, service, random, onBadEntry }: {
  consul: ConsulClient;
  service: string;
  random: () => number;
  onBadEntry: (id: string, cause: unknown) => void;
}): Discovery {
  return {
    secondOpinion: true,
    async *observe(signal) {
      let index: bigint | undefined;
      let failures = 0;
      while (!signal.aborted) {
        const earliestNext = sleep(QUERY_INTERVAL_MS_MIN, signal);
        try {
          const query = { ...(index !== undefined && { index }), waitSeconds: WAIT_SECONDS };
          const answer = await consul.service(service, query, signal);
          index = nextIndex(index, answer.index);
          failures = 0;
          yield { kind: "members", listings: toListings(answer.entries, onBadEntry) };
        } catch (cause) {
          if (signal.aborted) return;
          index = undefined;
          failures++;
          yield { kind: "failed", cause };
          await sleep(backoffMs(failures, RETRY, random), signal);
        }
        await earliestNext;
      }
    },
  };
}

/**
 * Consul's rules for the index of the next blocking query: start anew when it goes backwards (a
 * restored or restarted server), and never block on 0, which would not block.
 * https://developer.hashicorp.com/consul/api-docs/features/blocking
 */
export function nextIndex(previous: bigint | undefined, current: bigint): bigint | undefined {
  if (previous !== undefined && current < previous) return undefined;
  return current > 0n ? current : 1n;
}

/**
 * The members of a service: one for each address, healthy where any agent that registered it sees
 * all of its checks pass.
 */
export function toListings(
  entries: readonly ServiceEntry[],
  onBadEntry: (id: string, cause: unknown) => void,
): Map<Member, Listing> {
  const listings = new Map<Member, Listing>();
  for (const { Node, Service, Checks } of entries) {
    let member: Member;
    try {
      const host = (Service.Address || Node.Address).replace(/^\[(.*)\]$/, "$1");
      member = parseMember(
        host.includes(":") ? `[${host}]:${Service.Port}` : `${host}:${Service.Port}`,
      );
    } catch (cause) {
      onBadEntry(Service.ID, cause);
      continue;
    }
    const known = listings.get(member);
    listings.set(member, {
      healthy: known?.healthy || Checks.every(({ Status }) => Status === "passing"),
      weight: Math.max(known?.weight ?? 1, Service.Weights?.Passing ?? 1),
    });
  }
  return listings;
}
