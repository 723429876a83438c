/** Members from Consul's catalogue, followed by blocking queries. @module */

import { followQuery } from "../consul/blocking.ts";
import type { BlockingQuery, ConsulClient, ServiceEntry } from "../consul/client.ts";
import { type Member, parseMember } from "../member.ts";
import type { Discovery, Listing } from "./discovery.ts";

const WAIT_SECONDS = 20;

/**
 * Follows a service of Consul.
 *
 * The query asks for unhealthy instances too: a member that is critical and one that is gone are
 * different things to registration.
 *
 * @param onBadEntry is told of an instance whose address cannot be a member; the rest still count
 */
export function consulDiscovery({ consul, service, random, onBadEntry }: {
  consul: Pick<ConsulClient, "service">;
  service: string;
  random: () => number;
  onBadEntry: (id: string, cause: unknown) => void;
}): Discovery {
  return {
    secondOpinion: true,
    async *observe(signal) {
      const ask = (query: BlockingQuery, signal: AbortSignal) =>
        consul.service(service, query, signal);
      for await (const look of followQuery(ask, { waitSeconds: WAIT_SECONDS, random }, signal)) {
        if (look.kind === "failed") yield look;
        else yield { kind: "members", listings: toListings(look.answer.entries, onBadEntry) };
      }
    },
  };
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
    const healthy = known?.healthy || Checks.every(({ Status }) => Status === "passing");
    // Of several agents that list it one may be put into maintenance for a reason of its own.
    const maintenance = !healthy && (known?.maintenance || Checks.some(isMaintenance));
    listings.set(member, {
      healthy,
      ...(maintenance && { maintenance }),
      weight: Math.max(known?.weight ?? 1, Service.Weights?.Passing ?? 1),
    });
  }
  return listings;
}

/** The checks that Consul itself adds for as long as a node or a service is in maintenance. */
function isMaintenance({ CheckID }: ServiceEntry["Checks"][number]): boolean {
  return CheckID === "_node_maintenance" || CheckID.startsWith("_service_maintenance:");
}
