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
 * Learns which labels groups have. A generator, for there may be many.
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
    const written = largest.map((names) =>
      names.map((name) => ({ name, written: binary(escape(name)) }))
    );
    return (labels, isKnown) => {
      const job = valueOf(labels, "job");
      if (job === undefined) return undefined;
      for (const names of written) {
        const own = new Map<string, string>();
        for (const { name, written } of names) {
          const value = valueOf(labels, written);
          if (value === undefined) break;
          own.set(name, value);
        }
        if (own.size < names.length) continue;
        const id = groupId({ job, labels: own });
        if (isKnown(id)) return id;
      }
      return undefined;
    };
  };
}

/** Where the first label name is in an ID that is split at its slashes, behind the job. */
const FIRST_NAME = 4;

function valueOf(labels: LabelPairs, name: string): string | undefined {
  for (const [own, value] of labels) if (own === name) return utf8(value);
  return undefined;
}
