/** What the rows of handoff have in common. @module */

import type { BuildName } from "./handoff_builds.ts";
import type { Faults } from "./handoff_check.ts";
import type { Reads } from "./handoff_counted.ts";
import type { Stalls } from "./handoff_stalls.ts";
import { type Spread, spread } from "./spread.ts";
import type { Row } from "./table.ts";

/** Milliseconds that an event loop may stand still for handoff. */
const STALL_MS_REACH = 50;

/** What was measured once. */
export function one(value: number): Spread {
  return { median: value, min: value, max: value };
}

/** The longest time that an event loop stood still by its own doing. */
export function stallRow(name: string, { ownMs: [longest = 0] }: Stalls): Row {
  const figure = `${name}: longest stall, own`;
  return { figure, measured: one(longest), unit: "ms", digits: 1, reach: STALL_MS_REACH };
}

/** Whole pages that each member was asked for. */
export function readRows(name: string, reads: readonly Reads[]): Row[] {
  const pages: [string, (read: Reads) => number][] = [
    ["text", ({ text }) => text],
    ["JSON", ({ json }) => json],
    ["protobuf", ({ protobuf }) => protobuf],
  ];
  return pages.map(([kind, pick]) => {
    const measured = spread(reads.map(pick));
    return { figure: `${name}: full reads of a member, ${kind}`, measured, unit: "", digits: 0 };
  });
}

/**
 * Groups that are not as they should be.
 *
 * @param done whether all was moved: until then it may be on two members
 */
export function faultsRow(name: string, { lost, doubled, changed }: Faults, done: boolean): Row {
  const figure = `${name}: groups lost, ${done ? "doubled, " : ""}changed`;
  const measured = one(lost + (done ? doubled : 0) + changed);
  return { figure, measured, unit: "", digits: 0, reach: 0 };
}

/** Rows of one build: only what is built now can be aimed at anything. */
export function ofBuild(build: BuildName, rows: readonly Row[]): Row[] {
  return build === "ours"
    ? [...rows]
    : rows.map((row) => ({ ...row, reach: undefined, least: undefined }));
}
