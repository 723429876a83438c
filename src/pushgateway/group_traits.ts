/** Reads what only the JSON API shows of a member's groups, without their contents. @module */

import { groupId, groupOfLabels } from "../group/group.ts";
import type { Member } from "../member.ts";
import { readJsonGroups } from "./pages/json_page.ts";
import type { ReadWay } from "./pages/page.ts";
import { PARTIAL_FAMILY } from "./partial.ts";

/** The IDs of groups with a trait that only the JSON API shows. */
export interface GroupTraits {
  /** Groups marked as partial: older copies may hold families that belong to them. */
  readonly partial: ReadonlySet<string>;
  /**
   * Stored with an explicit empty `instance`. On `/metrics` they look like groups without one, and if the
   * group without one is pushed as well, their Pushgateway refuses every further push.
   */
  readonly emptyInstance: ReadonlySet<string>;
}

/**
 * Reads the traits of a member's groups.
 *
 * @throws {SendFailure} if the member does not answer
 * @throws {TypeError | SyntaxError} if its answer is not a Pushgateway's
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
