/** `GET /api/v1/overview`: the state of this instance, and whether other instances agree with it. @module */

import type { BuildInfo } from "../../build.ts";
import type { Config } from "../../config/config.ts";
import { configHash } from "../../config/config_hash.ts";
import type { LocksState } from "../../consul/locks/locks.ts";
import type { Handoff } from "../../handoff/handoff.ts";
import type { History } from "../../membership/history.ts";
import { MEMBER_STATES } from "../../membership/membership.ts";
import { LOCKS_STATES } from "../../metrics/metrics.ts";
import type { Snapshot } from "../snapshot.ts";
import { readiness } from "./readiness.ts";
import { time } from "./time.ts";
import type { OverviewView } from "./views.ts";

/** What the answer needs. */
export interface OverviewDeps {
  readonly snapshot: () => Snapshot;
  readonly config: () => Config;
  readonly handoff: Pick<Handoff, "counts" | "misplaced" | "instances">;
  /** Returns why the last look-up of members that failed did so. */
  readonly lookUpFailure: () => string | undefined;
  /** Returns whether there are locks in Consul; `undefined` without Consul. */
  readonly locks: () => LocksState | undefined;
  readonly history: Pick<History, "events">;
  readonly build: BuildInfo;
  /** When this process started, Unix time in milliseconds. */
  readonly startedMs: number;
  readonly enableAdminApi: boolean;
}

/** Creates a function that returns the current overview of one app. */
export function createOverview(
  { snapshot, config, handoff, lookUpFailure, locks, history, build, startedMs, enableAdminApi }:
    OverviewDeps,
): () => OverviewView {
  return () => {
    const { membership, ring } = snapshot();
    const { ready, reason } = readiness(snapshot());
    const { mode, handoff: { enabled } } = config();
    const { counts, misplaced, instances } = handoff;
    const states = [...membership.records.values()].map(({ state }) => state);
    const failure = lookUpFailure();
    const locksState = locks();
    const missing = counts?.missing.values().reduce((sum, groups) => sum + groups, 0);
    return {
      version: build.version,
      started: time(startedMs),
      ready,
      reason,
      mode,
      handoff: enabled,
      admin_api: enableAdminApi,
      discovery: membership.discovery,
      ...(membership.discovery === "failed" && failure !== undefined && {
        discovery_error: failure,
      }),
      ...(locksState !== undefined && { locks: LOCKS_STATES[locksState] }),
      ring: {
        hash: ring.hash,
        members: ring.members.length,
        kept: membership.ringBasis === "kept",
      },
      config_hash: configHash(config()),
      last_event: history.events[0]?.id ?? 0,
      states: Object.fromEntries(
        MEMBER_STATES.map((state) => [state, states.filter((one) => one === state).length]),
      ),
      ...(counts && { compared: time(counts.atMs), groups: counts.groups, misplaced, missing }),
      instances: instances.map(({ id, isOwn, isLost, ringHash, configHash }) => ({
        id,
        own: isOwn,
        lost: isLost,
        ring_hash: ringHash,
        ...(configHash !== undefined && { config_hash: configHash }),
      })),
    };
  };
}
