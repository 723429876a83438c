/** What every fleet goes through, and what became of it. @module */

import assert from "node:assert/strict";
import { waitFor } from "../../tools/wait.ts";
import { memberOf } from "../e2e/fleet.ts";
import { type Fleet, type FleetVersions, startFleet } from "./fleet.ts";
import { badPushes, type Push, variedPushes } from "./groups.ts";

/** One run. */
export interface Run {
  readonly groups: number;
  /** Groups that were moved by the drain. */
  readonly drained: number;
  /** By the name of each step, in their order. */
  readonly seconds: Readonly<Record<string, number>>;
  /** Answers to pushes that are refused, sorted. */
  readonly refusals: readonly number[];
  /** Lines of the log at the level `error`. */
  readonly errors: readonly string[];
}

/** Under load a slow machine takes a while for what takes seconds as a rule. */
const STEP_MS_MAX = 180_000;
/** Groups of which pushes are refused. */
const BAD_PUSHES = 20;

/**
 * Goes through all steps. After each of them the fleet has to hold what one Pushgateway holds to which the
 * same was pushed.
 *
 * @throws with the name of the step where that is not so, or does not come about in time
 */
export async function goThroughSteps(versions: FleetVersions, groups: number): Promise<Run> {
  await using stack = new AsyncDisposableStack();
  const fleet = await startFleet(versions, stack);
  const { members, service } = fleet;
  const [first, second] = members;
  const pushes = variedPushes(groups);
  const seconds: Record<string, number> = {};
  const step = async <T>(name: string, work: () => Promise<T>): Promise<T> => {
    const startMs = performance.now();
    try {
      return await work();
    } catch (cause) {
      throw new Error(`${name}: ${(cause as Error).message}\n${service.process.output()}`, {
        cause,
      });
    } finally {
      seconds[name] = (performance.now() - startMs) / 1_000;
    }
  };
  const begun = members.slice(0, -1);

  await step("fill", async () => {
    for (const push of pushes) await fleet.push(push);
    await fleet.compare(begun);
  });
  const refusals = await step("refusals", async () => {
    const found = new Set<number>();
    for (const push of pushes.slice(0, BAD_PUSHES)) {
      for (const bad of badPushes(push)) found.add(await fleet.pushBad(bad));
    }
    await fleet.compare(begun);
    return [...found].sort();
  });
  await step("merged", () => fleet.compareMerged(begun));
  await step("scale-out", async () => {
    await fleet.configure(members);
    for (const { path } of pushes) {
      await fleet.push({ method: "POST", path, body: "touched 1\n" });
    }
    await settled(fleet);
    await fleet.compare(members);
  });
  const drained = await step("drain", async () => {
    const asked = await service.get(`/api/v1/members/${first.address}/drain`, { method: "PUT" });
    assert.equal(asked.status, 202, asked.text);
    const leaves = await waitFor(async () => {
      const member = await memberOf(service, first.address);
      return member?.drained && member;
    }, { what: `the drain of ${first.address} to end`, msMax: STEP_MS_MAX });
    assert.deepEqual(await first.groups(), []);
    await fleet.configure(members.slice(1));
    await fleet.compare(members.slice(1));
    return leaves.drain?.moved ?? 0;
  });
  await step("restart", async () => {
    await second.stop();
    const left = await pushMeanwhile(fleet, pushes);
    await second.start();
    await fleet.waitForRing(members.slice(1));
    for (const { path } of left) await fleet.push({ method: "POST", path, body: "back 1\n" });
    await settled(fleet);
    await fleet.compare(members.slice(1));
  });
  await step("wipe", async () => {
    const wiped = await service.get("/api/v1/admin/wipe", { method: "PUT" });
    assert.equal(wiped.status, 202, wiped.text);
    await waitFor(async () => {
      const held = await Promise.all(members.map((member) => member.groups()));
      return held.flat().length === 0;
    }, { what: "all members to be empty" });
  });
  return { groups, drained, seconds, refusals, errors: fleet.errors() };
}

/** Of three groups one is put anew, one is deleted, and one is left as it is. @returns those that stay */
async function pushMeanwhile(fleet: Fleet, pushes: readonly Push[]): Promise<Push[]> {
  for (const [i, { path }] of pushes.entries()) {
    if (i % 3 === 0) await fleet.push({ method: "PUT", path, body: `meanwhile ${i}\n` });
    else if (i % 3 === 1) await fleet.push({ method: "DELETE", path, body: "" });
  }
  return pushes.filter((_, i) => i % 3 !== 1);
}

/** Waits until each group lies on its owner, as far as the service knows. */
async function settled({ service }: Fleet): Promise<void> {
  await waitFor(
    async () => await service.metric("dynamic_sharding_handoff_misplaced_groups") === 0,
    { what: "no group to be misplaced", msMax: STEP_MS_MAX },
  );
}
