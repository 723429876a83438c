/**
 * Groups that expose one and the same series: the group `{job="j", tag="v"}` with `s`, and the group
 * `{job="j"}` with `s{tag="v"}`. One Pushgateway that holds both refuses the later push; two of them
 * are scraped in turn, and the series goes back and forth. Pure.
 *
 * @module
 */

import { z } from "zod";
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
/** Each group has its own of these. */
const OWN = new Set(["labels", "push_time_seconds", "push_failure_time_seconds"]);
/** Groups between two moments at which others get their turn. */
const GROUPS_A_STEP = 500;

/**
 * Finds them among the groups of all members: one series for each two groups, and no more than there is
 * room for. A generator, because there may be many: it yields every few hundred groups.
 *
 * @param max how many are found at most
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

/** As Prometheus writes it; an empty label is none. */
function seriesText(name: string, labels: readonly (readonly [string, string])[]): string {
  const pairs = labels.filter(([, value]) => value !== "").sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => `${name}=${JSON.stringify(value)}`);
  return `${name}{${pairs.join(",")}}`;
}

/** How a Pushgateway (1.4.0 to 1.11.2) says that another group has the series already. */
const COLLECTED = /collected metric "([^"]+)" \{(.*)\} was collected before/s;
const LABEL = /name:"((?:[^"\\]|\\.)*)"\s+value:"((?:[^"\\]|\\.)*)"/g;
/** Sets of labels that are looked for: two to the power of this. */
const LABELS_MAX = 10;

/**
 * Finds the group that has a series already for which a Pushgateway refuses another one.
 *
 * @param refusal.id the group that is refused
 * @param refusal.reason the Pushgateway's own words
 * @param holds whether that Pushgateway holds a group
 * @returns nothing where it is refused for something else, or the other group is not known
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
  // Any group may expose it whose labels are among the series' own.
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
