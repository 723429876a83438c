/** Reads the groups of a member from its JSON API, one by one. @module */

import type { Member } from "../../member.ts";
import type { ClockBounds } from "../clock.ts";
import { createDataSplitter } from "./data_splitter.ts";
import { type JsonGroup, parseJsonGroup } from "./json_group.ts";
import { readPage, type ReadWay } from "./page.ts";

/**
 * Reads all groups.
 *
 * @throws the same as `readJsonTexts`
 */
export function readJsonGroups(
  member: Member,
  take: (group: JsonGroup) => void,
  way: ReadWay & { readonly signal: AbortSignal },
): Promise<{ readonly clockAhead: ClockBounds }> {
  return readJsonTexts(member, (text) => take(parseJsonGroup(text)), way);
}

/**
 * Reads all groups as JSON texts.
 *
 * @throws {SendFailure} if the page does not arrive completely
 * @throws {TypeError | SyntaxError} if it is not such a page
 * @throws what `take` throws; the signal's reason when it aborts
 */
export async function readJsonTexts(
  member: Member,
  take: (text: string) => void,
  way: ReadWay & { readonly signal: AbortSignal },
): Promise<{ readonly clockAhead: ClockBounds }> {
  const splitter = createDataSplitter();
  const { status, clockAhead } = await readPage(member, {
    target: "/api/v1/metrics",
    accept: "application/json",
    take: (bytes) => splitter.take(bytes, take),
  }, way);
  if (status !== 200) {
    throw new TypeError(`expected its groups from /api/v1/metrics, found status ${status}`);
  }
  const envelope: unknown = JSON.parse(splitter.end());
  const isWhole = typeof envelope === "object" && envelope !== null && "status" in envelope &&
    envelope.status === "success" && "data" in envelope && Array.isArray(envelope.data);
  if (!isWhole) {
    throw new TypeError(`expected the Pushgateway's API, found ${JSON.stringify(envelope)}`);
  }
  return { clockAhead };
}
