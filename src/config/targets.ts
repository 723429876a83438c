/**
 * Reads the members of a file in the format of Prometheus's file_sd: a list of target groups in YAML, which
 * includes JSON.
 *
 * @module
 */

import * as z from "zod";
import { type Member, parseMember } from "../member.ts";
import { list, scalar, section, toIssues } from "./fields.ts";
import { show } from "./values.ts";
import { readYaml } from "./yaml.ts";

/** The context for reading a text. */
export interface TargetsContext {
  /** The file's name, for problems. */
  readonly file: string;
  /** The port of targets without one. */
  readonly port?: number;
  readonly weightMax: number;
}

/** The label that gives all targets of its group a larger share. All other labels are ignored. */
const WEIGHT = "__weight__";
const KEYS: readonly (readonly string[])[] = [[], ["targets", "labels"]];

/**
 * Reads the text of a file.
 *
 * @returns members and their weights; a member that is named twice has the larger one
 * @throws {ConfigError} with every problem found
 *
 * @example
 * ```ts
 * import { parseTargets } from "./targets.ts";
 * import assert from "node:assert/strict";
 *
 * const text = `[{"targets": ["10.0.0.1", "10.0.0.2:9191"], "labels": {"__weight__": "2"}}]`;
 * assert.deepEqual([...parseTargets(text, { file: "targets.json", port: 9091, weightMax: 100 })], [
 *   ["10.0.0.1:9091", 2],
 *   ["10.0.0.2:9191", 2],
 * ]);
 * ```
 */
export function parseTargets(text: string, context: TargetsContext): Map<Member, number> {
  const yaml = readYaml(text, context.file);
  const { data, error } = groupsOf(context).safeParse(yaml.value);
  if (!data) throw yaml.error(toIssues(error, ({ length }) => KEYS[length] ?? []));
  const weights = new Map<Member, number>();
  for (const { targets, labels } of data) {
    for (const member of targets) {
      weights.set(member, Math.max(weights.get(member) ?? 1, labels?.[WEIGHT] ?? 1));
    }
  }
  return weights;
}

function groupsOf({ port, weightMax }: TargetsContext) {
  const weight = scalar(`a whole number from 1 to ${weightMax}`, (text) => {
    if (/^[1-9]\d{0,8}$/.test(text) && Number(text) <= weightMax) return Number(text);
    throw new TypeError(`expected a whole number from 1 to ${weightMax}, found ${show(text)}`);
  });
  const labels = z.looseObject({ [WEIGHT]: weight }, {
    error: (issue) => `expected a map, found ${show(issue.input)}`,
  });
  const group = section({
    targets: list("host:port", (text) => parseMember(text, port)),
    labels: labels.nullish(),
  });
  return z.array(group, {
    error: (issue) => `expected a list of target groups, found ${show(issue.input)}`,
  });
}
