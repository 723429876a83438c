/** The members as Prometheus's http_sd wants them. @module */

import type { Member } from "../../member.ts";
import { Reply, textReply } from "../message.ts";
import { servingMembers, type Snapshot } from "../snapshot.ts";

/**
 * Lists the members that Prometheus should scrape; 503 while they are unknown, for it keeps its last
 * targets on an error and drops them all on `[]`. One that has not been swept yet may show stale
 * copies, and is not listed; one that is being drained is, until it is empty.
 *
 * @param awaitsDiscovery discovery has an own view of the members and has not told it yet
 */
export function answerSd(snapshot: Snapshot, awaitsDiscovery: boolean): Reply {
  const isSwept = (member: Member) => {
    const record = snapshot.membership.records.get(member);
    return record?.state !== "joining" || record.verdict !== "up";
  };
  const targets = servingMembers(snapshot).filter(isSwept);
  if (awaitsDiscovery || targets.length === 0) {
    return textReply(503, "the members are not known yet\n");
  }
  // Prometheus takes no parameter but charset here, and no field beside these two.
  const type = ["content-type", "application/json; charset=utf-8"];
  return new Reply(200, JSON.stringify([{ targets, labels: {} }]), type);
}
