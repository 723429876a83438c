/**
 * Tells whether two members are two Pushgateways. If two names lead to one process, both show the same
 * groups, and deleting a group under one name deletes it under the other. Pure.
 *
 * @module
 */

import type { Member } from "../../member.ts";
import type { Membership } from "../../membership/membership.ts";

/** `unknown`: it is not known of both when their process started. */
export type Relation = "distinct" | "same" | "unknown";

/** Tells how two members are related, by the start times of their processes. */
export type RelationOf = (one: Member, other: Member) => Relation;

/** Returns how two members are related, by what membership knows. */
export function relationIn({ records }: Membership, one: Member, other: Member): Relation {
  if (one === other) return "same";
  const [a, b] = [records.get(one)?.started, records.get(other)?.started];
  if (a === undefined || b === undefined) return "unknown";
  return a === b ? "same" : "distinct";
}
