/**
 * Reads the answers of the Pushgateway's JSON API, and merges those of several Pushgateways. Pure.
 *
 * @module
 */

import * as z from "zod";
import { PARTIAL_FAMILY } from "./partial.ts";

/** Groups between two pauses for other work. */
const GROUPS_A_STEP = 500;

/** One group with its metrics, as listed by `/api/v1/metrics`. Fields that are not named here are kept. */
export type ApiGroup = z.infer<typeof apiGroup>;
/** The state of a Pushgateway, as shown by `/api/v1/status`. */
export type ApiStatus = z.infer<typeof apiStatus>;

const labels = z.record(z.string(), z.string());
const pushTime = z.looseObject({
  metrics: z.array(z.looseObject({ labels: labels.optional(), value: z.string() })),
});
/** A metric whose name is a field of the API replaces that field. */
const hiding = z.looseObject({ metrics: z.array(z.unknown()) });
const apiGroup = z.looseObject({
  labels: z.union([labels, hiding]).optional(),
  push_time_seconds: pushTime.optional(),
});
const apiStatus = z.looseObject({
  build_information: labels,
  flags: labels,
  start_time: z.string(),
});

/** @throws if the text is not such a group */
export function parseGroup(text: string): ApiGroup {
  const parsed = apiGroup.safeParse(JSON.parse(text));
  if (parsed.success) return parsed.data;
  throw new TypeError(
    `expected a group of the Pushgateway's API: ${z.prettifyError(parsed.error)}`,
  );
}

/** @throws if the text is not such an answer */
export function parseStatus(text: string): ApiStatus {
  return parseData(text, apiStatus);
}

function parseData<T>(text: string, schema: z.ZodType<T>): T {
  const parsed = z.object({ status: z.literal("success"), data: schema }).safeParse(
    JSON.parse(text),
  );
  if (parsed.success) return parsed.data.data;
  throw new TypeError(`expected the Pushgateway's API, found ${z.prettifyError(parsed.error)}`);
}

/**
 * Returns the labels of a group. If a metric of its own hides them, they are taken from its push time,
 * without an empty `instance`, which may have been added there.
 */
export function labelsOf(
  { labels: own, push_time_seconds: time }: ApiGroup,
): Readonly<Record<string, string>> | undefined {
  if (own && !isHiding(own)) return own;
  const { instance, ...others } = time?.metrics[0]?.labels ?? {};
  if (others.job === undefined) return undefined;
  return instance ? { ...others, instance } : others;
}

/** Whether a metric hides the labels: no label has a list as its value. */
function isHiding(own: NonNullable<ApiGroup["labels"]>): own is z.infer<typeof hiding> {
  return Array.isArray(own.metrics);
}

/**
 * Merges the groups of all members. Of two copies the one that was pushed later counts. A group whose labels
 * are not known is kept unchanged. Marks of partial groups are removed, because they are internal. It is a
 * generator because there may be many: it yields every few hundred groups.
 */
export function* mergeGroups(
  members: readonly (readonly ApiGroup[])[],
): Generator<void, ApiGroup[]> {
  const merged: ApiGroup[] = [];
  const places = new Map<string, number>();
  for (const [i, { [PARTIAL_FAMILY]: _, ...group }] of members.flat().entries()) {
    if (i % GROUPS_A_STEP === 0) yield;
    const own = labelsOf(group);
    const key = own && JSON.stringify(Object.entries(own).sort());
    const place = key === undefined ? undefined : places.get(key);
    if (place === undefined) {
      if (key !== undefined) places.set(key, merged.length);
      merged.push(group);
    } else if (pushedAt(group) > pushedAt(merged[place])) {
      merged[place] = group;
    }
  }
  return merged;
}

function pushedAt({ push_time_seconds: time }: ApiGroup): number {
  return Number(time?.metrics[0]?.value ?? 0);
}

/**
 * Merges the statuses of all members: equal values once, different values side by side, and the latest start,
 * so that it changes when any member restarts.
 */
export function mergeStatus(members: readonly ApiStatus[]): ApiStatus {
  const latest = members.reduce((a, b) =>
    Date.parse(b.start_time) > Date.parse(a.start_time) ? b : a
  );
  return {
    build_information: mergeTexts(members.map((member) => member.build_information)),
    flags: mergeTexts(members.map(({ flags }) => flags)),
    start_time: latest.start_time,
  };
}

function mergeTexts(maps: readonly Readonly<Record<string, string>>[]): Record<string, string> {
  const names = new Set(maps.flatMap((map) => Object.keys(map)));
  return Object.fromEntries([...names].map((name) => {
    const values = new Set(maps.flatMap((map) => name in map ? [map[name]] : []));
    return [name, [...values].join(", ")];
  }));
}
