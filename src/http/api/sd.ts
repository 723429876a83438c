/** Lists the members for Prometheus's http_sd. @module */

import { metricsPath, type UpstreamConfig } from "../../config/upstream.ts";
import type { Member } from "../../member.ts";
import { Reply, textReply } from "../message.ts";
import { isSwept, servingMembers, type Snapshot, weightOf } from "../snapshot.ts";

/** What the answer depends on besides the members. */
export interface SdOptions {
  /** Whether discovery has a view of its own that is not known here yet. */
  readonly awaitsDiscovery: boolean;
  /** How the members are reached. */
  readonly upstream: Pick<UpstreamConfig, "scheme" | "routePrefix">;
}

/** A target group of Prometheus. Its values are strings, and it has no other fields. */
interface TargetGroup {
  readonly targets: Member[];
  readonly labels: Readonly<Record<string, string>>;
}

/**
 * Lists the members that Prometheus should scrape. Members with the same labels are in one group, and groups
 * are in the order of their first members. The answer is a 503 while the members are unknown, because
 * Prometheus keeps its last targets on an error and drops all of them on `[]`. A member that has not been
 * swept yet is not listed, because it may show stale copies. A member that drains is listed until it is
 * empty.
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
  // Prometheus accepts no parameter but charset here.
  const type = ["content-type", "application/json; charset=utf-8"];
  return new Reply(200, JSON.stringify([...groups.values()]), type);
}

/** Returns how a target is scraped, as far as that differs from Prometheus's defaults. */
function wayLabels(upstream: SdOptions["upstream"]): TargetGroup["labels"] {
  const { scheme, routePrefix } = upstream;
  return {
    ...(scheme !== "http" && { __scheme__: scheme }),
    ...(routePrefix !== "" && { __metrics_path__: metricsPath(upstream) }),
  };
}

/** Returns labels of a member for relabelling. Prometheus drops them afterwards. */
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
