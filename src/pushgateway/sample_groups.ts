/**
 * Finds the group of a sample on a Pushgateway's page. The page does not show it: a sample has the labels of
 * its group together with its own. Pure.
 *
 * @module
 */

import { groupId, parseGroupId } from "../group/group.ts";
import type { EscapeName } from "./pages/escaping.ts";
import type { LabelPairs } from "./pages/json_group.ts";
import { binary, utf8 } from "./pages/series.ts";

/**
 * Finds the ID of a sample's group.
 *
 * @param labels with one character for each byte
 * @param isKnown whether the group with this ID may be the one
 */
export type FindGroup = (
  labels: LabelPairs,
  isKnown: (id: string) => boolean,
) => string | undefined;

/** Groups between two pauses for other work. */
const GROUPS_A_STEP = 1_000;

/** The label names of a group in the order of its ID, without the job. */
type Names = readonly string[];

/**
 * Learns which labels groups have. It is a generator because there may be many.
 *
 * If a sample may belong to several groups, it is considered to belong to the one with the most labels: a
 * group `{job="a", env="x"}` is rarely used together with a group `{job="a"}` with `m{env="x"}`.
 *
 * @param ids the IDs of all groups that may be found
 * @returns a function that takes how label names are escaped on a page, and returns the search for that page
 */
export function* learnGroups(
  ids: Iterable<string>,
): Generator<void, (escape: EscapeName) => FindGroup> {
  const shapes = new Map<string, Names>();
  let steps = 0;
  for (const id of ids) {
    if (++steps % GROUPS_A_STEP === 0) yield;
    const segments = id.split("/");
    let shape = "";
    for (let i = FIRST_NAME; i < segments.length; i += 2) shape += `/${segments[i]}`;
    if (!shapes.has(shape)) shapes.set(shape, [...parseGroupId(id).labels.keys()]);
  }
  const largest = [...shapes.values()].sort((a, b) => b.length - a.length);
  return (escape) => {
    const shapes = largest.map((names) => ({
      names,
      written: names.map((name) => binary(escape(name))),
      last: undefined as LastFound | undefined,
    }));
    return (labels, isKnown) => {
      const job = valueOf(labels, "job");
      if (job === undefined) return undefined;
      for (const shape of shapes) {
        const values = valuesOf(labels, shape.written);
        if (!values) continue;
        const { last } = shape;
        // Samples of one group usually follow one another.
        const isSame = last?.job === job && last.isKnown === isKnown &&
          values.every((value, i) => value === last.values[i]);
        if (isSame) return last.id;
        const own = new Map(shape.names.map((name, i) => [name, utf8(values[i])]));
        const id = groupId({ job: utf8(job), labels: own });
        if (!isKnown(id)) continue;
        shape.last = { job, values, isKnown, id };
        return id;
      }
      return undefined;
    };
  };
}

/** The last group found for some label names, and its arguments. */
interface LastFound {
  readonly job: string;
  readonly values: readonly string[];
  readonly isKnown: (id: string) => boolean;
  readonly id: string;
}

/** The index of the first label name in an ID that is split at its slashes, after the job. */
const FIRST_NAME = 4;

function valueOf(labels: LabelPairs, name: string): string | undefined {
  for (const [own, value] of labels) if (own === name) return value;
  return undefined;
}

/** Returns the values of some labels, if all of them are present. */
function valuesOf(labels: LabelPairs, names: readonly string[]): string[] | undefined {
  const values: string[] = [];
  for (const name of names) {
    const value = valueOf(labels, name);
    if (value === undefined) return undefined;
    values.push(value);
  }
  return values;
}
