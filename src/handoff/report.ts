/** Reports handoff to the operator, by the log and by metrics. @module */

import { LockFailure } from "../consul/locks/locks.ts";
import { errorText, type Logger } from "../log.ts";
import { createTrouble, createTroubles, type PastTrouble } from "../log/trouble.ts";
import type { Member } from "../member.ts";
import type { HandoffMetrics } from "../metrics/handoff.ts";
import type { StaleCopy } from "./plan/inventory.ts";

/** The kinds of failures, as the metric names them. */
export type HandoffFailure = "copy" | "delete" | "lock";

/** The events that are reported. */
export interface HandoffReport {
  /** Called when a group was brought to its owner, and the other copies were deleted. */
  moved(move: { id: string; from: readonly Member[]; to: Member; by: "push" | "drain" }): void;
  /** Called when a stale copy was deleted. */
  staleRemoved(copy: StaleCopy): void;
  /** Called when a group cannot be copied without loss, and stays. */
  staysPut(group: { id: string; from: Member; to: Member; reason: string }): void;
  failed(kind: HandoffFailure, error: unknown): void;
  /** Called when the members were compared. A trouble without a failure for five minutes is over. */
  compared(): void;
}

/**
 * Creates the report.
 *
 * @param now a clock in milliseconds
 */
export function createReport(
  { log, metrics, now }: { log: Logger; metrics: HandoffMetrics; now: () => number },
): HandoffReport {
  /** The groups that cannot be copied exactly. */
  const staying = createTroubles(now);
  const [copies, deletions, locks] = [createTrouble(now), createTrouble(now), createTrouble(now)];

  function copied(past: PastTrouble | undefined): void {
    if (past) log.info("moving groups works again", past);
  }

  function deleted(past: PastTrouble | undefined): void {
    if (past) log.info("deleting copies works again", past);
  }

  function copyable(group: string): void {
    const past = staying.over(group);
    if (past) log.info("group was copied or deleted after all", { group, ...past });
  }

  return {
    moved({ id, from, to, by }) {
      metrics.moved(by);
      log.debug("group moved", { group: id, from: from.join(", "), to, by });
      copied(copies.over());
      copyable(id);
    },
    staleRemoved({ id, member, newer }) {
      metrics.staleRemoved();
      const reason = typeof newer === "number" ? "the group was deleted" : `newer on ${newer}`;
      log.debug("stale copy deleted", { group: id, member, reason });
      deleted(deletions.over());
      copyable(id);
    },
    staysPut({ id, from, to, reason }) {
      metrics.failed("unfaithful");
      const fields = { group: id, member: from, owner: to, reason };
      if (staying.isNews(id, reason)) {
        log.warn("group cannot be copied exactly: it stays where it is", fields);
      } else log.debug("group cannot be copied exactly, as before", fields);
    },
    failed(kind, error) {
      metrics.failed(kind);
      const fields = { err: errorText(error) };
      // The session logs this trouble once, and once more when it is over.
      const isToldElsewhere = error instanceof LockFailure && error.kind === "unavailable";
      const trouble = { copy: copies, delete: deletions, lock: locks }[kind];
      if (isToldElsewhere || !trouble.isNews(error)) {
        return log.debug("handoff failed again", { kind, ...fields });
      }
      switch (kind) {
        case "copy":
          return log.warn("moving a group failed, trying again", fields);
        case "delete":
          return log.warn("deleting a copy failed, trying again", fields);
        case "lock":
          return log.warn("taking a lock in Consul failed, trying again", fields);
        default:
          return kind satisfies never;
      }
    },
    compared() {
      copied(copies.calm());
      deleted(deletions.calm());
      const past = locks.calm();
      if (past) log.info("taking locks in Consul works again", past);
    },
  };
}
