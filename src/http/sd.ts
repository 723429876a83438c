/** The members as Prometheus's http_sd wants them. @module */

import type { Snapshot } from "./snapshot.ts";

/**
 * Lists the members of the ring; 503 while they are unknown, for Prometheus keeps its last targets
 * on an error and drops them all on `[]`.
 *
 * @param awaitsDiscovery discovery has an own view of the members and has not told it yet
 */
export function answerSd({ ring }: Snapshot, awaitsDiscovery: boolean): Response {
  if (awaitsDiscovery || ring.members.length === 0) {
    return new Response("the members are not known yet\n", { status: 503 });
  }
  // Prometheus takes no parameter but charset here, and no field beside these two.
  return new Response(JSON.stringify([{ targets: ring.members, labels: {} }]), {
    headers: { "content-type": "application/json; charset=utf-8" },
  });
}
