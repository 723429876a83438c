/** The members as a text table, for curl. @module */

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
/** Columns of numbers, which are right-aligned. */
const NUMBERS = new Set(["WEIGHT", "SHARE", "GROUPS", "MISPLACED", "MISSING"]);

/** Renders one line for the instance, and one for each member. */
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
    // A reason may contain text of a member. Control characters are removed, so that it stays one line and
    // cannot control a terminal.
    // deno-lint-ignore no-control-regex
    (same_as === undefined ? why : `${why} (${same_as})`).replace(/[\x00-\x1f\x7f-\x9f]/g, " "),
  ];
}

function text(value: number | undefined): string {
  return value === undefined ? "-" : String(value);
}
