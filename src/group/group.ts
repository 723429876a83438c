/**
 * A group: what the Pushgateway calls a grouping key, a job and its labels.
 *
 * Two texts are made from it. The placement key is what the ring hashes; it is the original tool's,
 * so it is not injective (a value may hold a `/`). The group path is; it names the group.
 *
 * @module
 */

import { encodeBase64Url } from "./base64.ts";
import { labelNameText, type NameScheme } from "./label_name.ts";

/** A grouping key. `labels` holds neither `job` nor an empty `instance`. */
export interface Group {
  readonly job: string;
  /** Label values by name, in ascending order of the names. */
  readonly labels: ReadonlyMap<string, string>;
}

/**
 * The key that the ring places: `/metrics/job/<job>` and `/<name>/<value>` by ascending name, all
 * decoded. For a plain path with sorted labels it is the very path that the Go tool hashes.
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
 * The one canonical, percent-encoded path of a group: parsing it gives the same group back. Values
 * that a path segment cannot carry (empty, `.`, `..`, or with a `/`) are base64.
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

function segments(name: string, value: string): string {
  const plain = value !== "" && value !== "." && value !== ".." && !value.includes("/");
  return plain
    ? `/${encodeURIComponent(name)}/${encodeURIComponent(value)}`
    : `/${encodeURIComponent(name)}@base64/${encodeBase64Url(new TextEncoder().encode(value))}`;
}
