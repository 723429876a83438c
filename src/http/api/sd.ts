/** The members as Prometheus's http_sd wants them. @module */

import { metricsPath, type UpstreamConfig } from "../../config/upstream.ts";
import type { Member } from "../../member.ts";
import { Reply, textReply } from "../message.ts";
import { isSwept, servingMembers, type Snapshot, weightOf } from "../snapshot.ts";

/** What the answer depends on beside the members. */
export interface SdOptions {
  /** Discovery has a view of the members of its own and has not told it yet. */
  readonly awaitsDiscovery: boolean;
  /** How the members are reached. */
  readonly upstream: Pick<UpstreamConfig, "scheme" | "routePrefix">;
}

/** A target group of Prometheus. Its values are texts, and it may have no other field. */
interface TargetGroup {
  readonly targets: Member[];
  readonly labels: Readonly<Record<string, string>>;
}

/**
 * Lists the members that Prometheus should scrape, those with the same labels in one group; groups are
 * in the order of their first members. It is 503 while the members are unknown, for Prometheus keeps
 * its last targets on an error and drops them all on `[]`. One that has not been swept yet may show
 * stale copies, and is not listed; one that is being drained is, until it is empty.
 */
export function answerSd(snapshot: Snapshot, { awaitsDiscovery, upstream }: SdOptions): Reply {
  const targets = servingMembers(snapshot).filter((member) => isSwept(snapshot, member));
  if (awaitsDiscovery || targets.length === 0) {
    return textReply(503, "the members are not known yet\n");
  }
  const way = wayLabels(upstream);
  const groups = new Map<string, TargetGroup>();
  for (const target of targets) {
    const labels = { ...way, ...metaLabels(snapshot, target) };
    const key = JSON.stringify(labels);
    const group = groups.get(key);
    if (group) group.targets.push(target);
    else groups.set(key, { targets: [target], labels });
  }
  // Prometheus takes no parameter but charset here.
  const type = ["content-type", "application/json; charset=utf-8"];
  return new Reply(200, JSON.stringify([...groups.values()]), type);
}

/** How a target is scraped, where that is not Prometheus's default. */
function wayLabels(upstream: SdOptions["upstream"]): TargetGroup["labels"] {
  const { scheme, routePrefix } = upstream;
  return {
    ...(scheme !== "http" && { __scheme__: scheme }),
    ...(routePrefix !== "" && { __metrics_path__: metricsPath(upstream) }),
  };
}

/** What relabelling may use of a member. Prometheus drops these labels afterwards. */
function metaLabels(snapshot: Snapshot, member: Member): TargetGroup["labels"] {
  const record = snapshot.membership.records.get(member);
  const weight = weightOf(snapshot, member);
  const datacenter = record?.listing?.datacenter;
  return {
    ...(record && { __meta_dynamic_sharding_state: record.state }),
    ...(weight !== undefined && { __meta_dynamic_sharding_weight: String(weight) }),
    ...(datacenter !== undefined && { __meta_dynamic_sharding_datacenter: datacenter }),
  };
}
