/** What `/sd` lists, and with which labels. */

import assert from "node:assert/strict";
import { answerSd, type SdOptions } from "../../../src/http/api/sd.ts";
import type { Snapshot } from "../../../src/http/snapshot.ts";
import { HashRing } from "../../../src/ring/hash_ring.ts";
import { consulPolicy, member, tell, withHandoff } from "../../membership/story.ts";
import { answerOf } from "../messages.ts";
import { view } from "../view.ts";

const permissions = "none";
const ALL_UP = ["list a b c", "a ok", "b ok", "c ok"];
const ACTIVE = { __meta_dynamic_sharding_state: "active", __meta_dynamic_sharding_weight: "1" };
const OPTIONS: SdOptions = {
  awaitsDiscovery: false,
  upstream: { scheme: "http", routePrefix: "" },
};

function listed(snapshot: Snapshot, upstream: SdOptions["upstream"] = OPTIONS.upstream) {
  return answerOf(answerSd(snapshot, { ...OPTIONS, upstream })).json();
}

Deno.test("/sd lists members with the same labels in one group, as Prometheus wants them", {
  permissions,
}, async () => {
  const answer = answerOf(answerSd(view(...ALL_UP), OPTIONS));
  assert.equal(answer.status, 200);
  assert.equal(answer.headers.get("content-type"), "application/json; charset=utf-8");
  assert.deepEqual(await answer.json(), [
    { targets: ["a:9091", "b:9091", "c:9091"], labels: ACTIVE },
  ]);
});

const WAYS: readonly [
  how: string,
  upstream: SdOptions["upstream"],
  labels: Record<string, string>,
][] = [
  ["https", { scheme: "https", routePrefix: "" }, { __scheme__: "https" }],
  [
    "a route prefix",
    { scheme: "http", routePrefix: "/pushgateway" },
    { __metrics_path__: "/pushgateway/metrics" },
  ],
  ["https and a route prefix", { scheme: "https", routePrefix: "/a/b" }, {
    __scheme__: "https",
    __metrics_path__: "/a/b/metrics",
  }],
];
for (const [how, upstream, labels] of WAYS) {
  Deno.test(`/sd tells that members are reached by ${how}`, { permissions }, async () => {
    assert.deepEqual(await listed(view("list a", "a ok"), upstream), [
      { targets: ["a:9091"], labels: { ...labels, ...ACTIVE } },
    ]);
  });
}

Deno.test("/sd tells state and weight, and groups by them in the order of the members", {
  permissions,
}, async () => {
  const events = ["list a b*3 c d", ...["a", "b", "c", "d"].flatMap(swept), "mark a"];
  const membership = tell(events, withHandoff(consulPolicy("")));
  const snapshot = { membership, ring: HashRing.of(membership.ring) };
  const labels = (state: string, weight: string) => ({
    __meta_dynamic_sharding_state: state,
    __meta_dynamic_sharding_weight: weight,
  });
  assert.deepEqual(await listed(snapshot), [
    { targets: ["a:9091"], labels: labels("draining", "1") },
    { targets: ["b:9091"], labels: labels("active", "3") },
    { targets: ["c:9091", "d:9091"], labels: labels("active", "1") },
  ]);
});

Deno.test("/sd tells the datacenter where discovery has", { permissions }, async () => {
  const { membership, ring } = view("list a b", "a ok", "b ok");
  const records = new Map(membership.records);
  const record = records.get(member("b"));
  assert(record?.listing);
  records.set(member("b"), { ...record, listing: { ...record.listing, datacenter: "dc1" } });
  assert.deepEqual(await listed({ membership: { ...membership, records }, ring }), [
    { targets: ["a:9091"], labels: ACTIVE },
    { targets: ["b:9091"], labels: { ...ACTIVE, __meta_dynamic_sharding_datacenter: "dc1" } },
  ]);
});

const UNKNOWN_TO_SD: readonly [why: string, events: string[], awaitsDiscovery: boolean][] = [
  ["before the first look-up", [], true],
  ["while the first members have no verdict", ["list a"], false],
  ["with no server in Consul nor in a ring", ["look-up fails"], false],
  ["while discovery has told nothing and the ring is a former one", ALL_UP, true],
];
for (const [why, events, awaitsDiscovery] of UNKNOWN_TO_SD) {
  Deno.test(`/sd is 503 and never [] ${why}`, { permissions }, async () => {
    const answer = answerOf(answerSd(view(...events), { ...OPTIONS, awaitsDiscovery }));
    assert.equal(answer.status, 503);
    assert.doesNotMatch(await answer.text(), /\[/);
  });
}

Deno.test("/sd keeps listing a ring that is kept", { permissions }, async () => {
  const [group, ...more] = await listed(view(...ALL_UP, "list"));
  assert.deepEqual([group.targets, more], [["a:9091", "b:9091", "c:9091"], []]);
});

function swept(name: string): string[] {
  return [`${name} ok`, `${name} admitted`];
}
