/** The metrics of handoff. @module */

import { Counter, Gauge, Histogram, type Registry } from "prom-client";
import type { Member } from "../member.ts";

/** What handoff reports to its metrics. */
export interface HandoffMetrics {
  /** Called when a member was read. */
  read(seconds: number): void;
  /** Called when the reads have been compared with the ring. */
  compared(found: {
    /** The number of groups on each member that was ever read. */
    groups: ReadonlyMap<Member, number>;
    /** The members that answer our probes and cannot be read. */
    unreadable: Iterable<Member>;
    /** The number of missing groups of each member that does not answer. */
    missing: ReadonlyMap<Member, number>;
    /** The number of copies besides one of each group. */
    duplicates: number;
  }): void;
  /** Shows how many groups are out of place, as of each scrape. */
  showMisplaced(count: () => number): void;
  /** Shows how many groups of leaving members are in each state, as of each scrape. */
  showDrains(groups: () => Iterable<readonly [Member, Readonly<Record<string, number>>]>): void;
  /** Shows the instances that share locks, as of each scrape. */
  showInstances(instances: () => InstancesSeen): void;
  moved(by: "push" | "drain"): void;
  /** Called when a push was marked as partial because older copies of its group cannot be read. */
  markedPartial(): void;
  staleRemoved(): void;
  failed(kind: string): void;
  /** Called when two groups were found that expose the same series. */
  sharedSeries(): void;
}

/** Instances of the service, as they announce their rings in Consul. */
export interface InstancesSeen {
  /** The number of instances, including this one. 0 without Consul. */
  readonly announced: number;
  /** The number of instances that have not confirmed what the others have announced. */
  readonly unconfirmed: number;
}

/** A series that begins with its first event hides that event from increase(). */
const MOVED_BY = ["push", "drain"];
const FAILURES = ["sweep", "copy", "delete", "lock", "unfaithful"];
/** Seconds: from an empty Pushgateway on the same host to one with 100,000 groups. */
const BUCKETS = [0.01, 0.05, 0.1, 0.5, 1, 5, 10, 30, 60];

/** Creates the metrics of handoff in a registry. */
export function createHandoffMetrics(registers: Registry[]): HandoffMetrics {
  const name = (text: string) => `dynamic_sharding_handoff_${text}`;
  let misplaced = () => 0;
  new Gauge({
    name: name("misplaced_groups"),
    help: "Number of groups with a copy on a member that is not their owner.",
    registers,
    collect() {
      this.set(misplaced());
    },
  });
  const groups = new Gauge({
    name: name("groups"),
    help: "Number of groups on a member, as of its last sweep.",
    labelNames: ["member"],
    registers,
  });
  const duplicates = new Gauge({
    name: name("duplicates"),
    help: "Number of copies of groups that another member holds as well, as of the last sweeps.",
    registers,
  });
  let drains: () => Iterable<readonly [Member, Readonly<Record<string, number>>]> = () => [];
  new Gauge({
    name: name("drain_groups"),
    help:
      "Number of groups of a draining member by state: moved, left (to be moved), early (other instances may still push to them there) or staying (cannot be moved).",
    labelNames: ["member", "state"],
    registers,
    collect() {
      this.reset();
      for (const [member, states] of drains()) {
        for (const [state, count] of Object.entries(states)) this.set({ member, state }, count);
      }
    },
  });
  const missing = new Gauge({
    name: name("missing_groups"),
    help:
      "Number of groups that only this member holds while it does not answer, as of its last sweep.",
    labelNames: ["member"],
    registers,
  });
  const unreadable = new Gauge({
    name: name("member_unreadable"),
    help: "Whether the groups of a member cannot be read although it answers the probe.",
    labelNames: ["member"],
    registers,
  });
  const reads = new Histogram({
    name: name("sweep_duration_seconds"),
    help: "Duration of reading the groups of one member.",
    buckets: BUCKETS,
    registers,
  });
  const moved = new Counter({
    name: name("groups_moved_total"),
    help: "Total number of groups moved to their owner, by a push or by a drain.",
    labelNames: ["by"],
    registers,
  });
  for (const by of MOVED_BY) moved.inc({ by }, 0);
  const stale = new Counter({
    name: name("duplicates_removed_total"),
    help: "Total number of copies deleted because another member held a newer or an equal one.",
    registers,
  });
  const partial = new Counter({
    name: name("partial_pushes_total"),
    help:
      "Total number of pushes whose group was marked as partial because an older copy could not be read.",
    registers,
  });
  const failures = new Counter({
    name: name("failures_total"),
    help: "Total number of failures of handoff, by kind: sweep, copy, delete, lock or unfaithful.",
    labelNames: ["kind"],
    registers,
  });
  for (const kind of FAILURES) failures.inc({ kind }, 0);
  const shared = new Counter({
    name: "dynamic_sharding_shared_series_total",
    help: "Total number of pairs of groups that expose the same series. Each pair counts once.",
    registers,
  });
  let instances = (): InstancesSeen => ({ announced: 0, unconfirmed: 0 });
  new Gauge({
    name: "dynamic_sharding_instances",
    help:
      "Number of instances that announce their ring in Consul, including this one. 0 without Consul.",
    registers,
    collect() {
      this.set(instances().announced);
    },
  });
  new Gauge({
    name: "dynamic_sharding_instances_unconfirmed",
    help:
      "Number of instances that have not confirmed the rings of the others. No group is moved until they have.",
    registers,
    collect() {
      this.set(instances().unconfirmed);
    },
  });
  return {
    read: (seconds) => reads.observe(seconds),
    compared(found) {
      const isUnreadable = new Set(found.unreadable);
      const all = [...found.groups.keys(), ...isUnreadable, ...found.missing.keys()];
      for (const gauge of [groups, unreadable, missing]) gauge.reset();
      for (const [member, held] of found.groups) groups.set({ member }, held);
      for (const member of all) {
        unreadable.set({ member }, isUnreadable.has(member) ? 1 : 0);
        missing.set({ member }, found.missing.get(member) ?? 0);
      }
      duplicates.set(found.duplicates);
    },
    showMisplaced(count) {
      misplaced = count;
    },
    showDrains(groups) {
      drains = groups;
    },
    showInstances(seen) {
      instances = seen;
    },
    moved: (by) => moved.inc({ by }),
    markedPartial: () => partial.inc(),
    staleRemoved: () => stale.inc(),
    failed: (kind) => failures.inc({ kind }),
    sharedSeries: () => shared.inc(),
  };
}
