import assert from "node:assert/strict";
import type { ApiGroup } from "../../src/pushgateway/api.ts";
import { findSharedSeries, sharedWith } from "../../src/pushgateway/shared_series.ts";

type Labels = Record<string, string>;

const group = (labels: Labels, families: Record<string, readonly Labels[]>): ApiGroup => ({
  labels,
  last_push_successful: true,
  push_time_seconds: { metrics: [{ labels, value: "1" }] },
  ...Object.fromEntries(
    Object.entries(families).map(([name, series]) => [
      name,
      { type: "GAUGE", metrics: series.map((labels) => ({ labels, value: "1" })) },
    ]),
  ),
});

function find(groups: readonly ApiGroup[], max = 10) {
  const work = findSharedSeries(groups, max);
  for (;;) {
    const { done, value } = work.next();
    if (done) return value;
  }
}

Deno.test("a series that two groups expose is found, with both", { permissions: "none" }, () => {
  const plain = { instance: "", job: "j" };
  const found = find([
    group({ job: "j" }, { s: [{ ...plain, tag: "v" }, { ...plain, tag: "w" }], t: [plain] }),
    group({ job: "j", tag: "v" }, { s: [{ ...plain, tag: "v" }], t: [{ ...plain, tag: "v" }] }),
  ]);
  assert.deepEqual(found, [
    { series: `s{job="j",tag="v"}`, groups: ["/metrics/job/j", "/metrics/job/j/tag/v"] },
  ]);
});

Deno.test("groups whose series differ share none, whatever their push times", {
  permissions: "none",
}, () => {
  assert.deepEqual(
    find([group({ job: "j" }, { s: [{ job: "j" }] }), group({ job: "k" }, { s: [{ job: "k" }] })]),
    [],
  );
});

Deno.test("one series is told of two groups, and no more pairs than there is room for", {
  permissions: "none",
}, () => {
  const series = { job: "j", tag: "v", other: "o" };
  const families = { s: [series], t: [series] };
  const labels: readonly Labels[] = [
    { job: "j" },
    { job: "j", tag: "v" },
    { job: "j", other: "o" },
  ];
  const groups = labels.map((labels) => group(labels, families));
  assert.equal(find(groups).length, 2);
  assert.equal(find(groups, 1).length, 1);
});

const REASON = "pushed metrics are invalid or inconsistent with existing metrics: ";
for (
  const [version, text] of [
    [
      "1.4.0",
      String
        .raw`collected metric "s" { label:<name:"instance" value:"" > label:<name:"job" value:"j" > label:<name:"tag" value:"v\"x" > label:<name:"zz" value:"1" > untyped:<value:1 > } was collected before with the same name and label values`,
    ],
    [
      "1.11.2",
      String
        .raw`collected metric "s" { label:{name:"instance"  value:""}  label:{name:"job"  value:"j"}  label:{name:"tag"  value:"v\"x"}  label:{name:"zz"  value:"1"}  untyped:{value:1}} was collected before with the same name and label values`,
    ],
  ]
) {
  Deno.test(`the group that has a series already is found in the words of Pushgateway ${version}`, {
    permissions: "none",
  }, () => {
    const refusal = { id: "/metrics/job/j", reason: REASON + text };
    assert.deepEqual(sharedWith(refusal, (id) => id === `/metrics/job/j/tag/v"x`), {
      series: String.raw`s{job="j",tag="v\"x",zz="1"}`,
      groups: [`/metrics/job/j/tag/v"x`, "/metrics/job/j"],
    });
    assert.equal(sharedWith(refusal, (id) => id === "/metrics/job/j"), undefined);
    assert.equal(sharedWith(refusal, () => false), undefined);
  });
}

Deno.test("a refusal for another reason tells of no shared series", { permissions: "none" }, () => {
  const reason = `${REASON}collected metric s label:{name:"job" value:"j"} should be a Counter`;
  assert.equal(sharedWith({ id: "/metrics/job/j", reason }, () => true), undefined);
});
