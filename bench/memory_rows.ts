/** What is kept in memory, as rows of the table. @module */

import type { MemoryResult } from "./memory.ts";
import { IDLE_TARGETS, type IdleResult } from "./memory_idle.ts";
import type { SteadyResult } from "./memory_steady.ts";
import { slope } from "./slope.ts";
import { spread } from "./spread.ts";
import type { Row } from "./table.ts";

const IDLE_KB_REACH = 6;
/** Of each connection after it is closed: what is left to the unrest of the garbage collector. */
const KEPT_KB_REACH = 1;
/** The most at any moment, while pushes are passed on. */
const STEADY_MB_REACH = 140;
/**
 * What still counts as flat: five bytes a push. Garbage that comes and goes moves the readings by 10 MB,
 * and with that the slope of a million and a half pushes by some 4 MB.
 */
const SLOPE_MB_REACH = 5;
/** Fewer readings tell nothing of how memory grows. */
const SLOPE_READINGS_MIN = 3;

/** Rows of both parts. */
export function memoryRows({ idle, steady }: MemoryResult): Row[] {
  const rows = [
    ...idleRows(idle),
    ...steadyRows("ours", steady.ours),
    ...(steady["1.0.0"] ? steadyRows("1.0.0", steady["1.0.0"]) : []),
  ];
  return rows.map((row) => ({ ...row, figure: `memory ${row.figure}` }));
}

function idleRows({ connections, rounds }: IdleResult): Row[] {
  return IDLE_TARGETS.flatMap((name): Row[] => {
    const weights = rounds.flatMap((round) => round[name] ?? []);
    if (weights.length === 0) return [];
    const reach = (kb: number) => name === "ours" ? kb : undefined;
    const each = (bytes: number) => bytes / connections / 1e3;
    return [
      {
        figure: `${name}: before ${connections} connections`,
        measured: spread(weights.map(({ beforeBytes }) => beforeBytes / 1e6)),
        unit: "MB",
        digits: 0,
      },
      {
        figure: `${name}: an idle connection`,
        measured: spread(
          weights.map(({ beforeBytes, withBytes }) => each(withBytes - beforeBytes)),
        ),
        unit: "kB",
        digits: 1,
        reach: reach(IDLE_KB_REACH),
      },
      {
        figure: `${name}: kept of it once closed`,
        measured: spread(
          weights.map(({ beforeBytes, afterBytes }) => each(afterBytes - beforeBytes)),
        ),
        unit: "kB",
        digits: 1,
        reach: reach(KEPT_KB_REACH),
      },
      {
        figure: `${name}: kept of it after more pushes`,
        measured: spread(
          weights.map(({ beforeBytes, reusedBytes }) => each(reusedBytes - beforeBytes)),
        ),
        unit: "kB",
        digits: 1,
      },
    ];
  });
}

function steadyRows(name: string, { pushes, seconds, readings }: SteadyResult): Row[] {
  const points = readings.map((reading) => ({
    x: reading.seconds / seconds * pushes / 1e6,
    y: reading.residentBytes / 1e6,
  }));
  const all = points.map(({ y }) => y);
  const half = points.filter(({ x }) => x > pushes / 2e6);
  const reach = (value: number) => name === "ours" ? value : undefined;
  const rows: Row[] = [
    {
      figure: `${name}: before the first push`,
      measured: spread([all[0]]),
      unit: "MB",
      digits: 0,
    },
    {
      figure: `${name}: the most in ${pushes} proxied pushes`,
      measured: spread([Math.max(...all)]),
      unit: "MB",
      digits: 0,
      reach: reach(STEADY_MB_REACH),
    },
  ];
  if (half.length < SLOPE_READINGS_MIN) return rows;
  return [
    ...rows,
    {
      figure: `${name}: in the second half of them`,
      measured: spread(half.map(({ y }) => y)),
      unit: "MB",
      digits: 0,
    },
    {
      figure: `${name}: more with a million of them, second half`,
      measured: spread([slope(half)]),
      unit: "MB",
      digits: 2,
      reach: reach(SLOPE_MB_REACH),
    },
  ];
}
