/** What handoff costs, as rows of the table. @module */

import type { HandoffResult } from "./handoff.ts";
import {
  countedDrainRows,
  drainsRows,
  largeDrainRows,
  pairDrainRows,
  returnedRows,
  scaleOutRows,
} from "./handoff_move_rows.ts";
import { sweepCpuRows, sweepRows } from "./handoff_sweep_rows.ts";
import type { Row } from "./table.ts";

/** Rows of all parts that were run. */
export function handoffRows(result: Partial<HandoffResult>): Row[] {
  const rows = [
    ...rowsOf(result.sweep, sweepRows),
    ...rowsOf(result["sweep-cpu"], sweepCpuRows),
    ...rowsOf(result.drain, (drains) => drainsRows("unchecked", drains)),
    ...rowsOf(result["drain-checked"], (drains) => drainsRows("checked", drains)),
    ...rowsOf(result["drain-large"], largeDrainRows),
    ...rowsOf(result["drain-pair"], pairDrainRows),
    ...rowsOf(result["drain-reads"], countedDrainRows),
    ...rowsOf(result["scale-out"], scaleOutRows),
    ...rowsOf(result.return, returnedRows),
  ];
  return rows.map((row) => ({ ...row, figure: `handoff ${row.figure}` }));
}

function rowsOf<T>(part: T | undefined, rows: (part: T) => Row[]): Row[] {
  return part === undefined ? [] : rows(part);
}
