/** What moving groups costs, and what pushes feel of it, as rows of the table. @module */

import type { BuildName, ByBuild } from "./handoff_builds.ts";
import type { DrainResult } from "./handoff_drain.ts";
import type { DrainsAtFill } from "./handoff_drains.ts";
import type { ReturnedResult } from "./handoff_returned.ts";
import { faultsRow, ofBuild, one, readRows, stallRow } from "./handoff_row.ts";
import type { ScaleOutResult } from "./handoff_scale_out.ts";
import { quantile } from "./spread.ts";
import type { Row } from "./table.ts";

/** Of the pushes that a Pushgateway takes directly. */
const RATE_LEAST = { unchecked: 0.1, checked: 0.7 };
const LARGE_SECONDS_REACH = 180;
const LARGE_MB_REACH = 500;
const PUSH_MS_REACH = 250;
const LONGEST_PUSH_MS_REACH = 1_000;
/** Whole reads of a member for a drain, beside those that follow a change. */
const READS_REACH = 5;
const SCALE_OUT_SECONDS_REACH = 60;
const RETURNED_SECONDS_REACH = 10;

/** Rows of drains beside direct pushes. */
export function drainsRows(kind: keyof typeof RATE_LEAST, results: readonly DrainsAtFill[]): Row[] {
  return results.flatMap(({ groups, builds }) =>
    eachBuild(builds, (build, { drain, direct }) => {
      const name = `drain at ${groups}, ${kind}, ${build}`;
      const figures: Figure[] = [
        ["direct pushes a second", direct, "", 1],
        ["groups a second", drain.rate, "", 1],
        ["groups a second / direct pushes", drain.rate / direct, "×", 3],
      ];
      const rows = rowsOf(name, figures);
      const ratio = { ...rows[2], least: RATE_LEAST[kind] };
      return [rows[0], rows[1], ratio, ...drainRows(name, drain)];
    })
  );
}

/** Rows of a drain under pushes. */
export function largeDrainRows(results: ByBuild<DrainResult>): Row[] {
  return eachBuild(results, (build, drain) => {
    const [seconds, ...others] = underPushesRows(`drain under pushes, ${build}`, drain);
    return [{ ...seconds, reach: LARGE_SECONDS_REACH }, ...others];
  });
}

/** Rows of a drain by one of two instances, under pushes through the other one. */
export function pairDrainRows(results: ByBuild<DrainResult>): Row[] {
  return eachBuild(
    results,
    (build, drain) => underPushesRows(`drain, two instances, ${build}`, drain),
  );
}

/** The first is the time. */
function underPushesRows(what: string, drain: DrainResult): Row[] {
  const name = `${what}: ${drain.groups} groups`;
  const peak: Figure = ["peak memory", drain.peakBytes / 1e6, "MB", 0];
  return [
    ...drainRows(name, drain),
    ...rowsOf(name, [["groups a second", drain.rate, "", 1]]),
    { ...rowsOf(name, [peak])[0], reach: LARGE_MB_REACH },
    ...pushRows(name, {
      latenciesMs: drain.pushes.map(({ ms }) => ms),
      refused: drain.pushes.filter(({ ok }) => !ok).length,
    }, LONGEST_PUSH_MS_REACH),
  ];
}

/** Rows of how often members are read whole for a drain. */
export function countedDrainRows(results: ByBuild<DrainResult>): Row[] {
  return eachBuild(results, (build, { groups, moved, reads, faults }) => {
    const name = `drain of ${groups}, ${build}`;
    const most = Math.max(...reads.map(({ text, json, protobuf }) => text + json + protobuf));
    const figure: Figure = ["full reads of the member that is read most", most, "", 0];
    return [
      ...rowsOf(name, [["groups moved", moved, "", 0]]),
      ...readRows(name, reads),
      { ...rowsOf(name, [figure])[0], reach: READS_REACH },
      faultsRow(name, faults, moved === groups),
    ];
  });
}

/** Rows of a member more. */
export function scaleOutRows(results: ByBuild<ScaleOutResult>): Row[] {
  return eachBuild(results, (build, result) => {
    const { reads, misplaced, left, seconds, stalls } = result;
    const name = `scale-out, ${build}`;
    const until = `until none is misplaced${left > 0 ? TIME_UP : ""}`;
    const figures: Figure[] = [["misplaced groups", misplaced, "", 0], [
      "groups left",
      left,
      "",
      0,
    ]];
    return [
      ...rowsOf(name, figures),
      { ...rowsOf(name, [[until, seconds, "s", 0]])[0], reach: SCALE_OUT_SECONDS_REACH },
      ...readRows(name, reads),
      ...pushRows(name, result),
      stallRow(name, stalls),
    ];
  });
}

/** Rows of a member that comes back. */
export function returnedRows(results: ByBuild<ReturnedResult>): Row[] {
  return eachBuild(results, (build, { groups, back, seconds, stalls, faults }) => {
    const name = `return with ${groups} stale copies, ${build}`;
    const until = `until it is in the ring${back ? "" : TIME_UP}`;
    return [
      { ...rowsOf(name, [[until, seconds, "s", 1]])[0], reach: RETURNED_SECONDS_REACH },
      stallRow(name, stalls),
      faultsRow(name, faults, back),
    ];
  });
}

const TIME_UP = " (the time was up)";

/** A figure, what was measured once, its unit, and its digits. */
type Figure = readonly [string, number, string, number];

function rowsOf(name: string, figures: readonly Figure[]): Row[] {
  return figures.map(([figure, value, unit, digits]) => (
    { figure: `${name}: ${figure}`, measured: one(value), unit, digits }
  ));
}

function eachBuild<T>(results: ByBuild<T>, rows: (build: BuildName, result: T) => Row[]): Row[] {
  return [...results].flatMap(([build, result]) => ofBuild(build, rows(build, result)));
}

/** The first is the time. */
function drainRows(name: string, drain: DrainResult): Row[] {
  const { groups, moved, seconds, stalls, faults } = drain;
  const ms = (seconds: number) => seconds * 1_000 / moved;
  const figures: Figure[] = [
    [`until it is empty${moved < groups ? TIME_UP : ""}`, seconds, "s", 1],
    ["groups moved", moved, "", 0],
    ["CPU a group", ms(drain.cpuSeconds), "ms", 2],
    ["Pushgateways' CPU a group", ms(drain.gatewaysCpuSeconds), "ms", 2],
  ];
  return [
    ...rowsOf(name, figures),
    stallRow(name, stalls),
    faultsRow(name, faults, moved === groups),
  ];
}

function pushRows(
  name: string,
  { latenciesMs, refused }: Pick<ScaleOutResult, "latenciesMs" | "refused">,
  longestReach?: number,
): Row[] {
  const rows = rowsOf(name, [
    ["pushes", latenciesMs.length, "", 0],
    ["pushes refused", refused, "", 0],
  ]);
  if (latenciesMs.length === 0) return rows;
  const ms = (part: number) => quantile(latenciesMs, part);
  const [p50, p99, longest] = rowsOf(name, [
    ["push p50", ms(0.5), "ms", 0],
    ["push p99", ms(0.99), "ms", 0],
    ["longest push", ms(1), "ms", 0],
  ]);
  return [...rows, p50, { ...p99, reach: PUSH_MS_REACH }, {
    ...longest,
    ...(longestReach !== undefined && { reach: longestReach }),
  }];
}
