/** Which pushes are looked after, of groups that two instances give to different members. @module */

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

const PATH = "/metrics/job/backup/instance/a";
const GROUP = { id: PATH, key: PATH };
const never = new AbortController().signal;

/** An instance that goes by one ring, beside another one that has announced its own before. */
function instance(present: HashRing, others: HashRing): Handoff {
  const announce = (ring: HashRing, since: number) => showAnnounced({ ring, since, seen: [] });
  const all = [
    { text: announce(others, 1), isOwn: false, isLost: false },
    { text: announce(present, 2), isOwn: true, isLost: false },
  ];
  const membership = tell(["list a b", "a ok", "b refused"], consulPolicy());
  const gateways = { markPartial: () => Promise.resolve(undefined) } as Partial<Gateways>;
  const handoff = createHandoff({
    config: () => ({ enabled: true, sweepIntervalMs: 60_000, sweepTimeoutMs: 30_000 }),
    membership: () => membership,
    ring: () => present,
    openGateways: () => gateways as Gateways, // it is asked for nothing else
    locks: () => undefined,
    announcements: () => ({ all, announce() {}, isCurrent: true }),
    tell() {},
    metrics: createMetrics(buildInfo()).handoff,
    tellSharedSeries() {},
    log: recordLog(() => {}),
    random: () => 0,
    clock: () => 0,
    now: () => 0,
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
