/** Series of a member are there as long as the member is. @module */

import assert from "node:assert/strict";
import { createMetrics, type Metrics } from "../../src/metrics/metrics.ts";
import { HashRing } from "../../src/ring/hash_ring.ts";
import { consulPolicy, member, RUNNING_POLICY, tell } from "../membership/story.ts";
import { BUILD, samples } from "./samples.ts";

const permissions = "none";
const BOTH_UP = ["list a b", "a ok", "b ok"];

/** The metrics of a service with a membership and its ring, and then with others. */
function metricsAfter(...stories: readonly (readonly string[])[]): Metrics {
  const metrics = createMetrics(BUILD);
  for (const events of stories) show(metrics, events);
  return metrics;
}

function show(metrics: Metrics, events: readonly string[], policy = consulPolicy()): void {
  const membership = tell(events, policy);
  metrics.membershipChanged(membership);
  metrics.ringChanged(HashRing.of(membership.ring));
}

/** The members that have series of a metric. */
async function membersOf(metrics: Metrics, name: string): Promise<string[]> {
  const labels = Object.keys(await samples(metrics, name));
  return [...new Set(labels.map((text) => /member="(\w+):/.exec(text)?.[1] ?? ""))].sort();
}

Deno.test("a member of the ring has its series of failures before the first one", {
  permissions,
}, async () => {
  const failures = await samples(metricsAfter(BOTH_UP), "upstream_failures_total");
  assert.equal(failures['{member="a:9091",kind="refused"}'], 0);
  assert.equal(failures['{member="b:9091",kind="timeout"}'], 0);
});

Deno.test("the failures of a member that is gone are forgotten, and those of the others stay", {
  permissions,
}, async () => {
  const metrics = metricsAfter(BOTH_UP);
  for (const name of ["a", "b"]) metrics.upstreamFailed(member(name), "refused");
  show(metrics, ["list a", "a ok"]);
  assert.deepEqual(await membersOf(metrics, "upstream_failures_total"), ["a"]);
  const failures = await samples(metrics, "upstream_failures_total");
  assert.equal(failures['{member="a:9091",kind="refused"}'], 1);
});

Deno.test("a push that fails after its member has gone leaves no series for ever", {
  permissions,
}, async () => {
  const metrics = metricsAfter(["list a", "a ok"]);
  metrics.upstreamFailed(member("b"), "reset");
  assert.deepEqual(await membersOf(metrics, "upstream_failures_total"), ["a", "b"]);
  show(metrics, ["list a", "a ok"]);
  assert.deepEqual(await membersOf(metrics, "upstream_failures_total"), ["a"]);
});

Deno.test("a member that departs and is listed no more loses its member_up", {
  permissions,
}, async () => {
  const metrics = metricsAfter([...BOTH_UP, "b refused"]);
  assert.deepEqual(await samples(metrics, "member_up"), {
    '{member="a:9091"}': 1,
    '{member="b:9091"}': 0,
  });
  show(metrics, ["list a", "a ok"]);
  assert.deepEqual(await membersOf(metrics, "member_up"), ["a"]);
});

Deno.test(
  "a member that is dead and not listed, where those alone that run are, has no member_up",
  {
    permissions,
  },
  async () => {
    const metrics = createMetrics(BUILD);
    show(metrics, [...BOTH_UP, "b refused"], RUNNING_POLICY);
    assert.deepEqual(await membersOf(metrics, "member_up"), ["a", "b"]);
    show(metrics, [...BOTH_UP, "b refused", "list a"], RUNNING_POLICY);
    assert.deepEqual(await membersOf(metrics, "member_up"), ["a"]);
  },
);

Deno.test("a member that is the same Pushgateway as another one is shown as such while it is", {
  permissions,
}, async () => {
  const twins = ["list a b", "a ok since 5", "b ok since 5"];
  const metrics = metricsAfter(twins);
  assert.deepEqual(await samples(metrics, "member_alias"), {
    '{member="a:9091"}': 0,
    '{member="b:9091",same_as="a:9091"}': 1,
  });
  show(metrics, [...twins, "list a"]);
  const aliases = Object.values(await samples(metrics, "member_alias"));
  assert(!aliases.includes(1), "it is listed no more");
  show(metrics, [...twins, "b ok since 6"]);
  assert.deepEqual(await samples(metrics, "member_alias"), {
    '{member="a:9091"}': 0,
    '{member="b:9091"}': 0,
  });
});

Deno.test("a member to which no push is under way has a series of that, too", {
  permissions,
}, async () => {
  const metrics = metricsAfter(BOTH_UP);
  metrics.showInFlight(() => new Map([[member("b"), 3]]));
  assert.deepEqual(await samples(metrics, "upstream_in_flight"), {
    '{member="a:9091"}': 0,
    '{member="b:9091"}': 3,
  });
});

Deno.test("what handoff has compared shows the members that it was compared of, and no others", {
  permissions,
}, async () => {
  const metrics = createMetrics(BUILD);
  const [a, b] = [member("a"), member("b")];
  metrics.handoff.compared({
    groups: new Map([[a, 3], [b, 5]]),
    unreadable: [a],
    missing: new Map([[b, 2]]),
    duplicates: 1,
  });
  assert.deepEqual(await samples(metrics, "handoff_groups"), {
    '{member="a:9091"}': 3,
    '{member="b:9091"}': 5,
  });
  assert.deepEqual(await samples(metrics, "handoff_member_unreadable"), {
    '{member="a:9091"}': 1,
    '{member="b:9091"}': 0,
  });
  assert.deepEqual(await samples(metrics, "handoff_missing_groups"), {
    '{member="a:9091"}': 0,
    '{member="b:9091"}': 2,
  });
  assert.deepEqual(await samples(metrics, "handoff_duplicates"), { "": 1 });
  metrics.handoff.compared({
    groups: new Map([[a, 4]]),
    unreadable: [],
    missing: new Map(),
    duplicates: 0,
  });
  assert.deepEqual(await samples(metrics, "handoff_groups"), { '{member="a:9091"}': 4 });
  assert.deepEqual(await samples(metrics, "handoff_member_unreadable"), { '{member="a:9091"}': 0 });
  assert.deepEqual(await samples(metrics, "handoff_missing_groups"), { '{member="a:9091"}': 0 });
  assert.deepEqual(await samples(metrics, "handoff_duplicates"), { "": 0 });
});

Deno.test("a drain's groups are shown by state at each scrape, until its member is gone", {
  permissions,
}, async () => {
  const metrics = createMetrics(BUILD);
  assert.deepEqual(await samples(metrics, "handoff_drain_groups"), {});
  const drains = new Map([[member("a"), { moved: 2, left: 1 }]]);
  metrics.handoff.showDrains(() => drains);
  assert.deepEqual(await samples(metrics, "handoff_drain_groups"), {
    '{member="a:9091",state="moved"}': 2,
    '{member="a:9091",state="left"}': 1,
  });
  drains.clear();
  assert.deepEqual(await samples(metrics, "handoff_drain_groups"), {});
});
