/** Groups that are out of place, and what is left of them in the end. @module */

import type { Pushgateway } from "../../tools/pushgateway.ts";
import { waitFor } from "../../tools/wait.ts";
import type { Service } from "../integration/service.ts";
import { copiesOf } from "./groups.ts";

/** Waits until an instance has seen so many groups out of place. */
export async function waitForMisplaced(service: Service, count: number): Promise<void> {
  const name = "dynamic_sharding_handoff_misplaced_groups";
  await waitFor(async () => await service.metric(name) === count, {
    what: `${count} groups out of place to be known`,
  });
}

/** Waits until an instance has failed so often to read a member. */
export async function waitForFailedReads(service: Service, count: number): Promise<void> {
  const name = 'dynamic_sharding_handoff_failures_total{kind="sweep"}';
  await waitFor(async () => (await service.metric(name) ?? 0) >= count, {
    what: `${count} reads of a member to have failed`,
  });
}

/**
 * Waits until one copy of the groups of a job is left.
 *
 * @returns the families that it holds, with their values
 */
export async function theOnlyCopy(
  pushgateways: readonly Pushgateway[],
  job: string,
): Promise<Readonly<Record<string, string>>> {
  const [copy] = await waitFor(async () => {
    const copies = await copiesOf(pushgateways, job);
    return copies.length === 1 && copies;
  }, { what: `one copy of ${job} to be left` });
  return copy.values;
}
