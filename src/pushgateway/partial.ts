/**
 * The mark of a partial group: its first push was a `POST` while a member that may hold the rest could not be
 * read.
 *
 * The mark is a metric family without metrics, in the group itself. A Pushgateway (1.4.0 to 1.11.2) keeps
 * such a family and shows it in its JSON API, but not on `/metrics`. A `POST` leaves it unchanged, and a
 * `PUT` or a `DELETE` of the group removes it. So, as long as it exists, it tells every instance, after any
 * restart, that no `PUT` has replaced the group since, and that what an older copy holds belongs to the
 * group.
 *
 * @module
 */

import { encodeFamilies } from "./pages/family.ts";

/** The family's name. */
export const PARTIAL_FAMILY = "dynamic_sharding_partial";

const HELP =
  "Families of this group may lie on a Pushgateway that could not be read when they were " +
  "POSTed; dynamic-sharding adds them.";

/** The body of a `POST` that marks a group, in delimited protobuf. */
export const PARTIAL_BODY = encodeFamilies([
  { name: PARTIAL_FAMILY, type: "UNTYPED", help: HELP, metrics: [] },
]);
