/** What clients cost, and what they tell of failures, as tables. @module */

import { type ClientResult, type Import, IMPORTS, type Start } from "./client.ts";
import type { Cost } from "./client_child.ts";
import { CLIENTS, WORK_NAMES, type WorkName } from "./client_work.ts";
import { spread } from "./spread.ts";
import { renderCells, type Row } from "./table.ts";

/** In what the CPU time of a unit is told. */
const CPU_UNITS: Readonly<Record<WorkName, { unit: string; scale: number; digits: number }>> = {
  probe: { unit: "µs", scale: 1, digits: 0 },
  page: { unit: "ms", scale: 1e-3, digits: 1 },
  "chunked page": { unit: "ms", scale: 1e-3, digits: 1 },
  move: { unit: "µs", scale: 1, digits: 0 },
};

/** Rows for each kind of work, then for the starts: each client alone, then with ours. */
export function clientRows(result: ClientResult): Row[] {
  const rows = [...WORK_NAMES.flatMap((work) => workRows(result, work)), ...startRows(result)];
  return rows.map((row) => ({ ...row, figure: `client ${row.figure}` }));
}

function workRows({ works }: ClientResult, work: WorkName): Row[] {
  const rounds = works.map((round) => round[work]);
  const { scale, ...cpuUnit } = CPU_UNITS[work];
  const alone = CLIENTS.flatMap((client): Row[] => {
    const costs = rounds.map((round) => round[client]);
    const cpu = spread(costs.map(({ cpuMicroseconds }) => cpuMicroseconds * scale));
    const peak = spread(costs.map(({ peakBytes }) => peakBytes / 1e6));
    return [
      { figure: `${client}: CPU a ${work}`, measured: cpu, ...cpuUnit },
      { figure: `${client}: peak resident, ${work}`, measured: peak, unit: "MB", digits: 0 },
    ];
  });
  const beside = CLIENTS.slice(1).flatMap((client): Row[] => {
    const ratio = (pick: (cost: Cost) => number) =>
      spread(rounds.map((round) => pick(round[client]) / pick(round.ours)));
    const cpu = ratio(({ cpuMicroseconds }) => cpuMicroseconds);
    const peak = ratio(({ peakBytes }) => peakBytes);
    return [
      { figure: `${client} / ours: CPU a ${work}`, measured: cpu, unit: "×", digits: 2 },
      { figure: `${client} / ours: peak resident, ${work}`, measured: peak, unit: "×", digits: 2 },
    ];
  });
  return [...alone, ...beside];
}

function startRows({ starts }: ClientResult): Row[] {
  const rows = (name: string, pick: (round: Readonly<Record<Import, Start>>) => Start): Row[] => [
    {
      figure: `${name}: start`,
      measured: spread(starts.map((round) => pick(round).ms)),
      unit: "ms",
      digits: 0,
    },
    {
      figure: `${name}: resident after the start`,
      measured: spread(starts.map((round) => pick(round).residentBytes / 1e6)),
      unit: "MB",
      digits: 1,
    },
  ];
  return [
    ...IMPORTS.flatMap((name) => rows(name, (round) => round[name])),
    ...([["ours", "nothing"], ["undici", "nothing"], ["both", "ours"]] as const).flatMap(([a, b]) =>
      rows(`${a} - ${b}`, ({ [a]: one, [b]: other }) => ({
        ms: one.ms - other.ms,
        residentBytes: one.residentBytes - other.residentBytes,
      }))
    ),
  ];
}

/** Renders what each client tells of each way to fail. */
export function renderFailures({ failures }: ClientResult): string {
  const head = ["what happens", "may have arrived", "ours", "undici", "onRequestStart"];
  const either = (values: Iterable<string | boolean>) => [...values].sort().join(" or ");
  const cells = failures.map(({ trouble, ours, undici, started }) => [
    trouble.name,
    trouble.mayHaveArrived ? "yes" : "no",
    either(ours),
    either(undici),
    either([...started].map((called) => called ? "called" : "not called")),
  ]);
  return renderCells(head, cells);
}
