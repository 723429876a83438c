import assert from "node:assert/strict";
import { parseJsonGroup } from "../../../src/pushgateway/pages/json_group.ts";

const GAUGE = { type: "GAUGE", time_stamp: "2026-11-25T00:31:54.75994349Z" };

function time(value: string, labels: Record<string, string> = { instance: "", job: "a" }) {
  return { ...GAUGE, help: "h", metrics: [{ labels, value }] };
}

const GROUP = {
  labels: { job: "a" },
  last_push_successful: true,
  push_time_seconds: time("1.5e+09"),
  push_failure_time_seconds: time("0"),
};

function parse(group: unknown) {
  const { families, has: _, bytes: __, ...rest } = parseJsonGroup(JSON.stringify(group));
  return { ...rest, families: families() };
}

Deno.test("a group tells its labels, times and families", { permissions: "none" }, () => {
  const metrics = [{ labels: { job: "a", l: "v" }, value: "1" }, { labels: {}, buckets: {} }];
  assert.deepEqual(parse({ z: { ...GAUGE, metrics }, b: { ...time("1") }, ...GROUP }), {
    labels: [["job", "a"]],
    hasEmptyInstance: false,
    pushTime: 1.5e9,
    pushTimeLabels: [["instance", ""], ["job", "a"]],
    failureTime: 0,
    families: [
      { name: "b", type: "GAUGE", help: "h", series: [[["instance", ""], ["job", "a"]]] },
      { name: "z", type: "GAUGE", help: undefined, series: [[["job", "a"], ["l", "v"]], []] },
    ],
  });
});

Deno.test("metrics that hide the labels are families, and the push time has the labels", {
  permissions: "none",
}, () => {
  const metric = { ...GAUGE, metrics: [{ labels: { job: "a" }, value: "1" }] };
  const hidden = parse({ ...GROUP, labels: metric, last_push_successful: metric });
  assert.deepEqual(hidden.labels, [["job", "a"]]);
  assert.equal(hidden.hasEmptyInstance, false, "the push time's may have been added there");
  assert.deepEqual(
    hidden.families.map(({ name }) => name),
    ["labels", "last_push_successful"].sort(),
  );
});

Deno.test("an empty instance is told where it is the group's own", { permissions: "none" }, () => {
  const of = (labels: Record<string, string>) => parse({ ...GROUP, labels }).hasEmptyInstance;
  assert.equal(of({ job: "a", instance: "" }), true);
  assert.equal(of({ job: "a", instance: "x" }), false);
});

Deno.test("a group tells which families it has, and nothing that every object has", {
  permissions: "none",
}, () => {
  const group = parseJsonGroup(JSON.stringify({ ...GROUP, m: { ...GAUGE, metrics: [] } }));
  assert.deepEqual(["m", "push_time_seconds", "n", "toString"].map(group.has), [
    true,
    true,
    false,
    false,
  ]);
});

Deno.test("labels that are named as the parts of a metric are labels", {
  permissions: "none",
}, () => {
  const labels = { job: "a", type: "GAUGE", help: "h", metrics: "[]", time_stamp: "" };
  const group = parse({ ...GROUP, labels });
  assert.deepEqual([group.labels.length, group.families], [5, []]);
});

Deno.test("a failure time that was pushed counts, and one that is missing does not", {
  permissions: "none",
}, () => {
  const pushed = { ...GROUP, push_failure_time_seconds: time("12.5", { x: "y" }) };
  assert.equal(parse(pushed).failureTime, 12.5);
  const { push_failure_time_seconds: _, ...old } = GROUP;
  assert.equal(parse(old).failureTime, 0);
});

for (
  const [why, group] of [
    ["a text", "x"],
    ["a group without a push time", { labels: { job: "a" } }],
    ["a group whose push time has no series", {
      ...GROUP,
      push_time_seconds: { ...GAUGE, metrics: [] },
    }],
    ["a group with a number for a family", { ...GROUP, m: 1 }],
  ]
) {
  Deno.test(`${why} is no group of the API`, { permissions: "none" }, () => {
    assert.throws(() => parse(group), TypeError);
  });
}
