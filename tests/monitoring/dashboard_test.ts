/** The dashboard is complete, and works for whoever imports it. @module */

import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { createMetrics } from "../../src/metrics/metrics.ts";
import { buildInfo } from "../../src/build.ts";
import { DASHBOARD, type Panel, queriesOf, readDashboard, rowsOf } from "./dashboard.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));
const permissions = { read: [root] };
const ROWS = ["Overview", "Pushes", "Members", "Ring", "Handoff", "Consul", "Process"];
const UNITS = [
  "bytes",
  "dateTimeFromNow",
  "none",
  "ops",
  "percentunit",
  "reqps",
  "s",
  "suffix: groups/s",
];
const WIDTH = 24;
const PICTURE_BYTES_MAX = 60_000;

Deno.test("the dashboard has its rows, and panels in each", { permissions }, async () => {
  const rows = rowsOf(await readDashboard());
  assert.deepEqual([...rows.keys()], ROWS);
  for (const [row, panels] of rows) assert(panels.length >= 4, row);
});

Deno.test("each panel says in words what it shows, in a known unit, and names its curves", {
  permissions,
}, async () => {
  for (const panel of [...rowsOf(await readDashboard()).values()].flat()) {
    const { title, description = "", targets = [], fieldConfig } = panel;
    assert.match(title, /^[A-Z]/);
    assert.match(description, /^[A-Z].*\.$/, title);
    assert(targets.length > 0, title);
    for (const { legendFormat } of targets) {
      assert(legendFormat !== "" && legendFormat !== "__auto", title);
    }
    const { unit, mappings } = fieldConfig?.defaults ?? {};
    if (panel.type === "state-timeline") assert(mappings?.length === 1, title);
    else assert(UNITS.includes(unit ?? ""), `${title}: ${unit}`);
  }
});

Deno.test("panels have numbers of their own, and none lies on another one", {
  permissions,
}, async () => {
  const { panels } = await readDashboard();
  assert.equal(new Set(panels.map(({ id }) => id)).size, panels.length);
  const taken = new Map<string, string>();
  for (const { title, gridPos: { x, y, w, h } } of panels) {
    assert(x >= 0 && x + w <= WIDTH, title);
    for (let dx = 0; dx < w; dx++) {
      for (let dy = 0; dy < h; dy++) {
        const cell = `${x + dx} ${y + dy}`;
        assert(!taken.has(cell), `${title} lies on ${taken.get(cell)}`);
        taken.set(cell, title);
      }
    }
  }
});

Deno.test("every query goes to the data source that is chosen, and to no other", {
  permissions,
}, async () => {
  const dashboard = await readDashboard();
  assert.equal(dashboard.schemaVersion, 36, "that of Grafana 9.0");
  const chosen = { type: "prometheus", uid: "${datasource}" };
  const sourcesOf = ({ datasource, targets = [] }: Panel) => [
    ...(datasource ? [datasource] : []),
    ...targets.map((target) => target.datasource),
  ];
  const used = [
    ...dashboard.panels.flatMap(sourcesOf),
    ...dashboard.annotations.list.map((one) => one.datasource),
  ];
  for (const source of used) assert.deepEqual(source, chosen);
  const [first, ...others] = dashboard.templating.list;
  assert.deepEqual([first.type, first.name, first.query], [
    "datasource",
    "datasource",
    "prometheus",
  ]);
  assert.deepEqual(others.map(({ name }) => name), ["job", "instance", "member"]);
  const ids = (await Deno.readTextFile(DASHBOARD)).match(/"uid": "[^"]*"/g);
  assert.deepEqual([...new Set(ids)].sort(), [
    '"uid": "${datasource}"',
    '"uid": "dynamic-sharding"',
  ]);
});

Deno.test("every query can be narrowed to a job and an instance, and is filled in whole", {
  permissions,
}, async () => {
  const dashboard = await readDashboard();
  for (const { title, targets = [] } of dashboard.panels) {
    for (const { expr } of targets) {
      const selectors = [...expr.matchAll(/\w+(\{[^}]*\})?(?=[[\s)*]|$)/g)]
        .filter(([text]) => /^(dynamic_sharding_|process_|up\b)/.test(text));
      assert(selectors.length > 0, `${title}: ${expr}`);
      for (const [, labels = ""] of selectors) {
        assert(labels.includes('job=~"$job",instance=~"$instance"'), `${title}: ${expr}`);
      }
    }
  }
  for (const { of, expr } of queriesOf(dashboard, "1m")) {
    assert(!expr.includes("$"), `${of}: ${expr}`);
  }
});

Deno.test("every metric of the service is on the dashboard", { permissions }, async () => {
  const text = await createMetrics(buildInfo()).render();
  const metrics = [...text.matchAll(/^# TYPE (\S+) /gm)].map(([, name]) => name);
  const asked = queriesOf(await readDashboard(), "1m").map(({ expr }) => expr).join("\n");
  const missing = metrics.filter((name) => !new RegExp(`\\b${name}(_bucket)?\\b`).test(asked));
  assert.deepEqual(missing, []);
});

Deno.test("the picture in the docs has panels that the dashboard has, and is small", {
  permissions,
}, async () => {
  const svg = await Deno.readTextFile(`${root}docs/dashboard.svg`);
  assert(svg.length < PICTURE_BYTES_MAX, `${svg.length} bytes`);
  const drawn = [...svg.matchAll(/class="title">([^<]*)</g)].map(([, title]) => title);
  const titles = new Set((await readDashboard()).panels.map(({ title }) => title));
  assert(drawn.length > ROWS.length);
  assert.deepEqual(drawn.filter((title) => !titles.has(title)), []);
});
