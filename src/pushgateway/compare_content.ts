/** Compares what two members hold of one group. Pure. @module */

import { Buffer } from "node:buffer";
import type { GroupContent } from "./group_join.ts";
import { concat } from "./pages/concat.ts";
import { createProtobufPage, type FamilyHead } from "./pages/protobuf_page.ts";
import { splitFamilies } from "./pages/family.ts";
import { PARTIAL_FAMILY } from "./partial.ts";

/**
 * Whether two readings of one group, from two members, have the same content, regardless of push times and of
 * the order of metrics. An empty HELP equals none, and a counter equals no type.
 *
 * @throws {SyntaxError} if a body was not created by `readGroups`
 */
export function sameContent(a: GroupContent, b: GroupContent): boolean {
  if (a.id !== b.id) return false;
  if (Buffer.compare(a.body, b.body) === 0) return true;
  if (a.body.length === 0 || b.body.length === 0) return false;
  const [those, these] = [parts(a.body), parts(b.body)];
  return those.length === these.length && those.every((part, i) => part === these[i]);
}

/**
 * Whether a reading contains everything that another one contains, as it must after a `POST` of the other.
 *
 * @throws {SyntaxError} if a body was not created by `readGroups`
 */
export function holdsContent(whole: GroupContent, part: GroupContent): boolean {
  if (whole.id !== part.id) return false;
  const held = new Set(whole.body.length === 0 ? [] : parts(whole.body));
  return part.body.length === 0 || parts(part.body).every((one) => held.has(one));
}

/**
 * Whether a reading is a part of another one: each of its families is the same in both.
 *
 * @throws {SyntaxError} if a body was not created by `readGroups`
 */
export function isPartOf(part: GroupContent, whole: GroupContent): boolean {
  const held = new Map(splitFamilies(whole.body).map(({ name, bytes }) => [name, bytes]));
  return splitFamilies(part.body).every(({ name, bytes }) => {
    const other = held.get(name);
    return other !== undefined && sameContent({ ...part, body: bytes }, { ...part, body: other });
  });
}

/**
 * Returns what an older copy has and a newer one lacks: the families of other names.
 *
 * @returns `undefined` if there are none
 * @throws {SyntaxError} if a body was not created by `readGroups`
 */
export function contentBeside(newer: GroupContent, older: GroupContent): GroupContent | undefined {
  const names = new Set([PARTIAL_FAMILY, ...splitFamilies(newer.body).map(({ name }) => name)]);
  const missing = splitFamilies(older.body).filter(({ name }) => !names.has(name));
  if (missing.length === 0) return undefined;
  return { ...older, body: concat(missing.map(({ bytes }) => bytes)) };
}

/**
 * Returns what was pushed to a group since it was copied: the families that have changed there, and not in
 * the copy.
 *
 * @param copies.before what was copied
 * @param copies.there the present content of the copy
 * @returns `undefined` if there are none
 * @throws {SyntaxError} if a body was not created by `readGroups`
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

/** Returns every metric with its family, and every family, sorted, with one character for each byte. */
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
