/** The docs list every metric with its type and its labels. @module */

import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { CLIENT_KINDS } from "../../src/http/push/client_kinds.ts";
import { createMetrics } from "../../src/metrics/metrics.ts";
import { BUILD } from "../metrics/samples.ts";
import { consulPolicy, member, tell } from "../membership/story.ts";
import { HashRing } from "../../src/ring/hash_ring.ts";
import { headingsOf, linksOf, rowsOf, sectionOf } from "../docs/markdown.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));
const permissions = { read: [root] };
const read = (name: string) => Deno.readTextFile(`${root}docs/${name}`);

/** What the docs tell of a metric. */
interface Told {
  readonly type: string;
  readonly labels: readonly string[];
}

/** The page of a service to which everything has happened. */
async function wholePage(): Promise<string> {
  const metrics = createMetrics(BUILD);
  const twins = ["list a b", "a ok since 5", "b ok since 5"];
  const membership = tell(twins, consulPolicy());
  metrics.redirected("curl", 1);
  metrics.membershipChanged(membership);
  metrics.ringChanged(HashRing.of(membership.ring));
  metrics.handoff.showDrains(() => [[member("a"), { moved: 1 }]]);
  metrics.handoff.compared({
    groups: new Map([[member("a"), 1]]),
    unreadable: [],
    missing: new Map(),
    duplicates: 0,
  });
  return await metrics.render();
}

/** Every metric of a page, and the labels that its series have. */
function metricsOf(page: string): Record<string, Told> {
  const found: Record<string, Told> = {};
  for (const [, name, type] of page.matchAll(/^# TYPE (\S+) (\S+)$/gm)) {
    const suffix = type === "histogram" ? "_(?:bucket|sum|count)" : "";
    const series = page.matchAll(new RegExp(`^${name}${suffix}(?:\\{(.*)\\})? `, "gm"));
    const labels = [...series].flatMap(([, text = ""]) =>
      [...text.matchAll(/(\w+)="/g)].map(([, label]) => label)
    );
    found[name] = { type, labels: [...new Set(labels)].filter((label) => label !== "le").sort() };
  }
  return found;
}

Deno.test("the docs list the metrics of the service, and no others, with type and labels", {
  permissions,
}, async () => {
  const rows = rowsOf(await read("metrics-and-alerts.md")).filter(([, type]) =>
    ["counter", "gauge", "histogram"].includes(type)
  );
  const told = rows.map(([name, type, labels, meaning]) => {
    assert.notEqual(meaning, "", name);
    const names = [...labels.matchAll(/`(\w+)`/g)].map(([, label]) => label);
    return [name.replaceAll("`", ""), { type, labels: names.sort() }] as const;
  });
  assert.deepEqual(Object.fromEntries(told), metricsOf(await wholePage()));
  assert.equal(new Set(rows.map(([name]) => name)).size, rows.length, "each is listed once");
});

Deno.test("links within the docs lead somewhere", { permissions }, async () => {
  for (const page of ["alerts.md", "metrics-and-alerts.md"]) {
    const text = await read(page);
    for (const link of linksOf(text).filter((target) => !target.includes("://"))) {
      const [file, anchor] = link.split("#");
      if (file !== "") await Deno.stat(`${root}docs/${file}`);
      if (anchor === undefined) continue;
      const anchors = headingsOf(file === "" ? text : await read(file)).map((one) => one.anchor);
      assert(anchors.includes(anchor), `${page}: ${link}`);
    }
  }
});

Deno.test("the docs list each kind of client that redirects are counted by, and no other", {
  permissions,
}, async () => {
  const section = sectionOf(await read("metrics-and-alerts.md"), "Kinds of clients");
  const listed = rowsOf(section).map(([name]) => name.replaceAll("`", ""));
  assert.deepEqual(listed.sort(), CLIENT_KINDS.map(({ name }) => name).sort());
});
