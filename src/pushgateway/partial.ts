/**
 * The mark of a group that may be a part only: it was begun by a `POST` while a member that may hold
 * the rest could not be read.
 *
 * It is a metric family without metrics, in the group itself. A Pushgateway (1.4.0 to 1.11.2) keeps
 * such a family and shows it in its JSON API, and not on `/metrics`; a `POST` leaves it where it is,
 * and a `PUT` or a `DELETE` of the group takes it away. So the mark says for as long as it is there, to
 * every instance and after any restart: no `PUT` has replaced the group since, and what an older copy
 * holds belongs to it.
 *
 * @module
 */

import { encodeFamilies } from "./pages/family.ts";

/** The family's name. */
export const PARTIAL_FAMILY = "dynamic_sharding_partial";

const HELP =
  "Families of this group may lie on a Pushgateway that could not be read when they were " +
  "POSTed; dynamic-sharding adds them.";

/** What a `POST` carries to mark a group: delimited protobuf. */
export const PARTIAL_BODY = encodeFamilies([
  { name: PARTIAL_FAMILY, type: "UNTYPED", help: HELP, metrics: [] },
]);
