/** What sweeps cost, as rows of the table. @module */

import { EARLIER } from "../tools/earlier.ts";
import { one, stallRow } from "./handoff_row.ts";
import { MEMBERS, SWEEP_TARGETS, type SweepResult, type SweepRound } from "./handoff_sweep.ts";
import type { SweepCpu } from "./handoff_sweep_cpu.ts";
import { spread } from "./spread.ts";
import type { Row } from "./table.ts";

/** Of memory for each group that is swept. */
const GROUP_BYTES_REACH = 1_000;
/** Of the CPU of the first release. */
const CPU_REACH = 0.5;

/** Rows of sweeps that are watched, and of redirects meanwhile. */
export function sweepRows(result: SweepResult): Row[] {
  return [...watchedRows(result), ...redirectRows(result)];
}

/** Rows of the CPU of a sweep, by build. */
export function sweepCpuRows({ groups, rounds }: SweepCpu): Row[] {
  const what = `a sweep of ${groups} groups: CPU`;
  const rows = [...rounds].map(([name, seconds]): Row => (
    { figure: `${name}: ${what}`, measured: spread(seconds), unit: "s", digits: 2 }
  ));
  const [ours = [], earlier = []] = [rounds.get("ours"), rounds.get(EARLIER)];
  if (earlier.length === 0) return rows;
  const measured = spread(ours.map((seconds, i) => seconds / earlier[i]));
  const figure = `ours / ${EARLIER}: ${what}`;
  return [...rows, { figure, measured, unit: "×", digits: 2, reach: CPU_REACH }];
}

function watchedRows({ groups, reads, watched }: SweepResult): Row[] {
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
