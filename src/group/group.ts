/**
 * A group, which the Pushgateway calls a grouping key: a job and its labels.
 *
 * It has three text forms. The placement key is what the ring hashes. It is the original tool's, so it is not
 * injective, because a value may contain a `/`. The ID is injective, so it identifies a group; for nearly all
 * groups it is the same text. The group path is the ID in the form that a Pushgateway accepts in a URL.
 *
 * @module
 */

import { encodeBase64Url } from "./base64.ts";
import { labelNameText, type NameScheme } from "./label_name.ts";

/** A grouping key. `labels` contains neither `job` nor an empty `instance`. */
export interface Group {
  readonly job: string;
  /** Label values by name, in ascending order of the names. */
  readonly labels: ReadonlyMap<string, string>;
}

/**
 * Returns the key that the ring places: `/metrics/job/<job>` and `/<name>/<value>` by ascending name, all
 * decoded. For a plain path with sorted labels it is the same path, which is also what the Go tool hashes.
 *
 * @example
 * ```ts
 * import { placementKey } from "./group.ts";
 * import assert from "node:assert/strict";
 *
 * const group = { job: "backup", labels: new Map([["env", "a/b"]]) };
 * assert.equal(placementKey(group), "/metrics/job/backup/env/a/b");
 * ```
 */
export function placementKey(group: Group): string {
  let key = `/metrics/job/${group.job}`;
  for (const [name, value] of group.labels) key += `/${name}/${value}`;
  return key;
}

/**
 * Returns the unique ID of a group: the placement key with `/` and `%` escaped in names and values. For a
 * plain path with sorted labels it is that path.
 *
 * @example
 * ```ts
 * import { groupId, parseGroupId } from "./group.ts";
 * import assert from "node:assert/strict";
 *
 * const group = { job: "backup", labels: new Map([["env", "a/b"]]) };
 * assert.equal(groupId(group), "/metrics/job/backup/env/a%2Fb");
 * assert.deepEqual(parseGroupId(groupId(group)), group);
 * ```
 */
export function groupId(group: Group): string {
  let id = `/metrics/job/${escapeSegment(group.job)}`;
  for (const [name, value] of group.labels) id += `/${escapeSegment(name)}/${escapeSegment(value)}`;
  return id;
}

/** Returns the group with this ID. */
export function parseGroupId(id: string): Group {
  const [job, ...rest] = id.slice("/metrics/job/".length).split("/").map(unescapeSegment);
  const labels = new Map<string, string>();
  for (let i = 0; i < rest.length; i += 2) labels.set(rest[i], rest[i + 1]);
  return { job, labels };
}

/**
 * Returns the group that a Pushgateway shows with these labels.
 *
 * @param labels the labels including the job, in any order. An empty `instance` is dropped.
 */
export function groupOfLabels(labels: Iterable<readonly [name: string, value: string]>): Group {
  const sorted = [...labels].sort(([a], [b]) => (a < b ? -1 : 1));
  const job = sorted.find(([name]) => name === "job")?.[1] ?? "";
  const isOther = ([name, value]: readonly [string, string]) =>
    name !== "job" && !(name === "instance" && value === "");
  return { job, labels: new Map(sorted.filter(isOther)) };
}

/** Escapes a text for an ID: the characters that separate segments are replaced. */
export function escapeSegment(text: string): string {
  return text.includes("%") || text.includes("/")
    ? text.replaceAll("%", "%25").replaceAll("/", "%2F")
    : text;
}

function unescapeSegment(text: string): string {
  return text.includes("%") ? text.replaceAll("%2F", "/").replaceAll("%25", "%") : text;
}

/**
 * Returns the canonical, percent-encoded path of a group. Parsing it returns the same group. Values that a
 * path segment cannot contain (empty, `.`, `..`, or with a `/`) are base64.
 *
 * @param scheme how the Pushgateways read label names
 *
 * @example
 * ```ts
 * import { groupPath } from "./group.ts";
 * import assert from "node:assert/strict";
 *
 * const group = { job: "backup", labels: new Map([["dir", "/var/tmp"]]) };
 * assert.equal(groupPath(group, "legacy"), "/metrics/job/backup/dir@base64/L3Zhci90bXA");
 * ```
 */
export function groupPath(group: Group, scheme: NameScheme): string {
  let path = `/metrics${segments("job", group.job)}`;
  for (const [name, value] of group.labels) path += segments(labelNameText(name, scheme), value);
  return path;
}

/** Whether a group has no `instance`. A Pushgateway may store such a group with an explicit empty one. */
export function lacksInstance({ labels }: Group): boolean {
  return !labels.has("instance");
}

/**
 * Returns the path of a group without `instance` that is stored with an explicit empty one.
 *
 * @param scheme how the Pushgateways read label names
 */
export function emptyInstancePath({ job, labels }: Group, scheme: NameScheme): string {
  return groupPath({ job, labels: new Map([...labels, ["instance", ""]]) }, scheme);
}

function segments(name: string, value: string): string {
  const plain = value !== "" && value !== "." && value !== ".." && !value.includes("/");
  return plain
    ? `/${encodeURIComponent(name)}/${encodeURIComponent(value)}`
    : `/${encodeURIComponent(name)}@base64/${encodeBase64Url(new TextEncoder().encode(value))}`;
}
