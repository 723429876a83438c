/** The alerting rules say what an operator needs, and the docs know each of them. @module */

import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { READS_YAML } from "../config/permissions.ts";
import { headingsOf } from "../docs/markdown.ts";
import { readAlerts, readAlertTests, RULES } from "./rules.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));
const permissions = { ...READS_YAML, read: [root] };
/** What stands for the address of the docs: a name that cannot be anybody's. */
const HOME = "https://dynamic-sharding.example/";
const SEVERITIES = ["critical", "warning", "info"];

Deno.test("each alert has a severity, a time, and two texts that are sentences", {
  permissions,
}, async () => {
  for (const { alert, for: time, labels, annotations } of await readAlerts()) {
    assert(SEVERITIES.includes(labels.severity), `${alert}: ${labels.severity}`);
    assert.match(time, /^\d+[sm]$/, alert);
    for (const text of [annotations.summary, annotations.description]) {
      assert.match(text, /^\S.*\.$/, `${alert}: ${text}`);
    }
  }
});

Deno.test("each runbook_url leads to a section of the docs, and each section is about an alert", {
  permissions,
}, async () => {
  const alerts = await readAlerts();
  const page = await Deno.readTextFile(`${root}docs/alerts.md`);
  const sections = headingsOf(page).filter(({ level }) => level === 3);
  assert.deepEqual(
    sections.map(({ text }) => text),
    alerts.map(({ alert }) => alert),
    "the docs have a section for each alert, in the order of the rules",
  );
  assert.deepEqual(
    alerts.map(({ annotations }) => annotations.runbook_url),
    sections.map(({ anchor }) => `${HOME}docs/alerts.md#${anchor}`),
  );
});

Deno.test("each section says what it means for pushes, what to look at, and what to do", {
  permissions,
}, async () => {
  const page = await Deno.readTextFile(`${root}docs/alerts.md`);
  for (const section of page.split("\n### ").slice(1)) {
    for (const part of ["Pushes", "Look at", "Do"]) {
      assert(section.includes(`\n- **${part}:** `), `${section.split("\n")[0]}: ${part}`);
    }
  }
});

Deno.test("promtool is told when each alert fires, and when it does not yet", {
  permissions,
}, async () => {
  const tests = await readAlertTests();
  for (const { alert } of await readAlerts()) {
    const numbers = tests.filter(({ alertname }) => alertname === alert)
      .map(({ exp_alerts }) => exp_alerts.length);
    assert(numbers.includes(0) && numbers.some((number) => number > 0), alert);
  }
});

Deno.test("a rate is compared for longer than its range, so that what a restart leaves is over", {
  permissions,
}, async () => {
  for (const { alert, expr, for: time } of await readAlerts()) {
    // Each pair of groups is counted once: there is nothing to wait for.
    if (alert === "PushgatewaySharedSeries") continue;
    const ranges = [...expr.matchAll(/(?:rate|increase)\([^[]*\[(\d+)m\]/g)];
    for (const [, minutes] of ranges) assert(parseInt(time) > Number(minutes), alert);
  }
});

Deno.test("the address that stands for that of the docs is the same everywhere", {
  permissions,
}, async () => {
  const text = await Deno.readTextFile(RULES);
  assert.deepEqual([...new Set(text.match(/https?:\/\/[^/\s]+\//g))], [HOME]);
});
