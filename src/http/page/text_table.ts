/** The problems and the members as text, for curl. @module */

import type { MemberView, OverviewView } from "../api/views.ts";
import { problemsOf } from "./browser/problems.js";
import { wordsOf } from "./browser/words.js";

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

/** Renders one line for the instance, one for each problem, and one for each member. */
export function textTable(overview: OverviewView, members: readonly MemberView[]): string {
  const { version, ready, reason } = overview;
  const problems = problemsOf(overview, members, wordsOf("en")).map(({ text }) =>
    `! ${oneLine(text)}`
  );
  const rows = [HEADERS, ...members.map(row)];
  const widths = HEADERS.map((_, column) => Math.max(...rows.map((cells) => cells[column].length)));
  const lines = rows.map((cells) =>
    cells.map((cell, i) =>
      NUMBERS.has(HEADERS[i]) ? cell.padStart(widths[i]) : cell.padEnd(widths[i])
    ).join("  ").trimEnd()
  );
  const state = ready ? "ready" : "not ready";
  const title = `dynamic-sharding ${version}: ${state}, ${reason}`;
  return [title, ...problems, "", ...lines, ""].join("\n");
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
    oneLine(same_as === undefined ? why : `${why} (${same_as})`),
  ];
}

/**
 * Returns a text without control characters: a reason may contain text of a member, which has to stay one line
 * and must not control a terminal.
 */
function oneLine(text: string): string {
  // deno-lint-ignore no-control-regex
  return text.replace(/[\x00-\x1f\x7f-\x9f]/g, " ");
}

function text(value: number | undefined): string {
  return value === undefined ? "-" : String(value);
}
