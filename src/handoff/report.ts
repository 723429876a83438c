/** What handoff tells its operator: a log line and a metric for each thing. @module */

import { LockFailure } from "../consul/locks/locks.ts";
import { errorText, type Logger } from "../log.ts";
import type { Member } from "../member.ts";
import type { HandoffMetrics } from "../metrics/handoff.ts";
import type { StaleCopy } from "./plan/inventory.ts";

/** What went wrong, as the metric names it. */
export type HandoffFailure = "copy" | "delete" | "lock" | "unfaithful";

/** What handoff has to tell. */
export interface HandoffReport {
  /** A group was brought to its owner, and the other copies were deleted. */
  moved(move: { id: string; from: readonly Member[]; to: Member; by: "push" | "drain" }): void;
  /** A stale copy was deleted. */
  staleRemoved(copy: StaleCopy): void;
  /** A group cannot be copied so that nothing is lost, and stays. */
  staysPut(group: { id: string; from: Member; to: Member; reason: string }): void;
  failed(kind: HandoffFailure, error: unknown): void;
}

/** A kind of failure is logged at most so often; the metric counts each. */
const FAILURE_LOG_MS = 10_000;
/** Groups of which it is remembered why they stay, so that it is said once. */
const STAYING_MAX = 10_000;

const WHAT: Readonly<Record<HandoffFailure, string>> = {
  copy: "a group could not be moved",
  delete: "a copy could not be deleted, the next sweep tries again",
  lock: "no lock to be had in Consul",
  unfaithful: "a group cannot be copied faithfully",
};

/**
 * Creates the report to an operator.
 *
 * @param now a clock in milliseconds
 */
export function createReport(
  { log, metrics, now }: { log: Logger; metrics: HandoffMetrics; now: () => number },
): HandoffReport {
  const staying = new Map<string, string>();
  const loggedAt = new Map<HandoffFailure, number>();
  const silent = new Map<HandoffFailure, number>();
  return {
    moved({ id, from, to, by }) {
      metrics.moved(by);
      log.debug("group moved", { group: id, from: from.join(","), to, by });
    },
    staleRemoved({ id, member, newer }) {
      metrics.staleRemoved();
      const why = typeof newer === "number" ? "the group was deleted" : `newer on ${newer}`;
      log.debug("stale copy deleted", { group: id, member, why });
    },
    staysPut({ id, from, to, reason }) {
      metrics.failed("unfaithful");
      if (staying.get(id) === reason) return;
      if (staying.size >= STAYING_MAX) staying.clear();
      staying.set(id, reason);
      const fields = { group: id, member: from, owner: to, why: reason };
      log.warn("group cannot be copied faithfully, so it stays where it is", fields);
    },
    failed(kind, error) {
      metrics.failed(kind);
      // What keeps the session tells it once, and when it is over.
      if (error instanceof LockFailure && error.kind === "unavailable") {
        log.debug(`handoff: ${WHAT[kind]}`, { err: errorText(error) });
        return;
      }
      const more = silent.get(kind) ?? 0;
      if (now() - (loggedAt.get(kind) ?? -Infinity) < FAILURE_LOG_MS) {
        silent.set(kind, more + 1);
        return;
      }
      loggedAt.set(kind, now());
      silent.delete(kind);
      log.warn(`handoff: ${WHAT[kind]}`, { err: errorText(error), ...(more > 0 && { more }) });
    },
  };
}
