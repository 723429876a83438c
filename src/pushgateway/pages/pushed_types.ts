/** Which metric families a push carries, and of which types. Pure. @module */

import { splitFamilies, typeOfFamily } from "./family.ts";

/** What a push says of its body. */
export interface BodyHeaders {
  readonly contentType: string | undefined;
  readonly contentEncoding: string | undefined;
}

const PROTOBUF = "application/vnd.google.protobuf";
/** What the samples of a summary or a histogram are called behind the family's name. */
const SUFFIX = /_(?:sum|count|bucket)$/;

/**
 * Reads the types of the families in a body, as `gauge`, by name. A Pushgateway refuses a push where
 * other groups have one of them with another type. What is packed, or no metrics at all, tells nothing.
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
    return new Map(); // whoever gets it says what is wrong with it
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
