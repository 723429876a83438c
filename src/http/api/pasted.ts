/** Reads what users paste to find a group: a push URL, a path, or labels. Pure. @module */

import { type Group, groupPath } from "../../group/group.ts";
import type { NameScheme } from "../../group/label_name.ts";
import { parsePushPath } from "../../group/push_path.ts";
import { errorText } from "../../log.ts";

const URL_START = /^https?:\/\/[^/?#]*/i;
/** How the Pushgateways read paths. */
export interface PastedOptions {
  /** The route prefix of the Pushgateways, which a URL may begin with. */
  readonly routePrefix: string;
  readonly nameScheme: NameScheme;
}

/** The group that a text stands for, or why it stands for none. */
export type PastedGroup =
  | {
    readonly kind: "group";
    readonly group: Group;
    /** The path as it was given, without a query. */
    readonly given: string;
    /** The path as a Pushgateway takes it. */
    readonly path: string;
  }
  | { readonly kind: "refused"; readonly reason: string };

/** `name=value`, the value in quotes or up to the next comma or blank. */
const LABEL = /\s*([^\s=,{}"]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,{}"]*))\s*(?:,|$)/sy;

/**
 * Returns the push path that a text stands for.
 *
 * @param text `http://host/metrics/job/x`, `/metrics/job/x`, `job/x`, or `job=x,instance=y` with or without
 *   quotes and braces
 * @throws {TypeError} if it is none of these
 *
 * @example
 * ```ts
 * import { pathOfPasted } from "./pasted.ts";
 * import assert from "node:assert/strict";
 *
 * const options = { routePrefix: "", nameScheme: "legacy" } as const;
 * const path = "/metrics/job/backup/instance/db1";
 * assert.equal(pathOfPasted('{instance="db1", job="backup"}', options), path);
 * assert.equal(pathOfPasted(`http://gateway:9091${path}`, options), path);
 * ```
 */
export function pathOfPasted(
  text: string,
  { routePrefix, nameScheme }: PastedOptions,
): string {
  const pasted = text.trim();
  const isUrl = URL_START.test(pasted);
  if (isUrl || pasted.startsWith("/")) {
    const path = pasted.replace(URL_START, "");
    return routePrefix !== "" && path.startsWith(`${routePrefix}/`)
      ? path.slice(routePrefix.length)
      : path;
  }
  if (/^metrics\/job[@/]/.test(pasted)) return `/${pasted}`;
  if (/^job(?:@base64)?\//.test(pasted)) return `/metrics/${pasted}`;
  const { job, ...labels } = labelsOf(pasted);
  if (job === undefined) throw refused(text);
  const sorted = Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1));
  return groupPath({ job, labels: new Map(sorted) }, nameScheme);
}

/** Returns the group that a text stands for. A path is read as a Pushgateway reads it. */
export function groupOfPasted(text: string, options: PastedOptions): PastedGroup {
  let given: string;
  try {
    [given] = pathOfPasted(text, options).split("?", 1);
  } catch (error) {
    return { kind: "refused", reason: `push: ${errorText(error)}` };
  }
  const parsed = parsePushPath(given, options.nameScheme);
  return parsed.kind === "refused"
    ? { kind: "refused", reason: parsed.reason }
    : { kind: "group", group: parsed.group, given, path: parsed.path };
}

function labelsOf(text: string): Record<string, string> {
  const inner = text.startsWith("{") && text.endsWith("}") ? text.slice(1, -1) : text;
  const labels: [string, string][] = [];
  LABEL.lastIndex = 0;
  let end = 0;
  while (end < inner.length) {
    const match = LABEL.exec(inner);
    if (!match) throw refused(text);
    const [, name, quoted, bare] = match;
    labels.push([name, quoted?.replace(/\\(.)/gs, (_, c) => c === "n" ? "\n" : c) ?? bare]);
    end = LABEL.lastIndex;
  }
  return Object.fromEntries(labels);
}

function refused(text: string): TypeError {
  const found = JSON.stringify(text.slice(0, 200));
  return new TypeError(
    `expected a push URL, a path as /metrics/job/JOB, or labels as job=JOB,instance=NAME, found ${found}`,
  );
}
