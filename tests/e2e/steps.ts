/** The steps that a fleet goes through while it is pushed to and scraped. @module */

import assert from "node:assert/strict";
import { sleep } from "../../src/concurrency/backoff.ts";
import type { Pushgateway } from "../../tools/pushgateway.ts";
import { waitFor } from "../../tools/wait.ts";
import { openAccount } from "./account.ts";
import { type Fleet, memberOf, startFleet } from "./fleet.ts";
import { BATCH, LIVE, onceBody } from "./groups.ts";
import { readHeld } from "./held.ts";
import { push, startLoad } from "./load.ts";
import { startObservers } from "./observers.ts";

/** What differs between the runs. */
export interface Variant {
  readonly title: string;
  readonly instances: number;
  /** Makes the fourth Pushgateway a member. */
  scaleOut(fleet: Fleet): Promise<void>;
  /** Takes a member out while it is alive. */
  scaleIn(fleet: Fleet, member: Pushgateway): Promise<void>;
}

/** Pushes of each group before and after what happens in a step. */
const PUSHES_MS = 3_000;
const DRAINED_MS_MAX = 30_000;
/** Lines that are printed of what went wrong. */
const FINDINGS_MAX = 100;

/**
 * Goes through all steps, prints the table of what was counted, and asserts on it.
 *
 * @throws where a step does not come about in time; the table is printed all the same
 */
export async function goThroughSteps(variant: Variant): Promise<void> {
  await using stack = new AsyncDisposableStack();
  const fleet = await startFleet({
    instances: variant.instances,
    pushgateways: 4,
    configured: 3,
  }, stack);
  const { consul, members, services } = fleet;
  const [first, second, third, fourth] = members;
  const observers = await startObservers({ consul, service: services[0] }, stack);
  const ringOf = async (ring: readonly Pushgateway[]) => {
    const addresses = ring.map(({ address }) => address);
    await Promise.all(services.map((service) => service.waitForMembers(addresses)));
    await Promise.all(observers.map((observer) => observer.waitForTargets(addresses)));
    await sleep(PUSHES_MS);
  };

  for (const group of BATCH) {
    const failure = await push(`${services[0].url}${group.path}`, {
      method: "PUT",
      body: onceBody(group),
    });
    assert.equal(failure, undefined);
  }
  const load = stack.use(startLoad(LIVE, services.map(({ url }) => url)));
  const account = openAccount({ title: variant.title, fleet, load, observers });
  const walk = async () => {
    await ringOf([first, second, third]);
    await account.endStep("at the beginning");

    await second.kill9();
    account.livingAre([first, third, fourth]);
    await ringOf([first, third]);
    await account.endStep("a member is killed");

    account.livingAre(members);
    await account.memberReturns(second.start);
    await ringOf([first, second, third]);
    await account.endStep("it returns with stale data");

    await variant.scaleOut(fleet);
    await ringOf(members);
    await account.endStep("a fourth is added");

    await variant.scaleIn(fleet, first);
    await emptied(fleet, first);
    await ringOf([second, third, fourth]);
    await account.endStep("one is taken out alive");
  };
  const [walked] = await Promise.allSettled([walk()]);
  const { total, table, findings } = await account.close();
  console.log(["", table, ...findings.slice(0, FINDINGS_MAX)].join("\n"));
  if (walked.status === "rejected") throw walked.reason;
  const { failed, sdTeeth, heldTwice, stuck, batchLost, onceLost } = total;
  assert.deepEqual(
    { failed, sdTeeth, heldTwice, stuck, batchLost, onceLost },
    { failed: 0, sdTeeth: 0, heldTwice: 0, stuck: 0, batchLost: 0, onceLost: 0 },
  );
  assert.equal(total.consulTeeth, total.forgiven, "values went down only where a member returned");
  assert(total.pushes > 0 && total.samples > 0);
}

/** Waits until a member that leaves holds nothing and every instance calls it departed. */
export async function emptied({ services }: Fleet, member: Pushgateway): Promise<void> {
  await waitFor(async () => (await readHeld([member])).size === 0, {
    what: `${member.address} to be empty`,
    msMax: DRAINED_MS_MAX,
    everyMs: 100,
  });
  for (const service of services) {
    await waitFor(async () => (await memberOf(service, member.address))?.state !== "draining", {
      what: `${member.address} to have departed`,
      msMax: DRAINED_MS_MAX,
      everyMs: 100,
    });
  }
}
