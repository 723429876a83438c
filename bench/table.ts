/** Puts what was measured beside what was aimed at, as text. @module */

import { type BinaryResult, PROGRAMS } from "./binary.ts";
import type { LoadResult } from "./load.ts";
import type { MicroResult } from "./micro.ts";
import type { ProxyResult } from "./proxy.ts";
import { PROXY_TARGETS } from "./proxy_targets.ts";
import { type ReuseResult, SHARERS } from "./reuse.ts";
import type { Round, Sample } from "./sample.ts";
import type { ShardsResult } from "./shards.ts";
import { quantile, type Spread, spread } from "./spread.ts";
import { TARGETS } from "./targets.ts";

/** One line of the table. */
export interface Row {
  readonly figure: string;
  readonly measured: Spread;
  readonly unit: string;
  readonly digits: number;
  /** The most that it should be. */
  readonly reach?: number;
  /** The least that it should be, in the place of that. */
  readonly least?: number;
}

const BUILD = /^HashRing\.of /;
const MICRO_REACH: Readonly<Record<string, number>> = {
  "HashRing.of 1000": 500, // ms
  "ownerOf 1000": 300, // ns
};
const LOAD_CPU_REACH: Readonly<Record<string, number>> = {
  "ours/1.0.0": 0.7,
  "ours/bare": 1,
  "ours/nginx": 1.2,
};
const PROXY_CPU_REACH: Readonly<Record<string, number>> = {
  "ours/1.0.0": 0.6,
  "ours/nginx": 1.3,
  "ours/haproxy": 1.5,
};
const HALF_P99_REACH: Readonly<Record<string, number>> = { ours: 10 }; // ms
/** What a client feels that does not push as fast as it can. */
const HALF_P99_RATIO_REACH: Readonly<Record<string, number>> = { "ours/nginx": 2 };

const START_MS_REACH = 300;
/** Beyond a bare program. */
const FILE_MB_REACH = 3;
/** Times what a bare program has. */
const RESIDENT_REACH = 1;
/** The Go tool after as many pushes, as it was measured once: it is not run here. */
const GO_TOOL_RESIDENT_MB = 20;

type Pick = (sample: Sample) => number;
const cpu: Pick = (sample) => sample.cpuMicroseconds;
const p99: Pick = (sample) => sample.p99Ms;
const rate: Pick = (sample) => sample.requestsPerSecond;

/** Rows for the steps by themselves. */
export function microRows(result: MicroResult): Row[] {
  return [...result].map(([name, ns]) => {
    const build = BUILD.test(name);
    const scale = build ? 1e-6 : 1;
    return {
      figure: name,
      measured: { median: ns.median * scale, min: ns.min * scale, max: ns.max * scale },
      unit: build ? "ms" : "ns",
      digits: build ? 2 : 0,
      reach: MICRO_REACH[name],
    };
  });
}

/** Rows for the servers that redirect: each alone, then in pairs, round by round. */
export function loadRows(result: LoadResult): Row[] {
  const pairs = [
    ["ours", "1.0.0"],
    ["ours", "bare"],
    ["ours", "nginx"],
    ["bare", "nginx"],
  ] as const;
  return [
    ...aloneRows(result, TARGETS),
    ...pairRows(result, { pairs, what: "CPU a request", pick: cpu, reach: LOAD_CPU_REACH }),
    ...pairRows(result, { pairs, what: "p99", pick: p99 }),
  ];
}

/** Rows for the servers that pass on: at their peak as {@linkcode loadRows}, then at half of it. */
export function proxyRows({ peak, half, real }: ProxyResult): Row[] {
  const pairs = [
    ["ours", "1.0.0"],
    ["ours", "nginx"],
    ["ours", "haproxy"],
    ["ours", "fetch"],
    ["fetch", "nginx"],
    ["haproxy", "nginx"],
  ] as const;
  const rows = [
    ...aloneRows(peak, PROXY_TARGETS),
    ...pairRows(peak, { pairs, what: "CPU a request", pick: cpu, reach: PROXY_CPU_REACH }),
    ...pairRows(peak, { pairs, what: "requests a second", pick: rate }),
    ...aloneRows(half, PROXY_TARGETS, { at: " at half", reach: HALF_P99_REACH }),
    ...pairRows(half, { pairs, what: "CPU a request at half", pick: cpu }),
    ...pairRows(half, { pairs, what: "p99 at half", pick: p99, reach: HALF_P99_RATIO_REACH }),
    ...aloneRows(real, PROXY_TARGETS, { at: " to Pushgateways" }),
    ...pairRows(real, { pairs, what: "CPU a request to Pushgateways", pick: cpu }),
  ];
  return rows.map((row) => ({ ...row, figure: `proxy ${row.figure}` }));
}

/** Rows for one process and two on one address: what the second adds. */
export function reuseRows(result: ReuseResult): Row[] {
  const pairs = [["two", "one"]] as const;
  const rowsOf = (rounds: readonly Round<(typeof SHARERS)[number]>[], at: string) => [
    ...aloneRows(rounds, SHARERS, { at }),
    ...pairRows(rounds, { pairs, what: `requests a second${at}`, pick: rate }),
    ...pairRows(rounds, { pairs, what: `CPU a request${at}`, pick: cpu }),
    ...pairRows(rounds, { pairs, what: `p99${at}`, pick: p99 }),
  ];
  return (["redirect", "proxy"] as const).flatMap((mode) =>
    [...rowsOf(result[mode].peak, ""), ...rowsOf(result[mode].half, " at half")]
      .map((row) => ({ ...row, figure: `reuse ${mode} ${row.figure}` }))
  );
}

/** Rows for the compiled program beside a bare one. */
export function binaryRows(result: BinaryResult): Row[] {
  const mb = (bytes: number) => spread([bytes / 1e6]);
  const weights = PROGRAMS.map((name) => ({ name, ...result[name] }));
  const rows: Row[] = [
    ...weights.map(({ name, fileBytes }) => (
      { figure: `${name}: file`, measured: mb(fileBytes), unit: "MB", digits: 1 }
    )),
    {
      figure: "ours - bare: file",
      measured: mb(result.ours.fileBytes - result.bare.fileBytes),
      unit: "MB",
      digits: 1,
      reach: FILE_MB_REACH,
    },
    ...weights.map(({ name, readyMs }) => ({
      figure: `${name}: from start to ready`,
      measured: spread(readyMs),
      unit: "ms",
      digits: 0,
      reach: name === "ours" ? START_MS_REACH : undefined,
    })),
    ...weights.map(({ name, loads }) => ({
      figure: `${name}: resident after ${Math.min(...loads.map(({ pushes }) => pushes))} pushes`,
      measured: spread(loads.map(({ residentBytes }) => residentBytes / 1e6)),
      unit: "MB",
      digits: 0,
    })),
    {
      figure: "ours / bare: resident",
      measured: spread(
        result.ours.loads.map(({ residentBytes }, round) =>
          residentBytes / result.bare.loads[round].residentBytes
        ),
      ),
      unit: "×",
      digits: 2,
      reach: RESIDENT_REACH,
    },
    {
      figure: "Go tool: resident, as measured once",
      measured: spread([GO_TOOL_RESIDENT_MB]),
      unit: "MB",
      digits: 0,
    },
  ];
  return rows.map((row) => ({ ...row, figure: `binary ${row.figure}` }));
}

function aloneRows<Name extends string>(
  rounds: readonly Round<Name>[],
  names: readonly Name[],
  { at = "", reach = {} }: { at?: string; reach?: Readonly<Record<string, number>> } = {},
): Row[] {
  return names.flatMap((name) => {
    const samples = rounds.flatMap((round) => round[name] ?? []);
    if (samples.length === 0) return [];
    const measured = (pick: Pick) => spread(samples.map(pick));
    return [
      { figure: `${name}: CPU a request${at}`, measured: measured(cpu), unit: "µs", digits: 2 },
      {
        figure: `${name}: p99${at}`,
        measured: measured(p99),
        unit: "ms",
        digits: 2,
        reach: reach[name],
      },
      { figure: `${name}: requests a second${at}`, measured: measured(rate), unit: "", digits: 0 },
    ];
  });
}

function pairRows<Name extends string>(
  rounds: readonly Round<Name>[],
  { pairs, what, pick, reach = {} }: {
    pairs: readonly (readonly [Name, Name])[];
    what: string;
    pick: Pick;
    reach?: Readonly<Record<string, number>>;
  },
): Row[] {
  return pairs.flatMap(([a, b]) => {
    const ratios = rounds.flatMap(({ [a]: one, [b]: other }) =>
      one && other ? pick(one) / pick(other) : []
    );
    return ratios.length === 0 ? [] : {
      figure: `${a} / ${b}: ${what}`,
      measured: spread(ratios),
      unit: "×",
      digits: 2,
      reach: reach[`${a}/${b}`],
    };
  });
}

/** Renders rows as a Markdown table. */
export function renderTable(rows: readonly Row[]): string {
  const cells = rows.map((row) => {
    const { figure, measured, unit, digits } = row;
    const { median, min, max } = measured;
    const show = (value: number) => value.toFixed(digits);
    return [
      figure,
      `${show(median)} ${unit}`.trimEnd(),
      `${show(min)} – ${show(max)}`,
      ...reachCells(row),
    ];
  });
  return renderCells(["figure", "median", "min – max", "reach", "of reach", ""], cells);
}

/** What was aimed at, how much of it that is, and whether it is met. */
function reachCells({ measured: { median }, reach, least, unit }: Row): string[] {
  const aim = reach ?? least;
  if (aim === undefined) return ["", "", ""];
  const met = reach === undefined ? median >= aim : median <= aim;
  return [
    `${reach === undefined ? "≥" : "≤"} ${aim} ${unit}`.trimEnd(),
    aim === 0 ? "" : (median / aim).toFixed(2),
    met ? "met" : "missed",
  ];
}

/** Renders what so many Pushgateways take: the table that tells whether to shard at all. */
export function renderShards(result: ShardsResult): string {
  const head = ["Pushgateways", "groups each", "pushes a second", "min – max"];
  const cells = result.map(({ count, groups, rounds }) => {
    const rates = rounds.map(({ pushesPerSecond }) => pushesPerSecond);
    const ratios = rates.map((rate, i) => rate / result[0].rounds[i].pushesPerSecond);
    const latencies = rounds.flatMap(({ latenciesMs }) => latenciesMs);
    const [each, total] = [spread(groups), spread(rates)];
    return [
      String(count),
      each.min === each.max ? String(each.min) : `${each.min} – ${each.max}`,
      total.median.toFixed(1),
      `${total.min.toFixed(1)} – ${total.max.toFixed(1)}`,
      ...[0.5, 0.99].map((part) => `${quantile(latencies, part).toFixed(0)} ms`),
      `${spread(ratios).median.toFixed(1)} ×`,
      `${spread(rounds.map(({ cpuMsPerPush }) => cpuMsPerPush)).median.toFixed(0)} ms`,
    ];
  });
  return renderCells([...head, "p50", "p99", "of one", "CPU a push"], cells);
}

/** Renders cells as a Markdown table; all columns but the first stand on the right. */
export function renderCells(
  head: readonly string[],
  cells: readonly (readonly string[])[],
): string {
  const widths = head.map((_, i) => Math.max(3, ...[head, ...cells].map((row) => row[i].length)));
  const line = (row: readonly string[]) =>
    `| ${
      row.map((cell, i) => i === 0 ? cell.padEnd(widths[i]) : cell.padStart(widths[i])).join(" | ")
    } |`;
  const rule = widths.map((width, i) => i === 0 ? "-".repeat(width) : "-".repeat(width - 1) + ":");
  return [line(head), line(rule), ...cells.map(line)].join("\n");
}
