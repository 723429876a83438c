/** What the page of all groups costs, as rows of the table. @module */

import { one, stallRow } from "./handoff_row.ts";
import { ENCODINGS, type PageCpu, PLACES, type PushedResult } from "./pushed.ts";
import { spread } from "./spread.ts";
import type { Row } from "./table.ts";

const CPU_REACH = 1.5;

/** Rows of groups that are in place, and of some that are not. */
export function pushedRows(result: PushedResult): Row[] {
  const rows = PLACES.flatMap((place): Row[] => {
    const { cpu, stalls, readyBytes, peakBytes } = result[place];
    const reach = place === "in place" ? CPU_REACH : undefined;
    const cpuRow = (
      figure: string,
      rounds: readonly PageCpu[],
      pick: (cpu: PageCpu) => number,
    ) => ({
      figure: `${place}, ${figure}`,
      measured: spread(rounds.map(pick)),
    });
    return [
      ...ENCODINGS.flatMap((encoding): Row[] => {
        const rounds = cpu[encoding];
        const ms = { unit: "ms", digits: 0 } as const;
        return [
          { ...cpuRow(`${encoding}: ours, CPU a page`, rounds, ({ ours }) => ours), ...ms },
          { ...cpuRow(`${encoding}: bare, CPU a page`, rounds, ({ bare }) => bare), ...ms },
          {
            ...cpuRow(`${encoding}: ours / bare, CPU`, rounds, ({ ours, bare }) => ours / bare),
            unit: "×",
            digits: 2,
            reach,
          },
        ];
      }),
      stallRow(`${place}: ours`, stalls),
      {
        figure: `${place}: ours, peak resident less that before`,
        measured: one((peakBytes - readyBytes) / 1e6),
        unit: "MB",
        digits: 0,
      },
    ];
  });
  return rows.map((row) => ({ ...row, figure: `pushed ${row.figure}` }));
}
