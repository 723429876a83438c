/**
 * Whether two members are two Pushgateways. Of two names of one process each shows the same groups, and
 * to delete a group by one name deletes it by the other. Pure.
 *
 * @module
 */

import type { Member } from "../../member.ts";
import type { Membership } from "../../membership/membership.ts";

/** `unknown`: not both have told yet when their process started. */
export type Relation = "distinct" | "same" | "unknown";

/** Tells how two members are related, by the start times of their processes. */
export type RelationOf = (one: Member, other: Member) => Relation;

/** Tells it by what membership knows. */
export function relationIn({ records }: Membership, one: Member, other: Member): Relation {
  if (one === other) return "same";
  const [a, b] = [records.get(one)?.started, records.get(other)?.started];
  if (a === undefined || b === undefined) return "unknown";
  return a === b ? "same" : "distinct";
}
