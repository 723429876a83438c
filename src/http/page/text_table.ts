/** The members as a table of text, for curl. @module */

import type { MemberView, OverviewView } from "../api/views.ts";

const HEADERS = [
  "MEMBER",
  "STATE",
  "SINCE",
  "WEIGHT",
  "SHARE",
  "GROUPS",
  "MISPLACED",
  "MISSING",
  "WHY",
];
/** Columns of numbers, which end in line. */
const NUMBERS = new Set(["WEIGHT", "SHARE", "GROUPS", "MISPLACED", "MISSING"]);

/** One line for the instance, and one for each member. */
export function textTable(
  { version, ready, reason }: OverviewView,
  members: readonly MemberView[],
): string {
  const rows = [HEADERS, ...members.map(row)];
  const widths = HEADERS.map((_, column) => Math.max(...rows.map((cells) => cells[column].length)));
  const lines = rows.map((cells) =>
    cells.map((cell, i) =>
      NUMBERS.has(HEADERS[i]) ? cell.padStart(widths[i]) : cell.padEnd(widths[i])
    ).join("  ").trimEnd()
  );
  const state = ready ? "ready" : "not ready";
  return [`dynamic-sharding ${version}: ${state}, ${reason}`, "", ...lines, ""].join("\n");
}

function row(
  { member, state, since = "-", weight, share, groups, misplaced, missing, why = "", same_as }:
    MemberView,
): string[] {
  return [
    member,
    state,
    since,
    text(weight),
    share === undefined ? "-" : `${(share * 100).toFixed(1)}%`,
    text(groups),
    text(misplaced),
    text(missing),
    // A reason may hold what a member said: a line stays a line, and a terminal is told nothing.
    // deno-lint-ignore no-control-regex
    (same_as === undefined ? why : `${why} (${same_as})`).replace(/[\x00-\x1f\x7f-\x9f]/g, " "),
  ];
}

function text(value: number | undefined): string {
  return value === undefined ? "-" : String(value);
}
