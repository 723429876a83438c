/**
 * Every metric of the service, in one list. Each app has its own registry.
 *
 * Label values are bounded: methods are from a known set, and members are counted by state.
 *
 * @module
 */

import process from "node:process";
import { Counter, Gauge, Registry } from "prom-client";
import type { BuildInfo } from "../build.ts";
import type { LocksState } from "../consul/locks/locks.ts";
import { MEMBER_STATES, type Membership } from "../membership/membership.ts";
import type { Member } from "../member.ts";
import { createEventLoopLag, type FollowEventLoop } from "./event_loop.ts";
import { Histogram } from "./histogram.ts";
import { createHandoffMetrics, type HandoffMetrics } from "./handoff.ts";
import type { FailureKind } from "../pushgateway/client/connection.ts";
import type { HashRing } from "../ring/hash_ring.ts";

/** Why a member took no push: how far the push got, or that the member has too many already. */
export type UpstreamFailureKind = FailureKind | "busy" | "unauthorized";
const UPSTREAM_FAILURE_KINDS: readonly UpstreamFailureKind[] = [
  "refused",
  "unreachable",
  "reset",
  "closed",
  "broken",
  "timeout",
  "busy",
  "unauthorized",
];

/** What the service reports to its metrics. */
export interface Metrics {
  requestDone(request: { method: string; code: number; seconds: number }): void;
  /** Counts redirected pushes of a kind of client. With 0 its series begins. */
  redirected(client: string, pushes: number): void;
  membershipChanged(membership: Membership): void;
  ringChanged(ring: HashRing): void;
  upstreamFailed(member: Member, kind: UpstreamFailureKind): void;
  /** Shows how many pushes wait for each member's answer, as of each scrape. */
  showInFlight(inFlight: () => ReadonlyMap<string, number>): void;
  /** Shows how many bytes the bodies of pushes under way have, as of each scrape. */
  showBodyBytes(bytes: () => number): void;
  /** Called when a look-up of members has failed. */
  discoveryFailed(): void;
  /** Shows the state of the locks in Consul, as of each scrape. `undefined` without Consul. */
  showLocks(state: () => LocksState | undefined): void;
  /** Called when a configuration was loaded or refused. */
  configLoaded(success: boolean): void;
  /** Called with whether the content of all followed files is in force. It is not if it is wrong. */
  filesInForce(areInForce: boolean): void;
  readonly handoff: HandoffMetrics;
  readonly followEventLoop: FollowEventLoop;
  /** Returns the text page for Prometheus. */
  render(): Promise<string>;
  readonly contentType: string;
}

const METHODS = new Set(["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH"]);
const OTHER_METHOD = "other";
/** Answers to pushes that alerts and dashboards query. Their series exist before the first such answer. */
const PUSH_METHODS = ["PUT", "POST", "DELETE"];
const PUSH_CODES = [200, 202, 307, 400, 413, 500, 502, 503, 504];
/** The states of the locks, as the metric and the API name them. */
export const LOCKS_STATES = {
  yes: "available",
  unreachable: "unreachable",
  forbidden: "forbidden",
} as const satisfies Readonly<Record<LocksState, string>>;
/** Seconds. A redirect takes well under a millisecond; a slow client may take many. */
const DURATION_BUCKETS = [0.0001, 0.0005, 0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10, 30, 60];

/** Requests of one method and code that have not been passed to prom-client yet. */
interface Tally {
  readonly method: string;
  readonly code: number;
  requests: number;
}

/** Creates the metrics of one app. */
export function createMetrics(build: BuildInfo): Metrics {
  const registers = [new Registry()];
  const name = (text: string) => `dynamic_sharding_${text}`;

  const tallies: Tally[] = [];
  const requests = new Counter({
    name: name("http_requests_total"),
    help: "Total number of HTTP requests answered, by method and status code.",
    labelNames: ["method", "code"],
    registers,
    collect() {
      for (const tally of tallies) {
        this.inc({ method: tally.method, code: tally.code }, tally.requests);
        tally.requests = 0;
      }
    },
  });
  for (const method of PUSH_METHODS) {
    for (const code of PUSH_CODES) requests.inc({ method, code }, 0);
  }
  const durations = new Histogram(
    name("http_request_duration_seconds"),
    "Duration from the headers of an HTTP request to its answer. 0 for requests that are answered at once.",
    DURATION_BUCKETS,
  );
  /** Redirects of each kind of client that have not been passed to prom-client yet. */
  const redirected = new Map<string, { pushes: number }>();
  new Counter({
    name: name("redirects_total"),
    help: "Total number of pushes answered with a redirect, by kind of client.",
    labelNames: ["client"],
    registers,
    collect() {
      for (const [client, count] of redirected) {
        this.inc({ client }, count.pushes);
        count.pushes = 0;
      }
    },
  });
  const memberUp = new Gauge({
    name: name("member_up"),
    help:
      "Whether a member answers the probe of this instance. Members that were told to leave are left out.",
    labelNames: ["member"],
    registers,
  });
  let records: Membership["records"] = new Map();
  new Gauge({
    name: name("member_alias"),
    help: "Whether a member is the same Pushgateway as the member same_as, which is used instead.",
    labelNames: ["member", "same_as"],
    registers,
    collect() {
      this.reset();
      for (const [member, { state, aliasOf }] of records) {
        // An alias that is no longer listed has been dealt with.
        if (state === "alias" && aliasOf) this.set({ member, same_as: aliasOf }, 1);
        else this.set({ member }, 0);
      }
    },
  });
  const members = new Gauge({
    name: name("members"),
    help: "Number of members by state: joining, active, suspect, draining, departed or alias.",
    labelNames: ["state"],
    registers,
  });
  const ringMembers = new Gauge({
    name: name("ring_members"),
    help: "Number of members in the current ring.",
    registers,
  });
  const ringBuilds = new Counter({
    name: name("ring_builds_total"),
    help: "Total number of rings published.",
    registers,
  });
  const ringHash = new Gauge({
    name: name("ring_hash"),
    help:
      "Hash of the members and weights of the ring. Equal on instances that place groups alike.",
    registers,
  });
  const ringKept = new Gauge({
    name: name("ring_kept"),
    help: "Whether the last ring is kept because no member is active.",
    registers,
  });
  const discoveryFailures = new Counter({
    name: name("discovery_failures_total"),
    help: "Total number of look-ups of members that failed.",
    registers,
  });
  const discoveryUp = new Gauge({
    name: name("discovery_up"),
    help: "Whether the last look-up of members succeeded.",
    registers,
  });
  const probesDistrusted = new Gauge({
    name: name("probes_distrusted"),
    help: "Whether discovery alone decides because the probes of too many members fail.",
    registers,
  });
  const upstreamFailures = new Counter({
    name: name("upstream_failures_total"),
    help: "Total number of pushes that a member did not answer, by member and kind of failure.",
    labelNames: ["member", "kind"],
    registers,
  });
  /** The members that have series of failures. */
  const counted = new Set<Member>();
  function beginToCount(member: Member): void {
    counted.add(member);
    for (const kind of UPSTREAM_FAILURE_KINDS) upstreamFailures.inc({ member, kind }, 0);
  }
  function forgetFailures(member: Member): void {
    counted.delete(member);
    for (const kind of UPSTREAM_FAILURE_KINDS) upstreamFailures.remove({ member, kind });
  }
  let inFlight: () => ReadonlyMap<string, number> = () => new Map();
  new Gauge({
    name: name("upstream_in_flight"),
    help: "Number of pushes that wait for the answer of a member.",
    labelNames: ["member"],
    registers,
    collect() {
      this.reset();
      for (const member of counted) this.set({ member }, 0);
      for (const [member, pushes] of inFlight()) this.set({ member }, pushes);
    },
  });
  let bodyBytes = () => 0;
  new Gauge({
    name: name("body_memory_bytes"),
    help: "Memory taken by the bodies of pushes in progress, in bytes.",
    registers,
    collect() {
      this.set(bodyBytes());
    },
  });
  let locks: () => LocksState | undefined = () => undefined;
  new Gauge({
    name: name("consul_locks"),
    help:
      "Whether the locks in Consul are in this state: available, unreachable or forbidden. All are 0 without Consul.",
    labelNames: ["state"],
    registers,
    collect() {
      const present = locks();
      for (const [key, state] of Object.entries(LOCKS_STATES)) {
        this.set({ state }, key === present ? 1 : 0);
      }
    },
  });
  const reloadSuccessful = new Gauge({
    name: name("config_last_reload_successful"),
    help:
      "Whether the last configuration reload attempt, or look at files that are followed, was successful.",
    registers,
  });
  let [isLoaded, areInForce] = [false, true];
  const showReload = () => reloadSuccessful.set(isLoaded && areInForce ? 1 : 0);
  const reloadTime = new Gauge({
    name: name("config_last_reload_success_timestamp_seconds"),
    help: "Timestamp of the last successful configuration reload.",
    registers,
  });
  new Gauge({
    name: name("build_info"),
    help:
      "A metric with a constant '1' value labeled by version, revision and build date of dynamic-sharding, and the version of Deno.",
    labelNames: ["version", "revision", "build_date", "deno"],
    registers,
  }).set({ ...build }, 1);
  processMetrics(registers);

  return {
    requestDone({ method, code, seconds }) {
      tallyOf(tallies, method, code).requests++;
      durations.observe(seconds);
    },
    redirected(client, pushes) {
      const count = redirected.get(client);
      if (count) count.pushes += pushes;
      else redirected.set(client, { pushes });
    },
    membershipChanged(membership) {
      const { marked, discovery, probesDistrusted: distrusted, ring, ringBasis } = membership;
      records = membership.records;
      for (const member of counted) {
        if (!records.has(member) && !ring.has(member)) forgetFailures(member);
      }
      memberUp.reset();
      for (const [member, { verdict, departure, drained }] of records) {
        const isOut = departure === "withdrawn" || departure === "released" ||
          departure === "ended";
        const leaves = marked.has(member) || drained || isOut;
        if (!leaves && verdict !== "unknown") memberUp.set({ member }, verdict === "up" ? 1 : 0);
      }
      const states = [...records.values()].map(({ state }) => state);
      for (const state of MEMBER_STATES) {
        members.set({ state }, states.filter((other) => other === state).length);
      }
      discoveryUp.set(discovery === "up" ? 1 : 0);
      probesDistrusted.set(distrusted ? 1 : 0);
      ringKept.set(ringBasis === "kept" ? 1 : 0);
    },
    ringChanged(ring) {
      // A series that begins with its first failure hides that failure from increase().
      for (const member of ring.members) beginToCount(member);
      ringBuilds.inc();
      ringMembers.set(ring.members.length);
      ringHash.set(ring.hash);
    },
    upstreamFailed(member, kind) {
      if (!counted.has(member)) beginToCount(member);
      upstreamFailures.inc({ member, kind });
    },
    showInFlight(counts) {
      inFlight = counts;
    },
    showBodyBytes(bytes) {
      bodyBytes = bytes;
    },
    discoveryFailed: () => discoveryFailures.inc(),
    showLocks(state) {
      locks = state;
    },
    configLoaded(success) {
      isLoaded = success;
      showReload();
      if (success) reloadTime.setToCurrentTime();
    },
    filesInForce(are) {
      areInForce = are;
      showReload();
    },
    handoff: createHandoffMetrics(registers),
    followEventLoop: createEventLoopLag(name("event_loop_lag_seconds"), registers),
    render: async () => `${await registers[0].metrics()}\n${durations.text()}`,
    contentType: registers[0].contentType,
  };
}

/** There are few tallies, and nearly all requests belong to the first one: a loop is faster than a map. */
function tallyOf(tallies: Tally[], method: string, code: number): Tally {
  for (const tally of tallies) {
    if (tally.code === code && tally.method === method) return tally;
  }
  if (!METHODS.has(method) && method !== OTHER_METHOD) return tallyOf(tallies, OTHER_METHOD, code);
  const tally = { method, code, requests: 0 };
  tallies.push(tally);
  return tally;
}

/** The `process_…` metrics that every Prometheus client has, as far as Deno knows them. */
function processMetrics(registers: Registry[]): void {
  new Counter({
    name: "process_cpu_seconds_total",
    help: "Total user and system CPU time spent in seconds.",
    registers,
    collect() {
      const { user, system } = process.cpuUsage();
      this.reset();
      this.inc((user + system) / 1e6);
    },
  });
  new Gauge({
    name: "process_resident_memory_bytes",
    help: "Resident memory size in bytes.",
    registers,
    collect() {
      this.set(Deno.memoryUsage().rss);
    },
  });
  new Gauge({
    name: "process_start_time_seconds",
    help: "Start time of the process since the Unix epoch in seconds.",
    registers,
  }).set((performance.timeOrigin) / 1_000);
}
