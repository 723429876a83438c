/** Which pushes are looked after. @module */

import assert from "node:assert/strict";
import { buildInfo } from "../../src/build.ts";
import type { Gateways } from "../../src/handoff/gateways.ts";
import { createHandoff, type Handoff } from "../../src/handoff/handoff.ts";
import { showAnnounced } from "../../src/handoff/plan/announced_ring.ts";
import type { HashRing } from "../../src/ring/hash_ring.ts";
import { createMetrics } from "../../src/metrics/metrics.ts";
import { consulPolicy, tell } from "../membership/story.ts";
import { recordLog } from "../model/log.ts";
import { a, b, ringOf } from "./plan/members.ts";
import { inventory } from "./plan/whereabouts_story.ts";

const PATH = "/metrics/job/backup/instance/a";
const GROUP = { id: PATH, key: PATH };
const never = new AbortController().signal;

/**
 * An instance that goes by one ring, in front of two members of which the second is dead.
 *
 * @param others the ring that another instance has announced before; absent: it is alone
 */
function instance(present: HashRing, others?: HashRing): Handoff {
  const announce = (ring: HashRing, since: number, heard: string) => {
    const said = { since, seen: [], version: 1, from: 1, heard: new Map([[heard, 1]]) };
    return showAnnounced({ ring, ...said });
  };
  const all = others && [
    { id: "theirs", text: announce(others, 1, "ours"), isOwn: false, isLost: false },
    { id: "ours", text: announce(present, 2, "theirs"), isOwn: true, isLost: false },
  ];
  const membership = tell(["list a b", "a ok", "b refused"], consulPolicy());
  const gateways: Partial<Gateways> = {
    markPartial: () => Promise.resolve(undefined),
    pushTimes: () => Promise.resolve(inventory({})),
    traits: () => Promise.resolve({ partial: new Set(), emptyInstance: new Set() }),
  };
  const handoff = createHandoff({
    config: () => ({ enabled: true, sweepIntervalMs: 60_000, sweepTimeoutMs: 30_000 }),
    membership: () => membership,
    ring: () => present,
    openGateways: () => gateways as Gateways, // it is asked for nothing else
    locks: () => undefined,
    announcements: () => all && { all, announce() {}, isCurrent: true },
    tell() {},
    metrics: createMetrics(buildInfo()).handoff,
    tellSharedSeries() {},
    log: recordLog(() => {}),
    random: () => 0,
    clock: () => performance.now(),
    now: Date.now,
  });
  handoff.membershipChanged(membership);
  handoff.ringChanged(present);
  handoff.othersChanged();
  return handoff;
}

for (const method of ["PUT", "POST", "DELETE"]) {
  Deno.test(
    `a ${method} of a group with two owners is handled, though one of them cannot be read`,
    {
      permissions: "none",
    },
    async () => {
      const handoff = instance(ringOf(b), ringOf(a));
      // What is marked needs no other look, as far as it goes for members that cannot be read.
      await handoff.takesOver(GROUP.id, a, never);
      assert.equal(await handoff.concerns({ method, ...GROUP }), true);
    },
  );
}

for (
  const [who, others, isConcerned] of [
    ["one of several instances", ringOf(a), true],
    ["an instance that is alone", undefined, false],
  ] as const
) {
  const what = isConcerned ? "is marked with each POST" : "is marked once";
  Deno.test(`by ${who} a group that a dead member may hold ${what}`, {
    permissions: "none",
  }, async () => {
    const handoff = instance(ringOf(a), others);
    const stop = new AbortController();
    const running = handoff.run(stop.signal);
    await handoff.sweep(never);
    assert.equal(await handoff.concerns({ method: "POST", ...GROUP }), true);
    await handoff.takesOver(GROUP.id, a, never);
    assert.equal(await handoff.concerns({ method: "POST", ...GROUP }), isConcerned);
    stop.abort();
    await running;
  });
}
