/** What handoff tells its operator: a log line and a metric for each thing. @module */

import { errorText, type Logger } from "../log.ts";
import type { Member } from "../member.ts";
import type { HandoffMetrics } from "../metrics_handoff.ts";

/** What went wrong, as the metric names it. */
export type HandoffFailure = "sweep" | "copy" | "delete" | "lock" | "unfaithful";

/** What handoff has to tell. */
export interface HandoffReport {
  /** A group was brought to its owner, and the other copies were deleted. */
  moved(move: { id: string; from: readonly Member[]; to: Member; by: "push" | "drain" }): void;
  /** A stale copy was deleted. */
  staleRemoved(copy: { id: string; member: Member; newer: Member }): void;
  /** A group cannot be copied so that nothing is lost, and stays. */
  staysPut(group: { id: string; from: Member; to: Member; reason: string }): void;
  failed(kind: HandoffFailure, error: unknown): void;
}

/** Makes one. */
export function createReport(log: Logger, metrics: HandoffMetrics): HandoffReport {
  return {
    moved({ id, from, to, by }) {
      metrics.moved(by);
      log.debug("group moved", { group: id, from: from.join(","), to, by });
    },
    staleRemoved({ id, member, newer }) {
      metrics.staleRemoved();
      log.debug("stale copy deleted", { group: id, member, newer });
    },
    staysPut({ id, from, to, reason }) {
      metrics.failed("unfaithful");
      log.warn("group cannot be copied faithfully, so it stays where it is", {
        group: id,
        member: from,
        owner: to,
        why: reason,
      });
    },
    failed(kind, error) {
      metrics.failed(kind);
      log.warn(`handoff: ${WHAT[kind]}`, { err: errorText(error) });
    },
  };
}

const WHAT: Readonly<Record<HandoffFailure, string>> = {
  sweep: "a member could not be swept",
  copy: "a group could not be moved, trying again",
  delete: "a copy could not be deleted, the next sweep tries again",
  lock: "no lock to be had in Consul, trying again",
  unfaithful: "a group cannot be copied faithfully",
};
