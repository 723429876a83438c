/** Whether all that was pushed is there, once. @module */

import assert from "node:assert/strict";
import type { Pushgateway } from "../../tools/pushgateway.ts";
import { waitFor } from "../../tools/wait.ts";
import { BATCH, COUNTER, LIVE, ONCE, onceBody, onceValue } from "./groups.ts";
import { heldTwice, readHeld } from "./held.ts";
import { type Load, push, startLoad } from "./load.ts";

/**
 * Pushes the groups that are pushed once, begins to push the others, and waits until each was.
 *
 * @param services take turns; who changes the list meanwhile is their load balancer
 */
export async function pushAll(services: readonly string[]): Promise<Load> {
  for (const group of BATCH) {
    const why = await push(`${services[0]}${group.path}`, { method: "PUT", body: onceBody(group) });
    assert.equal(why, undefined);
  }
  const load = startLoad(LIVE, services);
  await waitFor(() => load.taken().size === LIVE.length, { what: "a push of each group" });
  return load;
}

/** Ends the load; each group lies on one member then, as it was pushed last. */
export async function assertNothingLost(
  load: Load,
  members: readonly Pushgateway[],
): Promise<void> {
  await load[Symbol.asyncDispose]();
  assert.deepEqual(load.failed, []);
  await waitFor(async () => heldTwice(await readHeld(members)).length === 0, {
    what: "each group to lie on one member",
  });
  const held = await readHeld(members);
  for (const { name } of LIVE) {
    assert.equal(held.get(name)?.[0].values[COUNTER], load.taken().get(name), name);
  }
  for (const group of [...BATCH, ...LIVE.filter(({ kind }) => kind === "post")]) {
    assert.equal(held.get(group.name)?.[0].values[ONCE], onceValue(group), group.name);
  }
}
