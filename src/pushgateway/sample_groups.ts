/**
 * Tells which group a sample on a Pushgateway's page is of. The page does not say so: a sample has the
 * labels of its group and its own. Pure.
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
 * @param labels a character for each byte
 * @param isKnown whether it may be this one
 */
export type FindGroup = (
  labels: LabelPairs,
  isKnown: (id: string) => boolean,
) => string | undefined;

/** Groups between two moments at which others have their turn. */
const GROUPS_A_STEP = 1_000;

/** The label names of a group in the order of its ID, without the job. */
type Names = readonly string[];

/**
 * Learns which labels groups have. A generator, because there may be many.
 *
 * Of several groups that a sample may be of it is taken to be of the one with the most labels: beside
 * `{job="a"}` with `m{env="x"}` one rarely has `{job="a", env="x"}`.
 *
 * @param ids of all groups that are looked for
 * @returns what finds them on a page, by how label names are written there
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
        // Samples of one group come one after the other, usually.
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

/** The last group of some label names that was found, and for whom. */
interface LastFound {
  readonly job: string;
  readonly values: readonly string[];
  readonly isKnown: (id: string) => boolean;
  readonly id: string;
}

/** Where the first label name is in an ID that is split at its slashes, behind the job. */
const FIRST_NAME = 4;

function valueOf(labels: LabelPairs, name: string): string | undefined {
  for (const [own, value] of labels) if (own === name) return value;
  return undefined;
}

/** The values of some labels, where all of them are there. */
function valuesOf(labels: LabelPairs, names: readonly string[]): string[] | undefined {
  const values: string[] = [];
  for (const name of names) {
    const value = valueOf(labels, name);
    if (value === undefined) return undefined;
    values.push(value);
  }
  return values;
}
