/** The fleets that are run, and a table of what became of them. @module */

import { renderCells } from "../../bench/table.ts";
import type { FleetVersions, Version } from "./fleet.ts";
import type { Run } from "./steps.ts";

const [V1_4, V1_5, V1_11_0, V1_11_2] = [
  "pushgateway-1.4",
  "pushgateway-1.5",
  "pushgateway-1.11.0",
  "pushgateway",
] as const;

/** The oldest and the latest: the groups of the old one are moved to the other, and some back. */
export const OLDEST_AND_LATEST: FleetVersions = { members: [V1_4, V1_11_2], joins: V1_4 };

/** Each version alone, then mixed fleets: the first member is drained, and one more joins. */
export const FLEETS: readonly FleetVersions[] = [
  ...[V1_4, V1_5, V1_11_0, V1_11_2].map((version) => ({
    members: [version, version],
    joins: version,
  })),
  OLDEST_AND_LATEST,
  { members: [V1_11_2, V1_4], joins: V1_11_2 },
  { members: [V1_4, V1_5, V1_11_0], joins: V1_11_2 },
  { members: [V1_11_2, V1_11_0, V1_5], joins: V1_4 },
];

const NAMES: Readonly<Record<Version, string>> = {
  [V1_4]: "1.4.0",
  [V1_5]: "1.5.1",
  [V1_11_0]: "1.11.0",
  [V1_11_2]: "1.11.2",
};

/** A fleet in words, as `1.4.0, 1.11.2, then 1.4.0`. */
export function nameOf({ members, joins }: FleetVersions): string {
  return `${members.map((version) => NAMES[version]).join(", ")}, then ${NAMES[joins]}`;
}

/** Renders a Markdown table of runs; one that failed has its error in the place of a run. */
export function renderRuns(runs: ReadonlyMap<FleetVersions, Run | Error>): string {
  const steps = [...runs.values()].flatMap((run) =>
    run instanceof Error ? [] : Object.keys(run.seconds)
  );
  const names = [...new Set(steps)];
  const cells = [...runs].map(([fleet, run]) =>
    run instanceof Error ? [nameOf(fleet), "failed", ...names.map(() => ""), "", ""] : [
      nameOf(fleet),
      String(run.groups),
      ...names.map((name) => `${run.seconds[name].toFixed(1)} s`),
      String(run.drained),
      run.refusals.join(", "),
    ]
  );
  return renderCells(["fleet", "groups", ...names, "drained", "refused with"], cells);
}
