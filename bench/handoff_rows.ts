/** What handoff costs, as rows of the table. @module */

import type { HandoffResult } from "./handoff.ts";
import type { DrainResult } from "./handoff_drain.ts";
import type { ScaleOutResult } from "./handoff_scale_out.ts";
import { MEMBERS, SWEEP_TARGETS, type SweepResult, type SweepRound } from "./handoff_sweep.ts";
import type { Stalls } from "./handoff_stalls.ts";
import { quantile, type Spread, spread } from "./spread.ts";
import type { Row } from "./table.ts";

/** Milliseconds that an event loop may stand still for handoff. */
const STALL_MS_REACH = 50;
/** Of memory for each group that is swept. */
const GROUP_BYTES_REACH = 1_000;

/** Rows of all parts. */
export function handoffRows({ sweep, drain, checkedDrain, scaleOut }: HandoffResult): Row[] {
  const rows = [
    ...sweepRows(sweep),
    ...redirectRows(sweep),
    ...drainRows("unchecked", drain),
    ...drainRows("checked", checkedDrain),
    ...scaleOutRows(scaleOut),
  ];
  return rows.map((row) => ({ ...row, figure: `handoff ${row.figure}` }));
}

function sweepRows({ groups, reads, watched }: SweepResult): Row[] {
  const { ours, idle } = watched;
  const cpu = (ours.cpuSeconds - idle.cpuSeconds) / reads.count;
  const seconds = spread(reads.seconds);
  const bytes = ours.peakBytes - idle.peakBytes;
  return [
    { figure: `read of ${groups / MEMBERS} groups`, measured: seconds, unit: "s", digits: 2 },
    { figure: "a read: CPU", measured: one(cpu), unit: "s", digits: 2 },
    { figure: "peak memory", measured: one(ours.peakBytes / 1e6), unit: "MB", digits: 0 },
    { figure: "idle: peak memory", measured: one(idle.peakBytes / 1e6), unit: "MB", digits: 0 },
    {
      figure: "memory a group",
      measured: one(bytes / groups),
      unit: "bytes",
      digits: 0,
      reach: GROUP_BYTES_REACH,
    },
    ...SWEEP_TARGETS.flatMap((name): Row[] => {
      const { stalls, pulse } = watched[name];
      const row = stallRow(name, stalls);
      const own = name === "ours" ? row : { ...row, reach: undefined };
      const [all, excess] = [one(stalls.longestMs), one(pulse.longestMs - pulse.medianMs)];
      return [
        own,
        { figure: `${name}: longest stall, all`, measured: all, unit: "ms", digits: 1 },
        { figure: `${name}: longest answer`, measured: excess, unit: "ms", digits: 1 },
        { figure: `${name}: answer p99`, measured: one(pulse.p99Ms), unit: "ms", digits: 2 },
      ];
    }),
  ];
}

function redirectRows({ paced, full }: SweepResult): Row[] {
  const loads: [string, readonly SweepRound[]][] = [["", paced], [" at full load", full]];
  return loads.filter(([, rounds]) => rounds.length > 0).flatMap(([load, rounds]): Row[] => {
    const ms = (pick: (round: SweepRound) => number) => spread(rounds.map(pick));
    return [
      {
        figure: `redirects without a sweep${load}: p99`,
        measured: ms(({ without }) => without),
        unit: "ms",
        digits: 2,
      },
      {
        figure: `redirects during a sweep${load}: p99`,
        measured: ms(({ during }) => during),
        unit: "ms",
        digits: 2,
      },
      {
        figure: `during / without a sweep${load}: p99`,
        measured: ms(({ during, without }) => during / without),
        unit: "×",
        digits: 2,
      },
      {
        figure: `during / beside a sweep${load}: p99`,
        measured: ms(({ during, beside }) => during / beside),
        unit: "×",
        digits: 2,
      },
    ];
  });
}

function drainRows(name: string, drain: DrainResult): Row[] {
  const { moved, seconds, cpuSeconds, gatewaysCpuSeconds, stalls } = drain;
  const each = (seconds: number) => one(seconds * 1_000 / moved);
  return [
    { figure: `drain, ${name}: groups moved`, measured: one(moved), unit: "", digits: 0 },
    { figure: `drain, ${name}: a second`, measured: one(moved / seconds), unit: "", digits: 1 },
    { figure: `drain, ${name}: CPU a group`, measured: each(cpuSeconds), unit: "ms", digits: 1 },
    {
      figure: `drain, ${name}: Pushgateways' CPU a group`,
      measured: each(gatewaysCpuSeconds),
      unit: "ms",
      digits: 1,
    },
    stallRow(`drain, ${name}`, stalls),
  ];
}

function scaleOutRows(result: ScaleOutResult): Row[] {
  const { reads, misplaced, left, seconds, latenciesMs, refused, stalls } = result;
  const pages = (pick: (read: ScaleOutResult["reads"][number]) => number): Spread =>
    spread(reads.map(pick));
  const ms = (part: number) => one(quantile(latenciesMs, part));
  const figures: [string, Spread, string][] = [
    ["misplaced groups", one(misplaced), ""],
    ["groups left", one(left), ""],
    ["time", one(seconds), "s"],
    ["reads of an old member, text", pages(({ text }) => text), ""],
    ["reads of an old member, JSON", pages(({ json }) => json), ""],
    ["reads of an old member, protobuf", pages(({ protobuf }) => protobuf), ""],
    ["pushes", one(latenciesMs.length), ""],
    ["pushes refused", one(refused), ""],
    ["push p50", ms(0.5), "ms"],
    ["push p99", ms(0.99), "ms"],
    ["longest push", ms(1), "ms"],
  ];
  const rows = figures.map(([figure, measured, unit]) => {
    return { figure: `scale-out: ${figure}`, measured, unit, digits: 0 };
  });
  return [...rows, stallRow("scale-out", stalls)];
}

function stallRow(name: string, { ownMs: [longest = 0] }: Stalls): Row {
  const figure = `${name}: longest stall, own`;
  return { figure, measured: one(longest), unit: "ms", digits: 1, reach: STALL_MS_REACH };
}

/** What was measured once. */
function one(value: number): Spread {
  return { median: value, min: value, max: value };
}
