/** What only the JSON API tells of a member's groups, without what they hold. @module */

import { groupId, groupOfLabels } from "../group/group.ts";
import type { Member } from "../member.ts";
import { readJsonGroups } from "./pages/json_page.ts";
import type { ReadWay } from "./pages/page.ts";
import { PARTIAL_FAMILY } from "./partial.ts";

/** The IDs of groups with a trait that only the JSON API shows. */
export interface GroupTraits {
  /** Marked: older copies may hold families that belong to them. */
  readonly partial: ReadonlySet<string>;
  /**
   * Stored with an explicit empty `instance`. On `/metrics` they look like groups without one, and a
   * push to the group without one beside them makes their Pushgateway refuse every further push.
   */
  readonly emptyInstance: ReadonlySet<string>;
}

/**
 * Reads the traits of a member's groups.
 *
 * @throws {SendFailure} where the member does not answer
 * @throws {TypeError | SyntaxError} where what it answers is not what a Pushgateway does
 * @throws the signal's reason when it aborts
 */
export async function readGroupTraits(
  member: Member,
  way: ReadWay,
  signal: AbortSignal,
): Promise<GroupTraits> {
  const partial = new Set<string>();
  const emptyInstance = new Set<string>();
  await readJsonGroups(member, (group) => {
    const isPartial = group.has(PARTIAL_FAMILY);
    if (!isPartial && !group.hasEmptyInstance) return;
    const id = groupId(groupOfLabels(group.labels));
    if (isPartial) partial.add(id);
    if (group.hasEmptyInstance) emptyInstance.add(id);
  }, { ...way, signal });
  return { partial, emptyInstance };
}
