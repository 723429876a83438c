/** Members from Consul's catalogue, followed by blocking queries. @module */

import { followQuery } from "../consul/blocking.ts";
import type { BlockingQuery, CatalogNode, ConsulClient, ServiceEntry } from "../consul/client.ts";
import { memberOf, membersHeld } from "../consul/instance.ts";
import type { Member } from "../member.ts";
import { WEIGHT_MAX } from "../ring/hash_ring.ts";
import type { BadEntry } from "./bad_entries.ts";
import type { Discovery, Listing } from "./discovery.ts";

const WAIT_SECONDS = 20;
/** The output of a check may be a whole page. */
const COMPLAINT_LENGTH_MAX = 200;

/**
 * Follows a service of Consul.
 *
 * The query also asks for unhealthy instances, because registration distinguishes a critical member from
 * a missing one.
 *
 * @param onBadEntries called at each look-up with the instances whose address cannot be a member's (the
 *   others still count), and with those whose weight is limited
 * @param onDataLost called when Consul's index has gone back, as after a restore, or the catalogue lacks a
 *   member that the agent still holds: until the agent has brought it there again, nobody removed it
 */
export function consulDiscovery({ consul, service, random, onBadEntries, onDataLost }: {
  consul: Pick<ConsulClient, "service" | "nodes" | "localServices">;
  service: string;
  random: () => number;
  onBadEntries: (bad: readonly BadEntry[]) => void;
  onDataLost: () => void;
}): Discovery {
  return {
    secondOpinion: true,
    listsRunning: true,
    async *observe(signal) {
      /** The members of the last look-up that was yielded. */
      let told: ReadonlyMap<Member, Listing> | undefined;
      const ask = async (query: BlockingQuery, signal: AbortSignal) => {
        const { entries, index } = await consul.service(service, query, signal);
        const bad: BadEntry[] = [];
        const listings = toListings(entries, (entry) => bad.push(entry));
        onBadEntries(bad);
        const missing = told?.keys().filter((member) => !listings.has(member)).toArray() ?? [];
        if (told && missing.length === 0) return { index, listings, isLost: false };
        // Asked after the members, so that a node that has left with them is not among them.
        const nodes = new Set((await consul.nodes(signal)).map(nodeKey));
        const held = missing.length > 0 && membersHeld(await consul.localServices(signal), service);
        return {
          index,
          listings,
          nodes,
          isLost: held && missing.some((member) => held.has(member)),
        };
      };
      for await (const look of followQuery(ask, { waitSeconds: WAIT_SECONDS, random }, signal)) {
        if (look.kind === "failed") yield look;
        else {
          const { listings, nodes, isLost } = look.answer;
          told = listings;
          const hasLostData = look.reset || isLost;
          if (hasLostData) onDataLost();
          // What is missing then was not removed by an operator.
          const existing = hasLostData ? new Set<string>() : nodes;
          yield { kind: "members", listings, ...(existing && { nodes: existing }) };
        }
      }
    },
  };
}

/**
 * Returns the members of a service: one for each address. It is healthy if all checks pass for any agent
 * that registered it.
 */
export function toListings(
  entries: readonly ServiceEntry[],
  onBadEntry: (bad: BadEntry) => void,
): Map<Member, Listing> {
  const listings = new Map<Member, Listing>();
  for (const { Node, Service, Checks } of entries) {
    const [node, id] = [Node.Node, Service.ID];
    let member: Member;
    try {
      member = memberOf({ Node, Service });
    } catch (cause) {
      onBadEntry({ node, id, cause: new TypeError("it is left out", { cause }) });
      continue;
    }
    const weight = Service.Weights?.Passing ?? 1;
    if (weight > WEIGHT_MAX) {
      const what = `expected a weight of at most ${WEIGHT_MAX}, found ${weight}`;
      const cause = new RangeError(`it counts as ${WEIGHT_MAX}`, { cause: what });
      onBadEntry({ node, id, cause });
    }
    const known = listings.get(member);
    const healthy = known?.healthy || Checks.every(({ Status }) => Status === "passing");
    // One of several agents that list it may be in maintenance for its own reasons.
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

/** Identifies a node among nodes of the same name: an agent that leaves removes its node. */
function nodeKey({ ID, Node, CreateIndex }: CatalogNode): string {
  return `${ID || Node}#${CreateIndex}`;
}

/** The checks that Consul adds while a node or a service is in maintenance. */
function isMaintenance({ CheckID }: ServiceEntry["Checks"][number]): boolean {
  return CheckID === "_node_maintenance" || CheckID.startsWith("_service_maintenance:");
}
