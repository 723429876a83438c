/**
 * Finds groups that expose the same series: the group `{job="j", tag="v"}` with `s`, and the group
 * `{job="j"}` with `s{tag="v"}`. One Pushgateway that holds both refuses the later push. Two Pushgateways are
 * scraped in turn, and the series alternates between their values. Pure.
 *
 * @module
 */

import * as z from "zod";
import { groupId, groupOfLabels, parseGroupId } from "../group/group.ts";
import { type ApiGroup, labelsOf } from "./api.ts";

/** A series, and two groups that expose it, by their IDs. */
export interface SharedSeries {
  readonly series: string;
  readonly groups: readonly [string, string];
}

const family = z.object({
  metrics: z.array(z.object({ labels: z.record(z.string(), z.string()) })),
});
/** The fields of a group that are not pushed metrics. */
const OWN = new Set(["labels", "push_time_seconds", "push_failure_time_seconds"]);
/** Groups between two pauses for other work. */
const GROUPS_A_STEP = 500;

/**
 * Finds shared series among the groups of all members: one series for each pair of groups. It is a generator
 * because there may be many: it yields every few hundred groups.
 *
 * @param max the most series that are found
 */
export function* findSharedSeries(
  groups: readonly ApiGroup[],
  max: number,
): Generator<void, SharedSeries[]> {
  const firsts = new Map<string, string>();
  const found = new Map<string, SharedSeries>();
  for (const [i, group] of groups.entries()) {
    if (i % GROUPS_A_STEP === 0) yield;
    const labels = labelsOf(group);
    if (!labels) continue;
    const id = groupId(groupOfLabels(Object.entries(labels)));
    for (const series of seriesOf(group)) {
      const first = firsts.get(series) ?? id;
      firsts.set(series, first);
      if (first === id || found.size >= max) continue;
      const pair = `${first} ${id}`;
      if (!found.has(pair)) found.set(pair, { series, groups: [first, id] });
    }
  }
  return [...found.values()];
}

function* seriesOf(group: ApiGroup): Generator<string> {
  for (const [name, value] of Object.entries(group)) {
    if (OWN.has(name)) continue;
    const parsed = family.safeParse(value);
    for (const { labels } of parsed.data?.metrics ?? []) {
      yield seriesText(name, Object.entries(labels));
    }
  }
}

/** Writes a series as Prometheus does. An empty label counts as none. */
function seriesText(name: string, labels: readonly (readonly [string, string])[]): string {
  const pairs = labels.filter(([, value]) => value !== "").sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => `${name}=${JSON.stringify(value)}`);
  return `${name}{${pairs.join(",")}}`;
}

/** The words of a Pushgateway (1.4.0 to 1.11.2) that another group has the series already. */
const COLLECTED = /collected metric "([^"]+)" \{(.*)\} was collected before/s;
const LABEL = /name:"((?:[^"\\]|\\.)*)"\s+value:"((?:[^"\\]|\\.)*)"/g;
/** The most labels of which all subsets are tried: two to the power of this. */
const LABELS_MAX = 10;

/**
 * Finds the group whose series is the reason why a Pushgateway refuses another group.
 *
 * @param refusal.id the refused group
 * @param refusal.reason the Pushgateway's own words
 * @param holds whether that Pushgateway holds a group
 * @returns `undefined` if it was refused for another reason, or the other group is not known
 */
export function sharedWith(
  { id, reason }: { readonly id: string; readonly reason: string },
  holds: (id: string) => boolean,
): SharedSeries | undefined {
  const [, name, text] = COLLECTED.exec(reason) ?? [];
  if (name === undefined) return undefined;
  const labels = [...text.matchAll(LABEL)].map(([, name, value]) =>
    [unquote(name), unquote(value)] as const
  );
  const series = seriesText(name, labels);
  // The other group can be any group whose labels are a subset of the series' labels.
  const { job } = parseGroupId(id);
  const others = labels.filter(([name, value]) => name !== "job" && value !== "")
    .slice(0, LABELS_MAX);
  for (let set = 0; set < 2 ** others.length; set++) {
    const chosen = others.filter((_, i) => (set >> i) & 1);
    const other = groupId(groupOfLabels([["job", job], ...chosen]));
    if (other !== id && holds(other)) return { series, groups: [other, id] };
  }
  return undefined;
}

function unquote(text: string): string {
  return text.replace(/\\(.)/g, (_, character) => (character === "n" ? "\n" : character));
}
