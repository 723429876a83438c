import fc from "fast-check";
import assert from "node:assert/strict";
import {
  createGroupJoin,
  type GroupJoin,
  type GroupReading,
} from "../../src/pushgateway/group_join.ts";
import { parseJsonGroup } from "../../src/pushgateway/pages/json_group.ts";
import { keyOfLabels, keyOfMetric } from "../../src/pushgateway/pages/series.ts";
import { delimited, type Field, message } from "./pages/protobuf_message.ts";

type Labels = Readonly<Record<string, string>>;

function labelFields(labels: Labels): Field[] {
  return Object.entries(labels).map(([name, value]): Field => [1, [[1, name], [2, value]]]);
}

function gauge(labels: Labels, value: number): Uint8Array {
  return message([...labelFields(labels), [2, [[1, { double: value }]]]]);
}

/** A group as JSON shows it, with gauges of one family. */
function group(labels: Labels, pushTime: number, families: Readonly<Record<string, Labels[]>>) {
  const gauges = (series: Labels[], value = "1") => ({
    type: "GAUGE",
    help: "h",
    metrics: series.map((labels) => ({ labels: { instance: "", ...labels }, value })),
  });
  return parseJsonGroup(JSON.stringify({
    labels,
    last_push_successful: true,
    push_time_seconds: gauges([labels], String(pushTime)),
    ...Object.fromEntries(
      Object.entries(families).map(([name, series]) => [
        name,
        gauges(series.map((more) => ({ ...labels, ...more }))),
      ]),
    ),
  }));
}

const ID = "/metrics/job/a";
const JOB = { instance: "", job: "a" };
const TIME = { name: "push_time_seconds", help: undefined, type: 1 };
const FAMILY = { name: "m", help: new TextEncoder().encode("h"), type: 1 };

function joinOf(...groups: ReturnType<typeof group>[]) {
  const join = createGroupJoin(new Set([ID]));
  for (const group of groups) join.takeGroup(group);
  return join;
}

function readingsOf(join: GroupJoin): Map<string, GroupReading> {
  const work = join.readings();
  for (;;) {
    const { done, value } = work.next();
    if (done) return value;
  }
}

Deno.test("a group is what JSON says of it with the metrics of the page, in the order of JSON", {
  permissions: "none",
}, () => {
  const join = joinOf(
    group({ job: "b" }, 5, { m: [{}] }),
    group({ job: "a" }, 7, { m: [{ l: "1" }, { l: "0" }], none: [] }),
  );
  const metrics = [gauge({ ...JOB, l: "1" }, 1), gauge({ l: "0", ...JOB }, 2)];
  join.takeMetric(metrics[1], FAMILY);
  join.takeMetric(gauge({ ...JOB, l: "0" }, 9), { ...FAMILY, name: "other" });
  join.takeMetric(gauge({ instance: "", job: "b" }, 9), FAMILY);
  join.takeMetric(metrics[0], FAMILY);
  join.takeMetric(gauge(JOB, 7), TIME);
  const body = delimited(
    message([[1, "m"], [2, "h"], [3, 1], [4, metrics[0]], [4, metrics[1]]]),
    message([[1, "none"], [2, "h"], [3, 1]]),
  );
  const readings = readingsOf(join);
  assert.equal(readings.size, 1);
  const reading = readings.get(ID);
  assert(reading?.kind === "content");
  assert.deepEqual(new Uint8Array(reading.content.body), body);
  assert.deepEqual({ ...reading.content, body: undefined }, {
    id: ID,
    pushTime: 7,
    failureTime: 0,
    body: undefined,
    partial: false,
  });
});

for (
  const [why, expected, groups, metrics] of [
    ["a series is missing on the page", /m{instance="",job="a"} is not on/, [{ m: [{}] }], []],
    ["a series is on the page twice", /m{instance="",job="a"} is on .* twice/, [{ m: [{}] }], [
      FAMILY,
      FAMILY,
    ]],
    ["a series is in JSON twice", /in its member's API twice/, [{ m: [{}, {}] }], [FAMILY]],
    ["the types differ", /is a GAUGE, and a COUNTER/, [{ m: [{}] }], [{ ...FAMILY, type: 0 }]],
    ["nobody knows the type", /no type that is known/, [{ m: [{}] }], [{ ...FAMILY, type: 17 }]],
    ["a family has no name", /without a name/, [{ "": [{}] }], [{ ...FAMILY, name: "" }]],
    ["the member has two of that ID", /with an empty instance label and without/, [{}, {}], []],
  ] satisfies [string, RegExp, Record<string, Labels[]>[], (typeof FAMILY)[]][]
) {
  Deno.test(`a group is not copied where ${why}`, { permissions: "none" }, () => {
    const join = joinOf(...groups.map((families) => group({ job: "a" }, 7, families)));
    join.takeMetric(gauge(JOB, 7), TIME);
    for (const head of metrics) join.takeMetric(gauge(JOB, 1), head);
    const reading = readingsOf(join).get(ID);
    assert(reading?.kind === "unfaithful", JSON.stringify(reading));
    assert.match(reading.reason, expected);
  });
}

for (const [why, pushTimes] of [["pushed", [8]], ["deleted", []]] satisfies [string, number[]][]) {
  Deno.test(`a group that was ${why} between both pages has changed`, {
    permissions: "none",
  }, () => {
    const join = joinOf(group({ job: "a" }, 7, { m: [{}] }));
    for (const time of pushTimes) join.takeMetric(gauge(JOB, time), TIME);
    const reading = readingsOf(join).get(ID);
    assert.deepEqual(reading, { kind: "changed", reason: `it was ${why} meanwhile` });
  });
}

Deno.test("a group with the mark of a part is one, though its page shows nothing of it", {
  permissions: "none",
}, () => {
  const join = joinOf(group({ job: "a" }, 7, { dynamic_sharding_partial: [] }));
  join.takeMetric(gauge(JOB, 7), TIME);
  const reading = readingsOf(join).get(ID);
  assert(reading?.kind === "content");
  assert.equal(reading.content.partial, true);
});

Deno.test("when a push of it has failed is as JSON says", { permissions: "none" }, () => {
  const time = (value: string) => ({ type: "GAUGE", metrics: [{ labels: JOB, value }] });
  const json = parseJsonGroup(JSON.stringify({
    labels: { job: "a" },
    push_time_seconds: time("7"),
    push_failure_time_seconds: time("9.5"),
  }));
  const join = joinOf(json);
  join.takeMetric(gauge(JOB, 7), TIME);
  const reading = readingsOf(join).get(ID);
  assert(reading?.kind === "content");
  assert.deepEqual([reading.content.pushTime, reading.content.failureTime], [7, 9.5]);
});

Deno.test("labels have one key in JSON and in protobuf, and different ones have two", {
  permissions: "none",
}, () => {
  const labels = fc.dictionary(
    fc.string({ unit: "grapheme" }).filter((name) => name !== "__proto__"),
    fc.string({ unit: "grapheme" }),
  );
  fc.assert(fc.property(labels, labels, (a, b) => {
    const key = keyOfLabels(Object.entries(a));
    assert.equal(keyOfMetric(message(labelFields(a).reverse())), key);
    const same =
      JSON.stringify(Object.entries(a).sort()) === JSON.stringify(Object.entries(b).sort());
    assert.equal(keyOfLabels(Object.entries(b)) === key, same);
  }));
});
