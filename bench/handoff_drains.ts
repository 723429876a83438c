/** Drains of one of three members, beside what one Pushgateway takes of the same pushes directly. @module */

import { type Build, type ByBuild, type HandoffOptions, ofEach } from "./handoff_builds.ts";
import { type DrainResult, runDrain } from "./handoff_drain.ts";
import {
  anyGroups,
  groupsOfFirst,
  groupsOn,
  type Members,
  type MembersOptions,
  startMembers,
} from "./handoff_members.ts";
import { pushFor } from "./pusher.ts";

/** One drain, and what was pushed directly just before it. */
export interface DrainRound {
  readonly drain: DrainResult;
  /** Pushes a second to the member that was drained then, of the groups that it holds. */
  readonly direct: number;
}

/** Drains at one fill. */
export interface DrainsAtFill {
  /** That all three members hold. */
  readonly groups: number;
  readonly builds: ByBuild<DrainRound>;
}

const COUNT = 3;
const FILLS = [6_000, 30_000];
const LARGE_GROUPS = 100_000;
const LARGE_PUSHES_PER_SECOND = 20;
const MS_MAX = { unchecked: 180_000, checked: 90_000, large: 210_000 };
/** What checks answers one push after the other. */
const DIRECT = {
  unchecked: { connections: 32, warmUpMs: 1_000, windowMs: 3_000, status: 202 },
  checked: { connections: 2, warmUpMs: 1_000, windowMs: 8_000, status: 200 },
};

/**
 * Drains at each fill, by each build in turn.
 *
 * @param kind whether the members check each push against all that they hold
 * @throws {Error} where something does not start or the drain is refused; the signal's reason
 */
export async function runDrains(
  kind: "unchecked" | "checked",
  options: HandoffOptions,
): Promise<DrainsAtFill[]> {
  const results: DrainsAtFill[] = [];
  for (const groups of FILLS) {
    const builds = await ofEach(options, async (build) => {
      const name = `drain at ${groups}, ${kind}`;
      await using members = await fill(name, {
        ...options,
        groups: anyGroups(groups),
        checked: kind === "checked",
      });
      const direct = await pushDirectly(kind, members, options);
      options.log(`handoff: ${name}: ${direct.toFixed(1)} direct pushes a second`);
      const drain = await runDrain({ ...options, name, build, members, msMax: MS_MAX[kind] });
      return { drain, direct };
    });
    results.push({ groups, builds });
  }
  return results;
}

/** Drains a member that holds very many, while pushes go on; throws as {@linkcode runDrains}. */
export async function runLargeDrain(options: HandoffOptions): Promise<ByBuild<DrainResult>> {
  return await drainOnce(`drain of ${LARGE_GROUPS}`, options, {
    members: { groups: groupsOfFirst(LARGE_GROUPS) },
    msMax: MS_MAX.large,
    pushesPerSecond: LARGE_PUSHES_PER_SECOND,
  });
}

/** Drains a member by one of two instances, while pushes go on through the other one; throws as above. */
export async function runPairDrain(options: HandoffOptions): Promise<ByBuild<DrainResult>> {
  return await drainOnce("drain by one of two instances", options, {
    members: { groups: anyGroups(FILLS[1]) },
    msMax: MS_MAX.unchecked,
    pushesPerSecond: LARGE_PUSHES_PER_SECOND,
    isPair: true,
  });
}

/** Counts how often members are read whole for a drain; throws as {@linkcode runDrains}. */
export async function runCountedDrain(options: HandoffOptions): Promise<ByBuild<DrainResult>> {
  return await drainOnce("drain, reads counted", options, {
    members: { groups: anyGroups(FILLS[1]), counted: true },
    msMax: MS_MAX.unchecked,
  });
}

async function drainOnce(
  name: string,
  options: HandoffOptions,
  { members: wanted, ...drain }: {
    readonly members: Pick<MembersOptions, "groups" | "counted">;
    readonly msMax: number;
    readonly pushesPerSecond?: number;
    readonly isPair?: boolean;
  },
): Promise<ByBuild<DrainResult>> {
  return await ofEach(options, async (build: Build) => {
    await using members = await fill(name, { ...options, ...wanted });
    return await runDrain({ ...options, ...drain, name, build, members });
  });
}

async function fill(
  name: string,
  { log, ...options }: Omit<MembersOptions, "count"> & Pick<HandoffOptions, "log">,
): Promise<Members> {
  log(`handoff: ${name}: filling ${COUNT} Pushgateways`);
  return await startMembers({ ...options, count: COUNT });
}

async function pushDirectly(
  kind: keyof typeof DIRECT,
  members: Members,
  { signal }: HandoffOptions,
): Promise<number> {
  const [address] = members.addresses;
  const groups = groupsOn(address, members);
  const run = await pushFor(`http://${address}`, { ...DIRECT[kind], groups, signal });
  return run.pushesPerSecond;
}
