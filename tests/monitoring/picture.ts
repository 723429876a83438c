/**
 * Draws the picture of the dashboard in the docs, from what a real Prometheus answers:
 *
 *     deno run -A tests/monitoring/picture.ts && deno fmt docs
 *
 * It takes five minutes and writes docs/dashboard.svg.
 *
 * Two instances, which pass on 20 pushes a second of 600 groups, see one Pushgateway come, another
 * one die and return, and the first one leave.
 *
 * @module
 */

import { fileURLToPath } from "node:url";
import { sleep } from "../../src/concurrency/backoff.ts";
import type { Prometheus, Series } from "../../tools/prometheus.ts";
import { waitFor } from "../../tools/wait.ts";
import { askToDrain } from "../seams/members.ts";
import {
  type Dashboard,
  fill,
  type Panel,
  readDashboard,
  rowsOf,
  type Target,
} from "./dashboard.ts";
import { type Answered, type Curve, type DrawnRow, drawRows, type Span } from "./draw.ts";
import { keepPushing, type MonitoredFleet, startMonitoredFleet } from "./fleet.ts";

const PICTURE = fileURLToPath(new URL("../../docs/dashboard.svg", import.meta.url));
const GROUPS = 600;
const PER_SECOND = 20;
const STEP_SECONDS = 4;
const RATE_INTERVAL = "10s";
const STORY_MS = 300_000;

/** The panels that are drawn, row by row; of "Overview" all. */
const DRAWN: Readonly<Record<string, readonly string[]>> = {
  Pushes: ["Pushes by answer", "Time to answer", "Failed attempts by kind"],
  Members: ["Members by state", "Members that answer", "Groups by member"],
  Ring: ["Members of the ring", "Different rings", "Rings published"],
  Handoff: ["Groups out of place", "Groups missing", "Drains"],
  Consul: ["Members can be looked up", "Locks", "Instances"],
  Process: ["CPU", "Memory", "Event loop"],
};

/** What happens, and after how many seconds. */
function storyOf({ useMembers, pushgateways, instances }: MonitoredFleet) {
  const [first, second] = pushgateways;
  return [
    { second: 60, act: () => useMembers(pushgateways) },
    { second: 120, act: () => second.kill9() },
    { second: 180, act: () => second.start() },
    { second: 240, act: () => askToDrain(instances[0], first.address) },
  ];
}

async function record(fleet: MonitoredFleet): Promise<Span> {
  const { prometheus } = fleet;
  const never = new AbortController().signal;
  await waitFor(async () => (await prometheus.query("up == 1")).length === 2, {
    what: "both instances to be scraped",
  });
  const startMs = Date.now();
  for (const { second, act } of storyOf(fleet)) {
    await sleep(startMs + second * 1_000 - Date.now(), never);
    await act();
  }
  await sleep(startMs + STORY_MS - Date.now(), never);
  return { startMs, endMs: startMs + STORY_MS };
}

function nameOf({ legendFormat }: Target, metric: Series["metric"]): string {
  return legendFormat.replace(/\{\{(\w+)\}\}/g, (_, label) => metric[label] ?? "");
}

async function answer(
  panel: Panel,
  { dashboard, prometheus, span }: {
    readonly dashboard: Dashboard;
    readonly prometheus: Prometheus;
    readonly span: Span;
  },
): Promise<Answered> {
  const curves: Curve[] = [];
  for (const target of panel.targets ?? []) {
    const expr = fill(target.expr, dashboard, RATE_INTERVAL);
    const series = await prometheus.range(expr, { ...span, stepSeconds: STEP_SECONDS });
    curves.push(
      ...series.map(({ metric, samples }) => ({ name: nameOf(target, metric), samples })),
    );
  }
  return {
    title: panel.title,
    type: panel.type,
    field: panel.fieldConfig?.defaults ?? {},
    curves,
  };
}

async function answerAll(prometheus: Prometheus, span: Span): Promise<DrawnRow[]> {
  const dashboard = await readDashboard();
  const rows: DrawnRow[] = [];
  for (const [title, panels] of rowsOf(dashboard)) {
    const drawn = panels.filter((panel) => DRAWN[title]?.includes(panel.title) ?? true);
    const answered: Answered[] = [];
    for (const panel of drawn) answered.push(await answer(panel, { dashboard, prometheus, span }));
    rows.push({ title, panels: answered });
  }
  return rows;
}

await using fleet = await startMonitoredFleet(GROUPS);
const over = new AbortController();
const pushing = keepPushing(fleet, { perSecond: () => PER_SECOND, signal: over.signal });
try {
  const span = await Promise.race([record(fleet), pushing]);
  if (!span) throw new Error("expected pushes to the end of the story, found none");
  const svg = drawRows(await answerAll(fleet.prometheus, span), span);
  await Deno.writeTextFile(PICTURE, svg);
  console.log(`${PICTURE}: ${svg.length} bytes`);
} finally {
  over.abort();
  await pushing;
}
