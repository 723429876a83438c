/** Finds out which metric families a push contains, and their types. Pure. @module */

import { splitFamilies, typeOfFamily } from "./family.ts";

/** The headers of a push that describe its body. */
export interface BodyHeaders {
  readonly contentType: string | undefined;
  readonly contentEncoding: string | undefined;
}

const PROTOBUF = "application/vnd.google.protobuf";
/** Suffixes of a summary's or a histogram's samples. */
const SUFFIX = /_(?:sum|count|bucket)$/;

/**
 * Reads the types of the families in a body, as `gauge`, by name. A Pushgateway refuses a push if other
 * groups have one of the families with another type. The result is empty for a packed body, and for one
 * without metrics.
 *
 * @example
 * ```ts
 * import { pushedTypes } from "./pushed_types.ts";
 * import assert from "node:assert/strict";
 *
 * const body = new TextEncoder().encode('# TYPE a counter\na 1\nb{l="x"} 2\n');
 * const types = pushedTypes(body, { contentType: undefined, contentEncoding: undefined });
 * assert.deepEqual([...types], [["a", "counter"], ["b", "untyped"]]);
 * ```
 */
export function pushedTypes(
  body: Uint8Array,
  { contentType = "", contentEncoding = "" }: BodyHeaders,
): ReadonlyMap<string, string> {
  if (contentEncoding !== "") return new Map();
  if (!contentType.startsWith(PROTOBUF)) return typesOfText(new TextDecoder().decode(body));
  try {
    return new Map(splitFamilies(body).map((family) => [family.name, typeOfFamily(family)]));
  } catch {
    return new Map(); // the Pushgateway reports what is wrong with it
  }
}

function typesOfText(text: string): ReadonlyMap<string, string> {
  const types = new Map<string, string>();
  const untyped = new Set<string>();
  for (const line of text.split("\n")) {
    const type = /^#\s*TYPE\s+(\S+)\s+(\S+)/.exec(line);
    if (type) types.set(type[1], type[2].toLowerCase());
    else if (!line.startsWith("#")) {
      const [name] = /^\s*[^\s{]+/.exec(line) ?? [];
      if (name !== undefined) untyped.add(name.trim());
    }
  }
  for (const name of untyped) {
    const isPart = SUFFIX.test(name) && types.has(name.replace(SUFFIX, ""));
    if (!isPart && !types.has(name)) types.set(name, "untyped");
  }
  return types;
}
