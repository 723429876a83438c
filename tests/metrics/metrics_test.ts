import assert from "node:assert/strict";
import type { LocksState } from "../../src/consul/locks/locks.ts";
import { createMetrics, type Metrics } from "../../src/metrics/metrics.ts";
import { HashRing } from "../../src/ring/hash_ring.ts";
import { consulPolicy, tell } from "../membership/story.ts";
import { BUILD, samples } from "./samples.ts";

/** Every metric there is, and its type: what dashboards and alerts may rely on. */
const LIST: Readonly<Record<string, string>> = {
  dynamic_sharding_body_memory_bytes: "gauge",
  dynamic_sharding_build_info: "gauge",
  dynamic_sharding_config_last_reload_success_timestamp_seconds: "gauge",
  dynamic_sharding_config_last_reload_successful: "gauge",
  dynamic_sharding_consul_locks: "gauge",
  dynamic_sharding_discovery_failures_total: "counter",
  dynamic_sharding_discovery_up: "gauge",
  dynamic_sharding_event_loop_lag_seconds: "histogram",
  dynamic_sharding_handoff_drain_groups: "gauge",
  dynamic_sharding_handoff_duplicates: "gauge",
  dynamic_sharding_handoff_duplicates_removed_total: "counter",
  dynamic_sharding_handoff_failures_total: "counter",
  dynamic_sharding_handoff_groups: "gauge",
  dynamic_sharding_handoff_groups_moved_total: "counter",
  dynamic_sharding_handoff_member_unreadable: "gauge",
  dynamic_sharding_handoff_misplaced_groups: "gauge",
  dynamic_sharding_handoff_missing_groups: "gauge",
  dynamic_sharding_handoff_partial_pushes_total: "counter",
  dynamic_sharding_handoff_sweep_duration_seconds: "histogram",
  dynamic_sharding_http_request_duration_seconds: "histogram",
  dynamic_sharding_http_requests_total: "counter",
  dynamic_sharding_instances: "gauge",
  dynamic_sharding_instances_unconfirmed: "gauge",
  dynamic_sharding_member_alias: "gauge",
  dynamic_sharding_member_up: "gauge",
  dynamic_sharding_members: "gauge",
  dynamic_sharding_probes_distrusted: "gauge",
  dynamic_sharding_redirects_total: "counter",
  dynamic_sharding_ring_builds_total: "counter",
  dynamic_sharding_ring_hash: "gauge",
  dynamic_sharding_ring_kept: "gauge",
  dynamic_sharding_ring_members: "gauge",
  dynamic_sharding_shared_series_total: "counter",
  dynamic_sharding_upstream_failures_total: "counter",
  dynamic_sharding_upstream_in_flight: "gauge",
  process_cpu_seconds_total: "counter",
  process_resident_memory_bytes: "gauge",
  process_start_time_seconds: "gauge",
};

Deno.test(
  "the metrics are these and no others, each with its help",
  { permissions: "none" },
  async () => {
    const text = await used().render();
    const types = [...text.matchAll(/^# TYPE (\S+) (\S+)$/gm)].map((
      [, name, type],
    ) => [name, type]);
    assert.deepEqual(Object.fromEntries(types), LIST);
    assert.equal(types.length, Object.keys(LIST).length, "each is declared once");
    const helped = [...text.matchAll(/^# HELP (\S+) .+$/gm)].map(([, name]) => name);
    assert.deepEqual(helped.sort(), Object.keys(LIST));
  },
);

Deno.test(
  "an own metric without labels is there before anything happens",
  { permissions: "none" },
  async () => {
    const text = await createMetrics(BUILD).render();
    for (const name of ["ring_builds_total", "ring_members", "discovery_up"]) {
      assert.match(text, new RegExp(`^dynamic_sharding_${name} 0$`, "m"));
    }
    const labels = 'version="1.2.3",revision="1a2b3c4",build_date="unknown",deno="2.9.6"';
    assert(text.includes(`\ndynamic_sharding_build_info{${labels}} 1\n`), text);
  },
);

Deno.test("an unknown method is counted as other", { permissions: "none" }, async () => {
  const metrics = createMetrics(BUILD);
  for (const method of ["GET", "BREW", "get", "constructor", 'a"b\n', "X".repeat(1_000)]) {
    metrics.requestDone({ method, code: 405, seconds: 0.001 });
  }
  const found = await samples(metrics, "http_requests_total");
  const counted = Object.entries(found).filter(([, requests]) => requests > 0);
  assert.deepEqual(Object.fromEntries(counted), {
    '{method="GET",code="405"}': 1,
    '{method="other",code="405"}': 5,
  });
});

Deno.test(
  "an answer to a push has its series before the first one",
  { permissions: "none" },
  async () => {
    const metrics = createMetrics(BUILD);
    const before = await samples(metrics, "http_requests_total");
    for (const method of ["PUT", "POST", "DELETE"]) {
      assert.equal(before[`{method="${method}",code="200"}`], 0);
      assert.equal(before[`{method="${method}",code="503"}`], 0);
    }
    metrics.requestDone({ method: "POST", code: 503, seconds: 0 });
    const after = await samples(metrics, "http_requests_total");
    assert.equal(after['{method="POST",code="503"}'], 1);
    assert.equal(Object.keys(after).length, Object.keys(before).length);
  },
);

Deno.test(
  "the state of the locks is the one with a 1, and without Consul there is none",
  { permissions: "none" },
  async () => {
    const metrics = createMetrics(BUILD);
    const shown = async () => Object.values(await samples(metrics, "consul_locks")).join(" ");
    assert.deepEqual(Object.keys(await samples(metrics, "consul_locks")), [
      '{state="available"}',
      '{state="unreachable"}',
      '{state="forbidden"}',
    ]);
    assert.equal(await shown(), "0 0 0");
    for (
      const [state, ones] of [["yes", "1 0 0"], ["unreachable", "0 1 0"], ["forbidden", "0 0 1"]]
    ) {
      metrics.showLocks(() => state as LocksState);
      assert.equal(await shown(), ones);
    }
    metrics.showLocks(() => undefined);
    assert.equal(await shown(), "0 0 0");
  },
);

Deno.test("instances are shown as they are at the scrape", { permissions: "none" }, async () => {
  const metrics = createMetrics(BUILD);
  const seen = { announced: 2, unconfirmed: 0 };
  metrics.handoff.showInstances(() => seen);
  assert.deepEqual(await samples(metrics, "instances"), { "": 2 });
  seen.unconfirmed = 1;
  assert.deepEqual(await samples(metrics, "instances_unconfirmed"), { "": 1 });
});

Deno.test(
  "members are counted by state, every state each time",
  { permissions: "none" },
  async () => {
    const metrics = createMetrics(BUILD);
    const policy = consulPolicy();
    const up = ["list a b c x", "a ok", "b ok", "c ok", "x ok"];
    metrics.membershipChanged(tell([...up, "b refused", "list a b x y"], policy));
    assert.deepEqual(await samples(metrics, "members"), {
      '{state="joining"}': 1,
      '{state="active"}': 2,
      '{state="suspect"}': 1,
      '{state="draining"}': 0,
      '{state="departed"}': 1,
      '{state="alias"}': 0,
    });
    metrics.membershipChanged(tell(["list a", "a ok"], policy));
    assert.deepEqual(await samples(metrics, "members"), {
      '{state="joining"}': 0,
      '{state="active"}': 1,
      '{state="suspect"}': 0,
      '{state="draining"}': 0,
      '{state="departed"}': 0,
      '{state="alias"}': 0,
    });
  },
);

const FLAGS: readonly [name: string, value: number, events: string[]][] = [
  ["discovery_up", 1, ["list a"]],
  ["discovery_up", 0, ["list a", "look-up fails"]],
  ["discovery_up", 0, ["look-up fails"]],
  ["ring_kept", 0, ["list a", "a ok"]],
  ["ring_kept", 1, ["list a", "a ok", "list"]],
  ["probes_distrusted", 0, ["list a", "a ok"]],
  ["probes_distrusted", 1, ["list a", "a ok", "a refused"]],
];
for (const [name, value, events] of FLAGS) {
  Deno.test(`${name} is ${value} after ${events.join(", ")}`, { permissions: "none" }, async () => {
    const metrics = createMetrics(BUILD);
    metrics.membershipChanged(tell(events, consulPolicy()));
    assert.deepEqual(await samples(metrics, name), { "": value });
  });
}

Deno.test(
  "a ring that is built shows its members and its hash",
  { permissions: "none" },
  async () => {
    const metrics = createMetrics(BUILD);
    const { ring: weights } = tell(["list a b", "a ok", "b ok"], consulPolicy());
    const ring = HashRing.of(weights);
    metrics.ringChanged(ring);
    metrics.ringChanged(ring);
    assert.deepEqual(await samples(metrics, "ring_builds_total"), { "": 2 });
    assert.deepEqual(await samples(metrics, "ring_members"), { "": 2 });
    assert.deepEqual(await samples(metrics, "ring_hash"), { "": ring.hash });
  },
);

Deno.test(
  "a refused configuration leaves the time of the last good one",
  { permissions: "none" },
  async () => {
    const metrics = createMetrics(BUILD);
    const before = Date.now() / 1_000;
    metrics.configLoaded(true);
    const loaded = await samples(metrics, "config_last_reload_success_timestamp_seconds");
    assert(loaded[""] >= before - 1 && loaded[""] <= Date.now() / 1_000 + 1);
    metrics.configLoaded(false);
    assert.deepEqual(await samples(metrics, "config_last_reload_successful"), { "": 0 });
    assert.deepEqual(
      await samples(metrics, "config_last_reload_success_timestamp_seconds"),
      loaded,
    );
    metrics.configLoaded(true);
    assert.deepEqual(await samples(metrics, "config_last_reload_successful"), { "": 1 });
  },
);

Deno.test("two apps' metrics share nothing", { permissions: "none" }, async () => {
  const [one, other] = [createMetrics(BUILD), createMetrics({ ...BUILD, version: "9" })];
  one.requestDone({ method: "PUT", code: 307, seconds: 0.001 });
  one.ringChanged(HashRing.of(new Map()));
  const requests = Object.values(await samples(other, "http_requests_total"));
  assert(requests.every((number) => number === 0), `${requests}`);
  assert.deepEqual(await samples(other, "ring_builds_total"), { "": 0 });
  assert.deepEqual(await samples(one, "ring_builds_total"), { "": 1 });
  assert.match(await other.render(), /build_info\{version="9"/);
});

/** Metrics to which everything has happened once. */
function used(): Metrics {
  const metrics = createMetrics(BUILD);
  const membership = tell(["list a", "a ok"], consulPolicy());
  metrics.requestDone({ method: "PUT", code: 307, seconds: 0.001 });
  metrics.redirected("curl", 1);
  metrics.membershipChanged(membership);
  metrics.ringChanged(HashRing.of(membership.ring));
  metrics.configLoaded(true);
  return metrics;
}
