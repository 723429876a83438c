/** One group as `/api/v1/metrics` shows it. Pure. @module */

import { z } from "zod";
import { typeOfJson } from "./family.ts";

/** Label names and values. */
export type LabelPairs = readonly (readonly [name: string, value: string])[];

/** A group with what it holds, as far as JSON tells. */
export interface JsonGroup {
  /**
   * With the job among them. Where the group has a metric named `labels`, which hides them, they are
   * those of its push time, without an empty `instance`, which may have been added there.
   */
  readonly labels: LabelPairs;
  /** An explicit empty `instance` is among its labels. */
  readonly hasEmptyInstance: boolean;
  /** The length of its JSON: what it takes of memory goes with that. */
  readonly bytes: number;
  /** Unix seconds; 0: no push has succeeded. */
  readonly pushTime: number;
  /** The labels of the push time's series. */
  readonly pushTimeLabels: LabelPairs;
  /** Unix seconds; 0: no push has failed. */
  readonly failureTime: number;
  /** Whether it has a family of this name. */
  has(family: string): boolean;
  /**
   * Reads what was pushed, by ascending name; few groups are looked at so closely.
   *
   * @throws {TypeError} where it is none of the API's
   */
  families(): JsonFamily[];
}

/** A family of one group. */
export interface JsonFamily {
  readonly name: string;
  /** As `GAUGE`. */
  readonly type: string;
  /** Undefined where it is empty or absent; JSON does not tell these apart. */
  readonly help: string | undefined;
  /** The labels of each of its series, the group's among them. */
  readonly series: readonly LabelPairs[];
}

const labels = z.record(z.string(), z.string());
const time = z.object({ metrics: z.tuple([z.object({ labels, value: z.string() })]) });
const family = z.object({
  type: z.string(),
  help: z.string().optional(),
  metrics: z.array(z.object({ labels })),
});
const times = z.object({
  labels: z.unknown().optional(),
  push_time_seconds: time,
  /** Older than 1.0.0: none. It keeps any labels and number of series that were pushed. */
  push_failure_time_seconds: z.unknown().optional(),
});
const failure = z.object({ metrics: z.array(z.object({ value: z.string() })).min(1) });

/** Not of what was pushed, or hidden by what was: then they are families too. */
const OWN = new Set(["labels", "last_push_successful"]);
const TIMES = new Set(["push_time_seconds", "push_failure_time_seconds"]);

/**
 * Reads one element of `data`.
 *
 * @throws {SyntaxError} where the text is no JSON
 * @throws {TypeError} where it is no group
 */
export function parseJsonGroup(text: string): JsonGroup {
  const json: unknown = JSON.parse(text);
  const parsed = times.safeParse(json);
  if (!parsed.success) throw noGroup(parsed.error);
  const [pushTime] = parsed.data.push_time_seconds.metrics;
  const pushTimeLabels = Object.entries(pushTime.labels);
  const own = labels.safeParse(parsed.data.labels);
  const families = Object(json);
  const failed = failure.safeParse(parsed.data.push_failure_time_seconds);
  return {
    labels: own.success ? Object.entries(own.data) : pushTimeLabels.filter(isNotEmptyInstance),
    hasEmptyInstance: own.success && own.data.instance === "",
    bytes: text.length,
    pushTime: Number(pushTime.value),
    pushTimeLabels,
    failureTime: failed.success ? Number(failed.data.metrics[0].value) : 0,
    has: (family) => Object.hasOwn(families, family),
    families: () => readFamilies(json),
  };
}

function readFamilies(json: unknown): JsonFamily[] {
  const families: JsonFamily[] = [];
  for (const [name, value] of Object.entries(json ?? {})) {
    if (TIMES.has(name)) continue;
    const parsed = family.safeParse(value);
    if (parsed.success) {
      const { type, help, metrics } = parsed.data;
      families.push({
        name,
        type: typeOfJson(type),
        help,
        series: metrics.map(({ labels }) => Object.entries(labels)),
      });
    } else if (!OWN.has(name)) {
      throw noGroup(parsed.error);
    }
  }
  return families.sort((a, b) => (a.name < b.name ? -1 : 1));
}

function isNotEmptyInstance([name, value]: LabelPairs[number]): boolean {
  return name !== "instance" || value !== "";
}

function noGroup(error: z.ZodError): TypeError {
  return new TypeError(
    `expected a group of the Pushgateway's API, found ${z.prettifyError(error)}`,
  );
}
