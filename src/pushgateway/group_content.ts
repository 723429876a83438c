/**
 * Reads whole groups so that a copy of them on another Pushgateway is exact. Only the JSON API tells
 * what belongs to which group, and the HELP of each; only the protobuf of `/metrics` has the values
 * in full (exemplars, created timestamps, native histograms). So both are read, and joined.
 *
 * @module
 */

import type { Member } from "../member.ts";
import { createGroupJoin, type GroupContent, type GroupReading } from "./group_join.ts";
import { concat } from "./pages/concat.ts";
import { readJsonGroups } from "./pages/json_page.ts";
import { readPage, type ReadWay } from "./pages/page.ts";
import { createProtobufPage } from "./pages/protobuf_page.ts";
import { PARTIAL_BODY } from "./partial.ts";

export type { GroupContent, GroupReading } from "./group_join.ts";
export { contentBeside, holdsContent, isPartOf, sameContent } from "./compare_content.ts";

const MEDIA_TYPE = "application/vnd.google.protobuf";
const PARAMETERS = "proto=io.prometheus.client.MetricFamily;encoding=delimited";

/** What a push with such a body has to say of it: names and values in turn. */
export const PROTOBUF_HEADERS: readonly string[] = [
  "content-type",
  `${MEDIA_TYPE};${PARAMETERS}`,
];

/** The same group, marked: older copies may hold families that belong to it. */
export function markedPartial(content: GroupContent): GroupContent {
  if (content.partial) return content;
  return { ...content, partial: true, body: concat([content.body, PARTIAL_BODY]) };
}

/**
 * Reads some groups of a member. Both pages pass by whole, and pushes are passed on meanwhile; what is
 * kept is only of the groups asked for.
 *
 * @param ids of the groups
 * @returns by ID; a group that the member does not hold is absent
 * @throws {SendFailure} where the member does not answer
 * @throws {TypeError | SyntaxError} where what it answers is not what a Pushgateway does
 * @throws the signal's reason when it aborts
 */
export async function readGroups(
  member: Member,
  ids: ReadonlySet<string>,
  way: ReadWay,
  signal: AbortSignal,
): Promise<Map<string, GroupReading>> {
  const join = createGroupJoin(ids);
  await readJsonGroups(member, join.takeGroup, { ...way, signal });
  if (join.size === 0) return new Map();
  const page = createProtobufPage({ metric: join.takeMetric });
  const { status } = await readPage(member, {
    target: "/metrics",
    accept: `${MEDIA_TYPE};${PARAMETERS};escaping=allow-utf-8`,
    take: page.take,
  }, { ...way, signal });
  if (status !== 200) return join.unfaithful(`its member's /metrics answers ${status}`);
  page.end();
  return join.readings();
}
