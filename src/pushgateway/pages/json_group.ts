/** Reads one group of `/api/v1/metrics`. Pure. @module */

import * as z from "zod";
import { typeOfJson } from "./family.ts";

/** Label names and values. */
export type LabelPairs = readonly (readonly [name: string, value: string])[];

/** A group with its content, as far as JSON shows it. */
export interface JsonGroup {
  /**
   * The labels, including the job. If the group has a metric named `labels`, which hides them, they are taken
   * from its push time, without an empty `instance`, which may have been added there.
   */
  readonly labels: LabelPairs;
  /** Whether its labels include an explicit empty `instance`. */
  readonly hasEmptyInstance: boolean;
  /** The length of its JSON, which is proportional to the memory that it takes. */
  readonly bytes: number;
  /** In Unix seconds; 0: no push has succeeded. */
  readonly pushTime: number;
  /** The labels of the series of the push time. */
  readonly pushTimeLabels: LabelPairs;
  /** In Unix seconds; 0: no push has failed. */
  readonly failureTime: number;
  /** Whether it has a family of this name. */
  has(family: string): boolean;
  /**
   * Reads the pushed families, sorted by name. They are not read before, because few groups need it.
   *
   * @throws {TypeError} if it is not a group of the API
   */
  families(): JsonFamily[];
}

/** A family of one group. */
export interface JsonFamily {
  readonly name: string;
  /** The type, as `GAUGE`. */
  readonly type: string;
  /** `undefined` if it is empty or absent, which JSON does not distinguish. */
  readonly help: string | undefined;
  /** The labels of each of its series, including those of the group. */
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
  /**
   * Pushgateways before 1.0.0 have no such field, but keep any labels and any number of series that were
   * pushed under this name.
   */
  push_failure_time_seconds: z.unknown().optional(),
});
const failure = z.object({ metrics: z.array(z.object({ value: z.string() })).min(1) });

/** Fields that are not pushed metrics, unless a pushed metric of that name replaces them. */
const OWN = new Set(["labels", "last_push_successful"]);
const TIMES = new Set(["push_time_seconds", "push_failure_time_seconds"]);

/**
 * Reads one element of `data`.
 *
 * @throws {SyntaxError} if the text is not JSON
 * @throws {TypeError} if it is not a group
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
