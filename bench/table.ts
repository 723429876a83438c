/** Puts what was measured beside what was aimed at, as text. @module */

import type { LoadResult, LoadSample } from "./load.ts";
import type { MicroResult } from "./micro.ts";
import { type Spread, spread } from "./spread.ts";
import { type TargetName, TARGETS } from "./targets.ts";

/** One line of the table. */
export interface Row {
  readonly figure: string;
  readonly measured: Spread;
  readonly unit: string;
  readonly digits: number;
  /** The most that it should be. */
  readonly reach?: number;
}

const BUILD = /^HashRing\.of /;
const MICRO_REACH: Readonly<Record<string, number>> = {
  "HashRing.of 1000": 500, // ms
  "ownerOf 1000": 300, // ns
};
const CPU_REACH: Readonly<Record<string, number>> = { "ours/bare": 1.15, "ours/nginx": 1.3 };

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

/** Rows for the servers: each alone, then in pairs, round by round. */
export function loadRows(result: LoadResult): Row[] {
  const alone = (name: TargetName, pick: (sample: LoadSample) => number) =>
    spread(result.map((round) => pick(round[name])));
  const pair = (a: TargetName, b: TargetName, pick: (sample: LoadSample) => number) =>
    spread(result.map((round) => pick(round[a]) / pick(round[b])));
  const cpu = (sample: LoadSample) => sample.cpuMicroseconds;
  const p99 = (sample: LoadSample) => sample.p99Ms;
  const pairs = [["ours", "bare"], ["ours", "nginx"], ["bare", "nginx"]] as const;
  return [
    ...TARGETS.flatMap((name) => [
      { figure: `${name}: CPU a request`, measured: alone(name, cpu), unit: "µs", digits: 2 },
      { figure: `${name}: p99`, measured: alone(name, p99), unit: "ms", digits: 2 },
      {
        figure: `${name}: requests a second`,
        measured: alone(name, (sample) => sample.requestsPerSecond),
        unit: "",
        digits: 0,
      },
    ]),
    ...pairs.map(([a, b]) => ({
      figure: `${a} / ${b}: CPU a request`,
      measured: pair(a, b, cpu),
      unit: "×",
      digits: 2,
      reach: CPU_REACH[`${a}/${b}`],
    })),
    ...pairs.map(([a, b]) => ({
      figure: `${a} / ${b}: p99`,
      measured: pair(a, b, p99),
      unit: "×",
      digits: 2,
    })),
  ];
}

/** Renders rows as a Markdown table. */
export function renderTable(rows: readonly Row[]): string {
  const cells = rows.map(({ figure, measured, unit, digits, reach }) => {
    const { median, min, max } = measured;
    const show = (value: number) => value.toFixed(digits);
    return [
      figure,
      `${show(median)} ${unit}`.trimEnd(),
      `${show(min)} – ${show(max)}`,
      reach === undefined ? "" : `≤ ${reach} ${unit}`,
      reach === undefined ? "" : (median / reach).toFixed(2),
      reach === undefined ? "" : median <= reach ? "met" : "missed",
    ];
  });
  const head = ["figure", "median", "min – max", "reach", "of reach", ""];
  const widths = head.map((_, i) => Math.max(3, ...[head, ...cells].map((row) => row[i].length)));
  const line = (row: readonly string[]) =>
    `| ${
      row.map((cell, i) => i === 0 ? cell.padEnd(widths[i]) : cell.padStart(widths[i])).join(" | ")
    } |`;
  const rule = widths.map((width, i) => i === 0 ? "-".repeat(width) : "-".repeat(width - 1) + ":");
  return [line(head), line(rule), ...cells.map(line)].join("\n");
}
