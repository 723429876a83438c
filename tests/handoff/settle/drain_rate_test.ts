/** How fast a drain goes, told by looks a second apart, whoever does the work. */

import assert from "node:assert/strict";
import fc from "fast-check";
import type { DrainProgress } from "../../../src/handoff/settle/drain.ts";
import {
  createDrainRate,
  groupsByState,
  secondsLeft,
} from "../../../src/handoff/settle/drain_rate.ts";

const permissions = "none";

/** The rate after looks a second apart, of which each finds so many groups moved. */
function rateAfter(moved: readonly number[]): number | undefined {
  const rate = createDrainRate();
  moved.forEach((groups, second) => rate.note(groups, second * 1_000));
  return rate.at((moved.length - 1) * 1_000);
}

function progressOf(own: Partial<Omit<DrainProgress, "staying">> & { staying?: number }) {
  const ids = Array.from({ length: own.staying ?? 0 }, (_, i) => `/metrics/job/j${i}`);
  const staying = new Map(ids.map((id) => [id, "busy"]));
  return { groups: 0, moved: 0, early: 0, ...own, staying };
}

const evenly = (seconds: number, a: number) => Array.from({ length: seconds }, (_, i) => i * a);
/** Found by reads five seconds apart. */
const inSteps = (seconds: number, a: number) =>
  evenly(seconds, a).map((_, i) => Math.floor(i / 5) * 5 * a);

const RATES: readonly [why: string, moved: readonly number[], rate: number | undefined][] = [
  ["nothing was looked at", [], undefined],
  ["there was one look", [7], undefined],
  ["nothing has moved yet", [0, 0, 0, 0], undefined],
  ["there were the first, small batches only", [0, 8, 40], undefined],
  ["groups move evenly", evenly(60, 80), 80],
  ["another instance moves them, and reads tell of it", inSteps(61, 80), 80],
  ["the next read has not come yet", inSteps(64, 80), 80],
  ["one group moves in eight seconds", evenly(81, 0.125).map(Math.floor), 0.125],
  ["it was fast before, and is slow now", [
    ...evenly(60, 80),
    ...evenly(40, 2).map((n) => n + 4_720),
  ], 2],
  ["a batch is late, and it falls", [0, 0, 0, 0, ...Array<number>(7).fill(100)], 16.7],
  ["nothing has moved for long", [0, ...Array<number>(70).fill(100)], 0],
  ["groups have come back", [...evenly(20, 50), 3], undefined],
];
for (const [why, moved, expected] of RATES) {
  Deno.test(`a drain's rate is ${expected ?? "not known"} where ${why}`, { permissions }, () => {
    assert.equal(rateAfter(moved), expected);
  });
}

Deno.test("a drain's rate and time are plain numbers or absent, whatever the looks find", {
  permissions,
}, () => {
  const count = fc.nat(200_000);
  const look = fc.record({ afterMs: fc.integer({ min: -1_000, max: 120_000 }), moved: count });
  const rest = { groups: count, early: count, staying: fc.nat(5) };
  fc.assert(fc.property(fc.array(look), fc.record(rest), (looks, rest) => {
    const rate = createDrainRate();
    let nowMs = 0;
    for (const { afterMs, moved } of looks) {
      nowMs += afterMs;
      rate.note(moved, nowMs);
      const progress = progressOf({ ...rest, moved });
      const figures = [rate.at(nowMs), secondsLeft(progress, rate.at(nowMs))];
      for (const figure of figures) {
        assert(figure === undefined || (Number.isFinite(figure) && figure >= 0), `${figure}`);
      }
    }
  }));
});

Deno.test("each group of a drain is in one state, also where looks at them are out of date", {
  permissions,
}, () => {
  const { groups, ...rest } = { groups: 100, moved: 60, early: 3, staying: 2 };
  assert.deepEqual(groupsByState(progressOf({ groups, ...rest })), {
    ...{ moved: 60, left: 35, early: 3, staying: 2 },
  });
  const outrun = progressOf({ groups, moved: 96, early: 3, staying: 2 });
  assert.deepEqual(groupsByState(outrun), { moved: 96, left: 0, early: 2, staying: 2 });
});

const LEFT: readonly [
  why: string,
  progress: Parameters<typeof progressOf>[0],
  rate: number | undefined,
  seconds: number | undefined,
][] = [
  ["is known by the rate", { groups: 1_000, moved: 200 }, 80, 10],
  ["is rounded up", { groups: 1_000, moved: 999 }, 80, 1],
  ["leaves out groups that cannot be moved", { groups: 1_000, moved: 100, staying: 100 }, 80, 10],
  ["counts those that others may push to still", { groups: 800, early: 800 }, 80, 10],
  ["is not known without a rate", { groups: 1_000 }, undefined, undefined],
  ["is not known while nothing moves", { groups: 1_000 }, 0, undefined],
  [
    "is not known where only such are left as cannot be moved",
    {
      ...{ groups: 9, moved: 8, staying: 1 },
    },
    80,
    undefined,
  ],
  ["is none where all are moved", { groups: 9, moved: 9 }, 80, 0],
  ["is none where there were no groups", { groups: 0 }, undefined, 0],
];
for (const [why, progress, rate, seconds] of LEFT) {
  Deno.test(`the time that a drain takes still ${why}`, { permissions }, () => {
    assert.equal(secondsLeft(progressOf(progress), rate), seconds);
  });
}
