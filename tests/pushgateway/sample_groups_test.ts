import fc from "fast-check";
import assert from "node:assert/strict";
import { groupId, groupOfLabels } from "../../src/group/group.ts";
import type { LabelPairs } from "../../src/pushgateway/pages/json_group.ts";
import { binary } from "../../src/pushgateway/pages/series.ts";
import { type FindGroup, learnGroups } from "../../src/pushgateway/sample_groups.ts";

const permissions = "none";
const asItIs = (name: string) => name;

function finder(ids: readonly string[], escape = asItIs): FindGroup {
  const learning = learnGroups(ids);
  for (;;) {
    const { done, value } = learning.next();
    if (done) return value(escape);
  }
}

const idOf = (labels: Readonly<Record<string, string>>) =>
  groupId(groupOfLabels(Object.entries(labels)));

/** As they are on a page. */
const onPage = (labels: Readonly<Record<string, string>>): LabelPairs =>
  Object.entries({ instance: "", ...labels }).map(([name, value]) => [binary(name), binary(value)]);

const FOUND: readonly [
  why: string,
  groups: readonly Readonly<Record<string, string>>[],
  sample: Readonly<Record<string, string>>,
  group: Readonly<Record<string, string>> | undefined,
][] = [
  ["a group without labels", [{ job: "a" }], { job: "a" }, { job: "a" }],
  ["beside the sample's own labels", [{ job: "a" }], { job: "a", x: "1" }, { job: "a" }],
  ["another job", [{ job: "a" }], { job: "b" }, undefined],
  ["another value", [{ job: "a", env: "x" }], { job: "a", env: "y" }, undefined],
  ["an own `instance`", [{ job: "a" }], { job: "a", instance: "i" }, { job: "a" }],
  [
    "the group with the most labels",
    [{ job: "a" }, { job: "a", env: "x", zone: "z" }, { job: "a", env: "x" }],
    { job: "a", env: "x", zone: "y" },
    { job: "a", env: "x" },
  ],
  ["values with slashes", [{ job: "a/b", dir: "/%2F" }], { job: "a/b", dir: "/%2F" }, {
    job: "a/b",
    dir: "/%2F",
  }],
  ["names and values in UTF-8", [{ job: "é", "la.bel": "\u{1f600}" }], {
    job: "é",
    "la.bel": "\u{1f600}",
  }, { job: "é", "la.bel": "\u{1f600}" }],
  ["a sample that was not pushed", [{ job: "a" }], { code: "200" }, undefined],
];
for (const [why, groups, sample, group] of FOUND) {
  Deno.test(`the group of a sample: ${why}`, { permissions }, () => {
    const ids = groups.map(idOf);
    assert.equal(
      finder(ids)(onPage(sample), (id) => ids.includes(id)),
      group && idOf(group),
    );
  });
}

Deno.test("names are looked for as they are written on the page", { permissions }, () => {
  const id = idOf({ job: "a", "la.bel": "x" });
  const find = finder([id], (name) => name.replaceAll(".", "_"));
  assert.equal(find(onPage({ job: "a", la_bel: "x" }), () => true), id);
});

Deno.test(
  "of the groups with these labels only one is found that is known",
  { permissions },
  () => {
    const [small, large] = [idOf({ job: "a" }), idOf({ job: "a", env: "x" })];
    const find = finder([small, large]);
    const sample = onPage({ job: "a", env: "x" });
    assert.equal(find(sample, (id) => id === small), small);
    assert.equal(find(sample, () => false), undefined);
  },
);

Deno.test("the group of every sample is found, whatever its labels", { permissions }, () => {
  const label = fc.string().filter((name) => name !== "job" && name !== "instance");
  const labels = fc.dictionary(label, fc.string()).map((labels) => ({ ...labels, job: "a" }));
  fc.assert(
    fc.property(fc.array(labels, { minLength: 1 }), fc.nat(), (groups, n) => {
      const ids = groups.map(idOf);
      const group = groups[n % groups.length];
      const sample = onPage({ ...group, "its own": "label" });
      assert.equal(finder(ids)(sample, (id) => id === idOf(group)), idOf(group));
    }),
  );
});
