/** Compares what two members hold of one group. Pure. @module */

import { Buffer } from "node:buffer";
import type { GroupContent } from "./group_join.ts";
import { concat } from "./pages/concat.ts";
import { createProtobufPage, type FamilyHead } from "./pages/protobuf_page.ts";
import { splitFamilies } from "./pages/family.ts";
import { PARTIAL_FAMILY } from "./partial.ts";

/**
 * Whether two readings of one group, of two members, hold the same, push times apart and whatever the
 * order of metrics. An empty HELP and none are the same, and so are no type and a counter.
 *
 * @throws {SyntaxError} where a body is none that `readGroups` has made
 */
export function sameContent(a: GroupContent, b: GroupContent): boolean {
  if (a.id !== b.id) return false;
  if (Buffer.compare(a.body, b.body) === 0) return true;
  if (a.body.length === 0 || b.body.length === 0) return false;
  const [those, these] = [parts(a.body), parts(b.body)];
  return those.length === these.length && those.every((part, i) => part === these[i]);
}

/**
 * Whether a reading holds all that another one does, whatever else it holds: what a `POST` of the
 * other has to lead to.
 *
 * @throws {SyntaxError} where a body is none that `readGroups` has made
 */
export function holdsContent(whole: GroupContent, part: GroupContent): boolean {
  if (whole.id !== part.id) return false;
  const held = new Set(whole.body.length === 0 ? [] : parts(whole.body));
  return part.body.length === 0 || parts(part.body).every((one) => held.has(one));
}

/**
 * Whether a reading is nothing but a part of another one: families that both hold alike, and fewer.
 *
 * @throws {SyntaxError} where a body is none that `readGroups` has made
 */
export function isPartOf(part: GroupContent, whole: GroupContent): boolean {
  const held = new Map(splitFamilies(whole.body).map(({ name, bytes }) => [name, bytes]));
  return splitFamilies(part.body).every(({ name, bytes }) => {
    const other = held.get(name);
    return other !== undefined && sameContent({ ...part, body: bytes }, { ...part, body: other });
  });
}

/**
 * Returns what a copy has and a newer one lacks: the families of other names.
 *
 * @returns `undefined` where there are none
 * @throws {SyntaxError} where a body is none that `readGroups` has made
 */
export function contentBeside(newer: GroupContent, older: GroupContent): GroupContent | undefined {
  const names = new Set([PARTIAL_FAMILY, ...splitFamilies(newer.body).map(({ name }) => name)]);
  const missing = splitFamilies(older.body).filter(({ name }) => !names.has(name));
  if (missing.length === 0) return undefined;
  return { ...older, body: concat(missing.map(({ bytes }) => bytes)) };
}

/**
 * What a group has got since it was copied: families that have become others, and that its copy has
 * not got otherwise.
 *
 * @param copies.before what was copied
 * @param copies.there what the copy is now
 * @returns `undefined` where there are none
 * @throws {SyntaxError} where a body is none that `readGroups` has made
 */
export function contentSince(
  now: GroupContent,
  { before, there }: { readonly before: GroupContent; readonly there: GroupContent },
): GroupContent | undefined {
  const familiesOf = ({ body }: GroupContent) =>
    new Map(splitFamilies(body).map(({ name, bytes }) => [name, bytes]));
  const [copied, target] = [familiesOf(before), familiesOf(there)];
  const isSame = (one: Uint8Array | undefined, other: Uint8Array | undefined) =>
    one === undefined || other === undefined
      ? one === other
      : sameContent({ ...now, body: one }, { ...now, body: other });
  const pushed = [...familiesOf(now)].filter(([name, bytes]) =>
    !isSame(bytes, copied.get(name)) && isSame(target.get(name), copied.get(name))
  );
  if (pushed.length === 0) return undefined;
  return { ...now, body: concat(pushed.map(([, bytes]) => bytes)) };
}

/** Every metric with its family, and every family, sorted; one byte in each character. */
function parts(body: Uint8Array): string[] {
  const found: string[] = [];
  const page = createProtobufPage({
    metric: (bytes, head) =>
      found.push(`${headText(head)}${Buffer.from(bytes).toString("latin1")}`),
    familyEnd: (head) => found.push(headText(head)),
  });
  page.take(body);
  page.end();
  return found.sort();
}

function headText({ name, help, type = 0 }: FamilyHead): string {
  return `${JSON.stringify([name, Buffer.from(help ?? []).toString("latin1"), type])} `;
}
