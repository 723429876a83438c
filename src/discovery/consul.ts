/** Members from Consul's catalogue, followed by blocking queries. @module */

import { followQuery } from "../consul/blocking.ts";
import type { BlockingQuery, CatalogNode, ConsulClient, ServiceEntry } from "../consul/client.ts";
import { memberOf } from "../consul/instance.ts";
import type { Member } from "../member.ts";
import { WEIGHT_MAX } from "../ring/hash_ring.ts";
import type { Discovery, Listing } from "./discovery.ts";

const WAIT_SECONDS = 20;
/** The output of a check may be a whole page. */
const COMPLAINT_LENGTH_MAX = 200;

/**
 * Follows a service of Consul.
 *
 * The query asks for unhealthy instances too: a member that is critical and one that is gone are
 * different things to registration.
 *
 * @param onBadEntry is told of an instance whose address cannot be a member, and the rest still count;
 *   and of one whose weight is cut
 */
export function consulDiscovery({ consul, service, random, onBadEntry }: {
  consul: Pick<ConsulClient, "service" | "nodes">;
  service: string;
  random: () => number;
  onBadEntry: (id: string, cause: unknown) => void;
}): Discovery {
  return {
    secondOpinion: true,
    async *observe(signal) {
      /** The members of the last look-up that was told; whom others were told of is not known. */
      let told: ReadonlyMap<Member, Listing> | undefined;
      const ask = async (query: BlockingQuery, signal: AbortSignal) => {
        const { entries, index } = await consul.service(service, query, signal);
        const listings = toListings(entries, onBadEntry);
        const allAreThere = told?.keys().every((member) => listings.has(member));
        // Asked after the members: a node that has left with them cannot be among them.
        const nodes = allAreThere ? undefined : new Set((await consul.nodes(signal)).map(nodeKey));
        return { index, listings, ...(nodes && { nodes }) };
      };
      for await (const look of followQuery(ask, { waitSeconds: WAIT_SECONDS, random }, signal)) {
        if (look.kind === "failed") yield look;
        else {
          told = look.answer.listings;
          // In what Consul has now nobody has taken out anything that was in it before.
          yield { kind: "members", ...look.answer, ...(look.reset && { nodes: new Set() }) };
        }
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
      member = memberOf({ Node, Service });
    } catch (cause) {
      onBadEntry(Service.ID, cause);
      continue;
    }
    const weight = Service.Weights?.Passing ?? 1;
    if (weight > WEIGHT_MAX) {
      onBadEntry(Service.ID, new RangeError(`its weight of ${weight} counts as ${WEIGHT_MAX}`));
    }
    const known = listings.get(member);
    const healthy = known?.healthy || Checks.every(({ Status }) => Status === "passing");
    // Of several agents that list it one may be put into maintenance for a reason of its own.
    const maintenance = !healthy && (known?.maintenance || Checks.some(isMaintenance));
    const complaint = healthy ? undefined : complaintOf(Checks) ?? known?.complaint;
    listings.set(member, {
      healthy,
      ...(complaint !== undefined && { complaint }),
      ...(maintenance && { maintenance }),
      weight: Math.max(known?.weight ?? 1, Math.min(weight, WEIGHT_MAX)),
      ...(Node.Datacenter !== undefined && { datacenter: Node.Datacenter }),
      nodes: [...known?.nodes ?? [], nodeKey(Node)],
    });
  }
  return listings;
}

/** What the first check says that does not pass, in one line. */
function complaintOf(checks: ServiceEntry["Checks"]): string | undefined {
  const output = checks.find(({ Status }) => Status !== "passing")?.Output ?? "";
  const line = output.replace(/\s+/g, " ").trim();
  return line === "" ? undefined : line.slice(0, COMPLAINT_LENGTH_MAX);
}

/** Tells a node from one of the same name before or after it: an agent that leaves takes its node along. */
function nodeKey({ ID, Node, CreateIndex }: CatalogNode): string {
  return `${ID || Node}#${CreateIndex}`;
}

/** The checks that Consul itself adds for as long as a node or a service is in maintenance. */
function isMaintenance({ CheckID }: ServiceEntry["Checks"][number]): boolean {
  return CheckID === "_node_maintenance" || CheckID.startsWith("_service_maintenance:");
}
