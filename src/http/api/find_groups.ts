/** Finds groups by their labels in what the members held when they were last read. Pure. @module */

import { LargeMap } from "../../concurrency/large_map.ts";
import { escapeSegment, type Group, parseGroupId } from "../../group/group.ts";
import type { Member } from "../../member.ts";
import type { PushTimes } from "../../pushgateway/push_times.ts";

/** A search. */
export interface GroupQuery {
  /** All terms have to match. */
  readonly terms: readonly GroupTerm[];
  /** Only groups after this ID. Empty: all groups. */
  readonly after: string;
  /** The most groups of one page. */
  readonly limit: number;
  /** Whether a member has lost a group since it was read. */
  readonly isRemoved: (id: string, member: Member) => boolean;
}

/** One condition: a text anywhere in the group, or a label with a value. */
export type GroupTerm =
  | { readonly kind: "text"; readonly text: string }
  | {
    readonly kind: "label";
    readonly name: string;
    /** The parts of the value in their order. Any text may be between two of them. */
    readonly pieces: readonly string[];
  };

/** One page of results. */
export interface FoundGroups {
  /** IDs in ascending order. */
  readonly ids: readonly string[];
  /** How many groups match, on all pages. */
  readonly matching: number;
}

/** Groups between two pauses for other work. */
const GROUPS_A_STEP = 1_000;

/**
 * Reads a search text: terms separated by blanks. `NAME=VALUE` is a label, and `*` in the value stands for
 * any text. Any other term is searched in the job and in names and values of labels. A term with blanks has
 * to be in double quotes.
 *
 * @example
 * ```ts
 * import { parseTerms } from "./find_groups.ts";
 * import assert from "node:assert/strict";
 *
 * assert.deepEqual(parseTerms('db "instance=a b*"'), [
 *   { kind: "text", text: "db" },
 *   { kind: "label", name: "instance", pieces: ["a b", ""] },
 * ]);
 * ```
 */
export function parseTerms(text: string): GroupTerm[] {
  const terms = [...text.matchAll(/"([^"]*)"|\S+/g)].map(([whole, quoted]) => quoted ?? whole);
  return terms.filter((term) => term !== "").map((term) => {
    const equals = term.indexOf("=");
    if (equals <= 0) return { kind: "text", text: term };
    const pieces = term.slice(equals + 1).split("*");
    return { kind: "label", name: term.slice(0, equals), pieces };
  });
}

/** Finds one page of groups. It is a generator because there may be many: it yields every thousand groups. */
export function* findGroups(
  inventories: ReadonlyMap<Member, Pick<PushTimes, "times">>,
  { terms, after, limit, isRemoved }: GroupQuery,
): Generator<void, FoundGroups> {
  const matches = matcher(terms);
  const found = new LargeMap<true>();
  const ids: string[] = [];
  let steps = 0;
  for (const [member, { times }] of inventories) {
    for (const id of times.keys()) {
      if (++steps % GROUPS_A_STEP === 0) yield;
      if (found.has(id) || !matches(id) || isRemoved(id, member)) continue;
      found.set(id, true);
      if (id > after) insert(ids, id, limit);
    }
  }
  return { ids, matching: found.size };
}

/**
 * Inserts an ID in order, and keeps the first ones. Nearly all IDs are behind them, and cost one comparison.
 */
function insert(ids: string[], id: string, limit: number): void {
  if (ids.length === limit && id > ids[limit - 1]) return;
  let [low, high] = [0, ids.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (ids[middle] < id) low = middle + 1;
    else high = middle;
  }
  ids.splice(low, 0, id);
  if (ids.length > limit) ids.pop();
}

function matcher(terms: readonly GroupTerm[]): (id: string) => boolean {
  // Searching the text takes a tenth of the time of reading the labels, and leaves few IDs to be read.
  const texts = terms.flatMap((term) => term.kind === "text" ? [term.text] : term.pieces)
    .filter((text) => text !== "").map(escapeSegment);
  const labels = terms.filter((term) => term.kind === "label");
  const begin = "/metrics/job/".length;
  return (id) =>
    texts.every((text) => id.includes(text, begin)) &&
    (labels.length === 0 || hasLabels(parseGroupId(id), labels));
}

function hasLabels(
  { job, labels }: Group,
  wanted: readonly (GroupTerm & { readonly kind: "label" })[],
): boolean {
  return wanted.every(({ name, pieces }) => {
    const found = name === "job" ? job : labels.get(name);
    return found !== undefined && consistsOf(found, pieces);
  });
}

/** Not a regular expression, because one with many `.*` can take extremely long. */
function consistsOf(text: string, pieces: readonly string[]): boolean {
  const [first, ...others] = pieces;
  const last = others.pop();
  if (last === undefined) return text === first;
  if (!text.startsWith(first)) return false;
  let at = first.length;
  for (const piece of others) {
    const found = text.indexOf(piece, at);
    if (found < 0) return false;
    at = found + piece.length;
  }
  return text.length - last.length >= at && text.endsWith(last);
}
