/**
 * Reads whole groups so that a copy of them on another Pushgateway is exact. Only the JSON API shows which
 * metrics belong to which group, and the HELP of each. Only the protobuf of `/metrics` has the complete
 * values (exemplars, created timestamps, native histograms). So both are read and joined.
 *
 * @module
 */

import { cooperate } from "../concurrency/cooperate.ts";
import type { Member } from "../member.ts";
import {
  createGroupJoin,
  type GroupContent,
  type GroupReading,
  type WantedGroups,
} from "./group_join.ts";
import { concat } from "./pages/concat.ts";
import { readJsonGroups } from "./pages/json_page.ts";
import { readPage, type ReadWay } from "./pages/page.ts";
import { createProtobufPage, PROTOBUF_ACCEPT, PROTOBUF_TYPE } from "./pages/protobuf_page.ts";
import { PARTIAL_BODY } from "./partial.ts";

export type { GroupContent, GroupReading, WantedGroups } from "./group_join.ts";
export {
  contentBeside,
  contentSince,
  holdsContent,
  isPartOf,
  sameContent,
} from "./compare_content.ts";

/** The headers of a push with a body of such a group: names and values in turn. */
export const PROTOBUF_HEADERS: readonly string[] = ["content-type", PROTOBUF_TYPE];

/** Returns a group with the mark of a partial one: older copies may hold families that belong to it. */
export function markedPartial(content: GroupContent): GroupContent {
  if (content.partial) return content;
  return { ...content, partial: true, body: concat([content.body, PARTIAL_BODY]) };
}

/**
 * Reads some groups of a member. Both pages are read completely, and pushes are forwarded meanwhile. Only the
 * wanted groups are kept in memory.
 *
 * @param wanted the IDs of the groups
 * @param way.bytesMax the limit of the groups' JSON, which is about the memory that they take. At least one
 *   group is read.
 * @returns readings by ID, without groups that the member does not hold
 * @throws {SendFailure} if the member does not answer
 * @throws {TypeError | SyntaxError} if its answer is not a Pushgateway's
 * @throws the signal's reason when it aborts
 */
export async function readGroups(
  member: Member,
  wanted: WantedGroups,
  { bytesMax, ...way }: ReadWay & { readonly bytesMax?: number },
  signal: AbortSignal,
): Promise<Map<string, GroupReading>> {
  const join = createGroupJoin(wanted, bytesMax);
  await readJsonGroups(member, join.takeGroup, { ...way, signal });
  if (join.size === 0) return new Map();
  const page = createProtobufPage({ metric: join.takeMetric });
  const { status } = await readPage(member, {
    target: "/metrics",
    accept: PROTOBUF_ACCEPT,
    take: page.take,
  }, { ...way, signal });
  if (status !== 200) return join.unfaithful(`its member's /metrics answers ${status}`);
  page.end();
  return await cooperate(join.readings(), signal);
}
