/** Which pushes are looked after. @module */

import assert from "node:assert/strict";
import type { Locks } from "../../src/consul/locks/locks.ts";
import { untilAborted } from "../../src/concurrency/abort.ts";
import type { Gateways } from "../../src/handoff/gateways.ts";
import { createHandoff, type Handoff } from "../../src/handoff/handoff.ts";
import { readAnnounced, showAnnounced } from "../../src/handoff/plan/announced_ring.ts";
import type { HashRing } from "../../src/ring/hash_ring.ts";
import { createMetrics, type Metrics } from "../../src/metrics/metrics.ts";
import { BUILD, samples } from "../metrics/samples.ts";
import { consulPolicy, tell } from "../membership/story.ts";
import { recordLog } from "../model/log.ts";
import { a, b, ringOf } from "./plan/members.ts";
import { locksThat } from "./settle/failing_locks.ts";
import { inventory } from "./plan/whereabouts_story.ts";

const PATH = "/metrics/job/backup/instance/a";
const GROUP = { id: PATH, key: PATH };
const never = new AbortController().signal;

/**
 * An instance that goes by one ring, in front of two members of which the second is dead.
 *
 * @param options.others the ring that another instance has announced before; absent: it is alone
 * @param options.othersHeard of which instance that one has heard
 * @param options.locks those that it asks for; absent: it needs none
 * @param options.announce takes what it announces
 */
function instance(present: HashRing, options: {
  readonly others?: HashRing | undefined;
  readonly othersHeard?: string;
  readonly locks?: Locks;
  readonly announce?: (text: string) => void;
  readonly metrics?: Metrics;
} = {}): Handoff {
  const { others, othersHeard = "ours", locks, announce: tellOthers = () => {} } = options;
  const { metrics = createMetrics(BUILD) } = options;
  const announce = (ring: HashRing, since: number, heard: string) => {
    const said = { since, seen: [], version: 1, from: 1, heard: new Map([[heard, 1]]) };
    return showAnnounced({ ring, ...said });
  };
  const all = others && [
    { id: "theirs", text: announce(others, 1, othersHeard), isOwn: false, isLost: false },
    { id: "ours", text: announce(present, 2, "theirs"), isOwn: true, isLost: false },
  ];
  const membership = tell(["list a b", "a ok", "b refused"], consulPolicy());
  const gateways: Partial<Gateways> = {
    markPartial: () => Promise.resolve(undefined),
    run: untilAborted,
    pushTimes: () => Promise.resolve(inventory({})),
    traits: () => Promise.resolve({ partial: new Set(), emptyInstance: new Set() }),
  };
  const handoff = createHandoff({
    config: () => ({
      enabled: true,
      sweepIntervalMs: 60_000,
      sweepTimeoutMs: 30_000,
      memoryMax: 1e6,
    }),
    membership: () => membership,
    ring: () => present,
    openGateways: () => gateways as Gateways, // it is asked for nothing else
    locks: () => locks,
    announcements: () => all && { all, announce: tellOthers, isCurrent: true },
    tell() {},
    metrics: metrics.handoff,
    tellSharedSeries() {},
    configHash: () => "",
    onMisplaced() {},
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
      const handoff = instance(ringOf(b), { others: ringOf(a) });
      // What is marked needs no other look, as far as it goes for members that cannot be read.
      await handoff.takesOver(GROUP.id, a, never);
      assert.equal(handoff.concerns({ method, ...GROUP }), true);
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
    const handoff = instance(ringOf(a), { others });
    const stop = new AbortController();
    const running = handoff.run(stop.signal);
    await handoff.sweep(never);
    assert.equal(handoff.concerns({ method: "POST", ...GROUP }), true);
    await handoff.takesOver(GROUP.id, a, never);
    assert.equal(handoff.concerns({ method: "POST", ...GROUP }), isConcerned);
    stop.abort();
    await running;
  });
}

for (
  const [what, locks, isHeldUp] of [
    ["for which no lock could be had holds up what is announced", locksThat("unavailable"), true],
    ["under its lock holds up nothing", locksThat(), false],
  ] as const
) {
  Deno.test(`a push ${what}`, { permissions: "none" }, async () => {
    const texts: string[] = [];
    const announce = (text: string) => void texts.push(text);
    const handoff = instance(ringOf(b), { others: ringOf(a), locks, announce });
    const [sent, answer] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const pushing = handoff.handle({
      method: "PUT",
      ...GROUP,
      types: () => new Map(),
      async deliver() {
        sent.resolve();
        await answer.promise;
        return { answer: "taken", taken: b };
      },
    }, never);
    await sent.promise;
    handoff.ringChanged(ringOf(a, b));
    const goesBy = () => [...readAnnounced(texts.at(-1) ?? "").weights.keys()];
    assert.deepEqual(goesBy(), isHeldUp ? [b] : [a, b]);
    answer.resolve();
    await pushing;
    assert.deepEqual(goesBy(), [a, b]);
  });
}

for (const [othersHeard, unconfirmed] of [["ours", 0], ["nobody", 1]] as const) {
  Deno.test(
    `of two instances ${unconfirmed} hold up the other where one has heard of ${othersHeard}`,
    { permissions: "none" },
    async () => {
      const metrics = createMetrics(BUILD);
      instance(ringOf(a), { others: ringOf(a), othersHeard, metrics });
      assert.deepEqual(await samples(metrics, "instances"), { "": 2 });
      assert.deepEqual(await samples(metrics, "instances_unconfirmed"), { "": unconfirmed });
    },
  );
}

Deno.test(
  "a push whose group is marked as partial is counted",
  { permissions: "none" },
  async () => {
    const metrics = createMetrics(BUILD);
    const handoff = instance(ringOf(a), { metrics });
    assert.deepEqual(await samples(metrics, "handoff_partial_pushes_total"), { "": 0 });
    await handoff.takesOver(GROUP.id, a, never);
    assert.deepEqual(await samples(metrics, "handoff_partial_pushes_total"), { "": 1 });
  },
);
